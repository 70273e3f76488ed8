// What becomes of SYNs that open a four-tuple again, or carry data: when it says something of the
// peer.
#include <gtest/gtest.h>

#include <optional>

#include "stack/verdict/exchanges.hpp"
#include "stack/verdict/syn_outcomes.hpp"
#include "tests/unit/verdict_scene.hpp"

namespace conker {
namespace {

using verdict::Broken;
using verdict::Exchanges;
using verdict::Patience;
using verdict::Rule;
using verdict::Segment;
using verdict::SynOutcomes;
using Kind = SynOutcomes::Kind;
using Outcome = SynOutcomes::Outcome;

class VerdictSynOutcomesTest : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kTold = 3;

  /// Whether a rule is told within so many.
  bool told(Kind kind, Outcome outcome, std::uint32_t times) {
    bool told = false;
    for (; times != 0; --times)
      told = outcomes_.add(kind, outcome, outcomes_.opened()).has_value() || told;
    return told;
  }
  bool refused(std::uint32_t times) { return told(Kind::kAgain, Outcome::kRefused, times); }
  void opened(std::uint32_t times) { EXPECT_FALSE(told(Kind::kFresh, Outcome::kOpened, times)); }

  SynOutcomes outcomes_{kTold};
};

TEST_F(VerdictSynOutcomesTest, OneMayBeChance) {
  EXPECT_FALSE(refused(kTold - 1));
  opened(100);
  EXPECT_TRUE(refused(1));
  EXPECT_FALSE(refused(100)) << "it is told once";
}

TEST_F(VerdictSynOutcomesTest, EachOutcomeHasItsRule) {
  for (const auto& [outcome, rule] : {std::pair{Outcome::kRefused, Rule::kReopenRefused},
                                      std::pair{Outcome::kUnanswered, Rule::kReopenUnanswered},
                                      std::pair{Outcome::kKept, Rule::kReopenKept}}) {
    EXPECT_FALSE(told(Kind::kAgain, outcome, kTold));
    opened(kTold);
    const std::optional<Broken> broken = outcomes_.add(Kind::kAgain, outcome, 0);
    ASSERT_TRUE(broken);
    EXPECT_EQ(broken->rule, rule);
    EXPECT_EQ(broken->seen, kTold + 1);
  }
}

TEST_F(VerdictSynOutcomesTest, DataHasRulesOfItsOwn) {
  opened(1);
  for (const auto& [outcome, rule] : {std::pair{Outcome::kRefused, Rule::kSynDataRefused},
                                      std::pair{Outcome::kUnanswered, Rule::kSynDataUnanswered}}) {
    EXPECT_FALSE(told(Kind::kAgain, outcome, kTold - 1)) << "they do not count for it";
    EXPECT_FALSE(told(Kind::kWithData, outcome, kTold));
    opened(kTold);
    const std::optional<Broken> broken = outcomes_.add(Kind::kWithData, outcome, 0);
    ASSERT_TRUE(broken);
    EXPECT_EQ(broken->rule, rule);
    EXPECT_EQ(broken->seen, kTold + 1);
  }
  EXPECT_FALSE(told(Kind::kWithData, Outcome::kKept, 100)) << "of a connection before";
}

TEST_F(VerdictSynOutcomesTest, FreshOnesMustHaveBeenOpenedMeanwhile) {
  opened(100);
  EXPECT_FALSE(refused(100)) << "the peer may be short of room by now";
}

TEST_F(VerdictSynOutcomesTest, ASilenceIsKnownOnlyWhenTheFreshOnesAreOver) {
  opened(kTold);
  for (std::uint32_t n = 1; n < kTold; ++n)
    EXPECT_FALSE(outcomes_.add(Kind::kAgain, Outcome::kUnanswered, 0));
  EXPECT_TRUE(outcomes_.add(Kind::kAgain, Outcome::kUnanswered, 0));
}

TEST_F(VerdictSynOutcomesTest, APeerThatRefusesFreshOnesToo) {
  EXPECT_FALSE(told(Kind::kFresh, Outcome::kRefused, 1));
  opened(100);
  EXPECT_FALSE(refused(100));
  opened(100);
  EXPECT_FALSE(refused(100));
  EXPECT_FALSE(told(Kind::kAgain, Outcome::kUnanswered, 1));
  opened(100);
  EXPECT_TRUE(told(Kind::kAgain, Outcome::kUnanswered, kTold)) << "but it answers all";
}

TEST_F(VerdictSynOutcomesTest, ThoseThatSayLessDoNotCount) {
  EXPECT_FALSE(told(Kind::kOther, Outcome::kRefused, 100));
  opened(100);
  EXPECT_FALSE(told(Kind::kOther, Outcome::kRefused, 100));
}

// ---- On the wire ----

/// A is us, B the peer: connections from A that open and close, and are opened again.
class VerdictReopenedTest : public ::testing::Test, protected test::VerdictScene {
 protected:
  static constexpr std::uint32_t kTold = 2;
  enum class Last { kNothing, kRefused, kUnanswered, kKept };

