// What is told of a strike while it runs, and how much of it fits.
#include "ctl/progress_line.hpp"

#include <gtest/gtest.h>

namespace conker::ctl {
namespace {

Progress at(Duration elapsed, std::uint64_t completed, std::uint64_t failed = 0,
            std::uint64_t findings = 0) {
  Progress progress;
  progress.so_far = {completed + failed + 4, completed, failed, 4, elapsed};
  progress.findings = findings;
  return progress;
}

std::string text_of(const std::vector<ProgressPart>& parts, std::size_t width) {
  std::string text;
  for (std::size_t i = 0; i < parts_that_fit(parts, width); ++i)
    text += (i == 0 ? "" : "  ") + parts[i].text;
  return text;
}

TEST(CtlProgressLine, HasTheNumberThatMattersFirst) {
  const auto parts = progress_parts(at(10s, 5'000), 1234.4, 20'000, {});
  EXPECT_EQ(text_of(parts, 200),
            "1,234/s  25%, 30.0 s left  5,000 cycles  4 in flight  after 10.0 s");
}

TEST(CtlProgressLine, TellsWhatIsWrongBeforeWhatIsDone) {
  const auto parts = progress_parts(at(10s, 5'000, 3, 1), 500, {}, {});
  EXPECT_EQ(text_of(parts, 200),
            "500/s  1 rule broken  3 failed  5,000 cycles  4 in flight  after 10.0 s");
  EXPECT_TRUE(parts[1].bad && parts[2].bad);
  EXPECT_EQ(progress_parts(at(1s, 1, 0, 2), 1, {}, {})[1].text, "2 rules broken");
}

TEST(CtlProgressLine, LeavesOutWhatDoesNotFit) {
  const auto parts = progress_parts(at(30s, 5'000, 3, 2), 500, {}, Duration(60s));
  EXPECT_EQ(text_of(parts, 40), "500/s  2 rules broken  3 failed");
  EXPECT_EQ(text_of(parts, 49), "500/s  2 rules broken  3 failed  50%, 30.0 s left");
  EXPECT_EQ(text_of(parts, 3), "500/s") << "at least one, wherever that ends";
}

TEST(CtlProgressLine, DoesNotPromiseWhatItCannotKnow) {
  EXPECT_EQ(progress_parts(at(0s, 0), 0, 100, {})[1].text, "0 cycles") << "nothing is done yet";
  EXPECT_EQ(progress_parts(at(70s, 9), 0, {}, Duration(60s))[1].text, "100%, 0 us left")
      << "what was in flight takes longer";
}

}  // namespace
}  // namespace conker::ctl
