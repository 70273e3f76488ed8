// What a peer may make of data in a SYN, and what it may not: the data is 9 bytes.
#include <gtest/gtest.h>

#include <optional>

#include "tests/unit/verdict_exchanges_scene.hpp"

namespace conker {
namespace {

using verdict::Exchanges;
using verdict::Patience;
using verdict::Rule;
using verdict::Segment;

/// A is us, B the peer that is judged.
class VerdictSynDataTest : public ::testing::Test, protected test::VerdictExchangesScene {
 protected:
  VerdictSynDataTest() : VerdictExchangesScene(64) {}

  Segment syn_with_data() {
    Segment segment = syn();
    segment.data = a(kAck, 1, 1, 9).data;
    return segment;
  }
  Segment syn_ack_of(std::uint32_t ack) {
    Segment segment = syn_ack();
    segment.ack = kIssA + ack;
    return segment;
  }
  /// The rule that a segment of the peer breaks by itself.
  std::optional<Rule> breaks(const Segment& segment) {
    const auto finding = sent(segment);
    return finding ? std::optional(finding->rule) : std::nullopt;
  }
};

// ---- Numbers (conversation.hpp) ----

TEST_F(VerdictSynDataTest, TheSynAckMayAcknowledgeItOrAPartOfItOrTheSynAlone) {
  for (const std::uint32_t ack : {1u, 4u, 10u}) {
    judge = verdict::Conversations(contents);
    (void)say(syn_with_data());
    EXPECT_EQ(breaks(syn_ack_of(ack)), std::nullopt) << ack;
    EXPECT_EQ(breaks(syn_ack_of(ack)), std::nullopt) << "again";
    arrives(syn_ack_of(ack));
    (void)say(a(kAck, 1, 1));
    EXPECT_EQ(breaks(b(kAck, 1, 10)), std::nullopt) << "it was kept until then";
    EXPECT_EQ(breaks(b(kAck, 1, 11)), Rule::kAckOfTheUnsent);
  }
}

TEST_F(VerdictSynDataTest, TheSynAckAcknowledgesMoreOrLess) {
  for (const std::uint32_t ack : {0u, 11u}) {
    judge = verdict::Conversations(contents);
    (void)say(syn_with_data());
    EXPECT_EQ(breaks(syn_ack_of(ack)), Rule::kSynAckOfNoSyn) << ack;
  }
}

TEST_F(VerdictSynDataTest, WhatWasTakenMayBeAnsweredAtOnce) {
  (void)say(syn_with_data());
  EXPECT_FALSE(sent(syn_ack_of(10)));
  EXPECT_FALSE(sent(b(kAck, 1, 10, 100)));
  EXPECT_EQ(breaks(b(kAck, kWindow, 10, 100)), Rule::kSequenceGap);
  for (std::uint32_t at = 101; at <= kWindow - 99; at += 100)
    EXPECT_FALSE(sent(b(kAck, at, 10, 100)));
  EXPECT_EQ(breaks(b(kAck, kWindow + 1, 10, 100)), Rule::kDataBeyondWindow);
}

TEST_F(VerdictSynDataTest, WhatWasNotTakenIsNotAnswered) {
  (void)say(syn_with_data());
  EXPECT_FALSE(sent(syn_ack_of(1)));
  EXPECT_EQ(breaks(b(kAck, 1, 1, 100)), Rule::kDataBeforeWindow);
}

TEST_F(VerdictSynDataTest, WhoTakesItMayRoundItsWindowUpAndDown) {
  scale = 3;
  const auto with = [this](std::uint16_t window) {
    Segment segment = b(kAck, 1, 10);
    segment.window = window;
    return segment;
  };
  for (const bool taken : {true, false}) {
    judge = verdict::Conversations(contents);
    (void)say(syn_with_data());
    (void)sent(syn_ack_of(taken ? 10 : 1));
    (void)say(a(kAck, 1, 1, 9));
    EXPECT_FALSE(sent(with(kWindow)));
    EXPECT_EQ(breaks(with(kWindow - 1)),
              taken ? std::nullopt : std::optional(Rule::kWindowShrinks));
    EXPECT_EQ(breaks(with(kWindow - 2)), Rule::kWindowShrinks);
  }
}

// ---- Answers (exchanges.hpp) ----

TEST_F(VerdictSynDataTest, WhatWasNotTakenIsSentForTheFirstTimeAfterIt) {
  send(0ms, syn_with_data());
  fine(1ms, syn_ack_of(1));
  send(600ms, a(kAck, 1, 1, 9));
  fine(601ms, b(kAck, 1, 10));
}

TEST_F(VerdictSynDataTest, WhatWasTakenIsNotAwaitedAgain) {
  send(0ms, syn_with_data());
  fine(1ms, syn_ack_of(10));
  send(2ms, a(kAck, 1, 1, 9));
  send(700ms, a(kAck | kFin, 10, 1));
  fine(701ms, b(kAck, 1, 11));
  fine(702ms, b(kAck | kFin, 1, 11));
}

TEST_F(VerdictSynDataTest, WhatWasKeptIsAcknowledgedOnceEstablished) {
  send(0ms, syn_with_data());
  fine(1ms, syn_ack_of(1));
  send(2ms, a(kAck, 1, 1));
  fine(3ms, b(kAck, 1, 10));
  send(4ms, a(kAck, 1, 1, 9));
  fine(5ms, b(kAck, 1, 10));
}

TEST_F(VerdictSynDataTest, ARefusalMayAcknowledgeIt) {
  for (const std::uint32_t ack : {1u, 10u}) {
    send(Duration(ack), syn_with_data());
    fine(Duration(ack), b(kRst | kAck, 0, ack));
  }
}

/// What is found where SYNs with data fare so, and as many without are opened.
std::optional<Rule> found_when(bool refused, Segment with_data, Segment refusal, Segment without,
                               Segment opened) {
  Exchanges exchanges(test::VerdictScene::kB, 64, Patience{.syns = 2});
  Instant now{10s};
  std::optional<Rule> found;
  const auto look = [&found](const auto& broken) {
    if (broken) found = broken->rule;
  };
  for (std::uint16_t port = 1; port < 10; port += 2) {
    with_data.source.port = refusal.destination.port = Port{port};
    without.source.port = opened.destination.port = Port{static_cast<std::uint16_t>(port + 1)};
    look(exchanges.on_sent(without, now).broken);
    look(exchanges.on_received(opened, now += 1ms).broken);
    look(exchanges.on_sent(with_data, now).broken);
    if (refused)
      look(exchanges.on_received(refusal, now += 1ms).broken);
    else
      look(exchanges.on_sent(with_data, now += 1s).broken);
  }
  return found;
}

TEST_F(VerdictSynDataTest, RefusedOrUnanswered) {
  const Segment refusal = b(kRst | kAck, 0, 10);
  EXPECT_EQ(found_when(true, syn_with_data(), refusal, syn(), syn_ack()), Rule::kSynDataRefused);
  EXPECT_EQ(found_when(false, syn_with_data(), refusal, syn(), syn_ack()),
            Rule::kSynDataUnanswered);
}

TEST_F(VerdictSynDataTest, OthersAreRefusedToo) {
  EXPECT_EQ(found_when(true, syn_with_data(), b(kRst | kAck, 0, 10), syn(), b(kRst | kAck, 0, 1)),
            std::nullopt);
}

}  // namespace
}  // namespace conker