  /// The rule that a segment breaks, ours by what follows it.
  void send(const Segment& segment) {
    if (const auto broken = exchanges_.on_sent(moved(segment, true), now_ += 1ms).broken)
      found_ = broken->rule;
  }
  void receive(const Segment& segment) {
    if (const auto broken = exchanges_.on_received(moved(segment, false), now_ += 1ms).broken)
      found_ = broken->rule;
  }
  /// A connection of this port, with its numbers `offset` on, from SYN to the last ACK.
  void whole(std::uint16_t port, std::uint32_t offset) {
    port_ = port;
    offset_ = offset;
    send(syn());
    receive(syn_ack());
    send(a(kAck, 1, 1));
    receive(b(kAck | kFin, 1, 1));
    send(a(kAck | kFin, 1, 2));
    receive(b(kAck, 2, 2));
  }
  /// The SYN that opens it again.
  void again(std::int32_t ahead, Last last) {
    const Segment old = moved(b(kAck, 2, 2), false);
    offset_ += static_cast<std::uint32_t>(ahead);
    send(syn());
    if (last == Last::kRefused) receive(b(kRst | kAck, 0, 1));
    if (last == Last::kNothing) receive(syn_ack());
    if (last == Last::kUnanswered) {
      now_ += 1s;
      send(syn());
    }
    for (int n = 0; last == Last::kKept && n < 2; ++n) {
      (void)exchanges_.on_received(old, now_ += 1ms);
      send(a(kRst, 2, 0));
      send(syn());
      if (const auto broken = exchanges_.on_received(old, now_ += 1ms).broken)
        found_ = broken->rule;
    }
  }
  /// What is found where the SYNs of connections that have ended all fare so, and others well.
  std::optional<Rule> found_when(Last last, std::int32_t ahead = 1000) {
    for (std::uint16_t port = 1; port <= 2 * kTold; ++port) {
      whole(port, 0);
      again(ahead, last);
    }
    return found_;
  }

  std::optional<Rule> found_;

 private:
  Segment moved(Segment segment, bool ours) const {
    (ours ? segment.source : segment.destination).port = Port{port_};
    (ours ? segment.seq : segment.ack) += offset_;
    return segment;
  }

  Exchanges exchanges_{kB, 64, Patience{.syns = kTold}};
  Instant now_{10s};
  std::uint16_t port_ = 0;
  std::uint32_t offset_ = 0;
};

TEST_F(VerdictReopenedTest, OpenedAgain) {
  EXPECT_EQ(found_when(Last::kNothing), std::nullopt);
}

TEST_F(VerdictReopenedTest, Refused) {
  EXPECT_EQ(found_when(Last::kRefused), Rule::kReopenRefused);
}

TEST_F(VerdictReopenedTest, Unanswered) {
  EXPECT_EQ(found_when(Last::kUnanswered), Rule::kReopenUnanswered);
}

TEST_F(VerdictReopenedTest, Kept) {
  EXPECT_EQ(found_when(Last::kKept), Rule::kReopenKept);
}

TEST_F(VerdictReopenedTest, AnOlderNumberMayBeRefused) {
  for (const Last last : {Last::kRefused, Last::kUnanswered, Last::kKept})
    EXPECT_EQ(found_when(last, -1000), std::nullopt);
}

TEST_F(VerdictReopenedTest, AConnectionThatWasResetMayBeHeld) {
  for (std::uint16_t port = 1; port <= 2 * kTold; ++port) {
    whole(port, 0);
    send(a(kRst, 2, 0));
    again(1000, Last::kRefused);
  }
  EXPECT_EQ(found_, std::nullopt);
}

}  // namespace
}  // namespace conker
