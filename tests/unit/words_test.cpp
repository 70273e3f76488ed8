// to_string() of states, reasons, causes and errors: every value has a text of its own, and no two
// are alike.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "stack/base/result.hpp"
#include "stack/net/addresses.hpp"
#include "stack/tcp/types.hpp"

namespace conker {
namespace {

/// The texts of all values from the first to `last`; the next value has none.
template <typename Value>
void expect_words(Value last, const std::string& for_others) {
  std::set<std::string> words;
  const auto end = static_cast<unsigned>(last) + 1;
  for (unsigned value = 0; value < end; ++value) {
    const std::string word = to_string(static_cast<Value>(value));
    EXPECT_FALSE(word.empty());
    EXPECT_NE(word, for_others) << "value " << value;
    EXPECT_TRUE(words.insert(word).second) << word << " stands for two";
  }
  EXPECT_EQ(to_string(static_cast<Value>(end)), for_others) << "the last value has a successor";
}

TEST(WordsTest, StatesHaveTheirRfcNames) {
  expect_words(State::kDestroy, "?");
  EXPECT_STREQ(to_string(State::kFinWait2), "FIN-WAIT-2");
}

TEST(WordsTest, CloseReasonsHaveTexts) {
  expect_words(CloseReason::kNoResources, "?");
}

TEST(WordsTest, CausesOfTransitionsHaveTexts) {
  expect_words(Cause::kPoolExhausted, "?");
}

TEST(WordsTest, ErrorsHaveTexts) {
  expect_words(Error::kNotSent, "unknown error");
}

TEST(WordsTest, AddressStatesHaveTexts) {
  expect_words(AddressState::kDuplicate, "unknown");
}

TEST(WordsTest, CongestionAlgorithmsHaveTexts) {
  EXPECT_STREQ(to_string(CongestionAlgorithm::kNewReno), "newreno");
  EXPECT_STREQ(to_string(CongestionAlgorithm::kCubic), "cubic");
}

}  // namespace
}  // namespace conker
