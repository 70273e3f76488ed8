// Payloads that the peer must answer before a cycle closes: a script speaks for the peer.
#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "stack/strike/payloads.hpp"
#include "tests/unit/strike_scene.hpp"

namespace conker::test {
namespace {

constexpr std::uint32_t kPayloadBytes = 100;
using Close = StrikeRequest::Close;
using Kind = Payloads::Difference::Kind;

std::string payload_text(std::uint64_t cycle = 1) {
  std::string text;
  for (const std::byte byte : Payloads::payload_of(cycle, kPayloadBytes))
    text.push_back(static_cast<char>(byte));
  return text;
}

class StrikePayloadsTest : public StrikeScene, public Payloads::Sink {
 protected:
  /// The last ACKs are of no interest.
  void TearDown() override { s_.forget(); }

  static StrikeRequest request_of(Close way, Expect expect) {
    StrikeRequest request = one_cycle(way);
    request.expect = expect;
    request.payload = Payloads::payload_of(1, kPayloadBytes);
    return request;
  }
  /// Begins a strike of one cycle, up to the handshake.
  void begun(Close way, Expect expect) {
    payloads_.emplace(s_.stack(), places_, expect, kPayloadBytes, *this);
    strike_.emplace(s_.stack(), slots_, kStriker, nullptr, nullptr, &*payloads_);
    begin(request_of(way, expect));
  }
  /// The same, up to the payload.
  void said(Close way, Expect expect) {
    begun(way, expect);
    s_.inject(SynAck());
    s_.expect(Ack().seq(1).ack(1));
    turn();
    turn();
    s_.expect(Data(payload_text()).seq(1).ack(1));
  }
  /// Lets the ACK of data pass, and expects our FIN.
  void expect_fin() {
    turn();
    turn();
    auto sent = s_.take_all();
    ASSERT_FALSE(sent.empty());
    EXPECT_TRUE((sent.back().flags & kFin) != 0) << "the last segment is our FIN";
  }
  void on_difference(const Payloads::Difference& difference) override {
    told_.push_back(difference);
  }

  std::vector<Payloads::Place> places_ = std::vector<Payloads::Place>(1);
  std::optional<Payloads> payloads_;
  std::vector<Payloads::Difference> told_;
};

TEST_F(StrikePayloadsTest, CyclesHaveBytesOfTheirOwn) {
  std::set<std::string> seen;
  for (std::uint64_t cycle = 1; cycle <= 20'000; ++cycle) seen.insert(payload_text(cycle));
  EXPECT_EQ(seen.size(), 20'000u);
  EXPECT_EQ(Payloads::payload_of(UINT64_MAX, Payloads::kMaxBytes).size(), Payloads::kMaxBytes);
}

TEST_F(StrikePayloadsTest, TheEchoComesBeforeTheFin) {
  said(Close::kFin, Expect::kEcho);
  s_.inject(Data(payload_text().substr(0, 60)));
  turn();
  for (const Segment& sent : s_.take_all()) EXPECT_EQ(sent.flags & kFin, 0);
  s_.inject(Data(payload_text().substr(60)));
  expect_fin();
  s_.inject(Fin());
  EXPECT_EQ(end().closed, 1u);
  EXPECT_TRUE(told_.empty());
  EXPECT_EQ(payloads_->counts().sent, kPayloadBytes);
  EXPECT_EQ(payloads_->counts().received, kPayloadBytes);
  EXPECT_EQ(payloads_->counts().answered, 1u);
}

TEST_F(StrikePayloadsTest, AWrongByteIsToldWithItsOffset) {
  said(Close::kFin, Expect::kEcho);
  std::string wrong = payload_text();
  s_.inject(Data(wrong.substr(0, 60)));
  wrong[77] = static_cast<char>(wrong[77] ^ 1);
  wrong[90] = static_cast<char>(wrong[90] ^ 1);
  s_.inject(Data(wrong.substr(60)));
  ASSERT_EQ(told_.size(), 1u);
  EXPECT_EQ(told_[0].kind, Kind::kByte);
  EXPECT_EQ(told_[0].cycle, 1u);
  EXPECT_EQ(told_[0].offset, 77u);
  EXPECT_EQ(told_[0].expected, static_cast<unsigned char>(payload_text()[77]));
  EXPECT_EQ(told_[0].seen, told_[0].expected ^ 1);
  expect_fin();
  s_.inject(Fin());
  EXPECT_EQ(end().closed, 1u);
  EXPECT_EQ(payloads_->counts().differing, 1u);
}

TEST_F(StrikePayloadsTest, MoreThanWasSentIsTold) {
  said(Close::kFin, Expect::kEcho);
  s_.inject(Data(payload_text() + "x"));
  ASSERT_EQ(told_.size(), 1u);
  EXPECT_EQ(told_[0].kind, Kind::kMore);
  EXPECT_EQ(told_[0].expected, kPayloadBytes);
  EXPECT_EQ(told_[0].seen, kPayloadBytes + 1);
}

TEST_F(StrikePayloadsTest, MoreAfterOurHalfCloseIsTold) {
  said(Close::kHalfClose, Expect::kEcho);
  s_.inject(Data(payload_text()));
  expect_fin();
  s_.inject(Data("again"));
  ASSERT_EQ(told_.size(), 1u);
  EXPECT_EQ(told_[0].kind, Kind::kMore);
}

TEST_F(StrikePayloadsTest, AFinBeforeTheEndOfTheEchoIsTold) {
  said(Close::kFin, Expect::kEcho);
  s_.inject(Data(payload_text().substr(0, 60)).also(kFin));
  ASSERT_EQ(told_.size(), 1u);
  EXPECT_EQ(told_[0].kind, Kind::kLess);
  EXPECT_EQ(told_[0].offset, 60u);
  expect_fin();
  s_.inject(Ack());
  EXPECT_EQ(end().closed, 1u);
}

TEST_F(StrikePayloadsTest, APeerThatClosesAtOnceEchoesNothing) {
  begun(Close::kFin, Expect::kEcho);
  s_.inject({SynAck(), Fin()});
  turn();
  turn();
  ASSERT_EQ(told_.size(), 1u);
  EXPECT_EQ(told_[0].kind, Kind::kLess);
  EXPECT_EQ(told_[0].offset, 0u);
}

TEST_F(StrikePayloadsTest, AnEchoThatDoesNotComeIsAFailure) {
  said(Close::kFin, Expect::kEcho);
  s_.inject(Data(payload_text().substr(0, 99)));
  s_.advance(5s);
  turn();
  turn();
  const StrikeReport report = end();
  EXPECT_EQ(report.count(StrikeFailure::kPayloadUnanswered), 1u);
  EXPECT_EQ(report.timed_out(), 1u);
  EXPECT_TRUE(told_.empty());
}

TEST_F(StrikePayloadsTest, WhatIsDiscardedIsAcknowledgedBeforeTheFin) {
  said(Close::kFin, Expect::kDiscard);
  s_.advance(10ms);
  turn();
  s_.expect_nothing();
  s_.inject(Ack());
  s_.advance(2ms);
  expect_fin();
  s_.inject(Fin());
  EXPECT_EQ(end().closed, 1u);
}

TEST_F(StrikePayloadsTest, APeerThatIsToCloseByItselfDoesSoAfterThePayload) {
  said(Close::kPeerFirst, Expect::kClose);
  s_.inject(Ack());
  s_.advance(10ms);
  turn();
  s_.expect_nothing();
  s_.inject(Fin());
  s_.advance(2ms);
  expect_fin();
  s_.inject(Ack());
  EXPECT_EQ(end().closed, 1u);
}

TEST_F(StrikePayloadsTest, APeerThatDoesNotCloseByItselfFails) {
  said(Close::kPeerFirst, Expect::kClose);
  s_.inject(Ack());
  s_.advance(6s);
  turn();
  turn();
  EXPECT_EQ(end().count(StrikeFailure::kPayloadUnanswered), 1u);
}

TEST_F(StrikePayloadsTest, WaysThatHaveNoRoomForItAreRefused) {
  for (std::size_t i = 0; i < kWaysToClose; ++i) {
    const auto way = static_cast<Close>(i);
    const bool in_order = way == Close::kFin || way == Close::kFinLate ||
                          way == Close::kHalfClose || way == Close::kDataFin ||
                          way == Close::kPeerFirst || way == Close::kReopen ||
                          way == Close::kAckSilence;
    EXPECT_TRUE(fits(Expect::kNothing, way));
    EXPECT_EQ(fits(Expect::kEcho, way), in_order);
    EXPECT_EQ(fits(Expect::kDiscard, way), in_order);
    EXPECT_EQ(fits(Expect::kClose, way), way == Close::kPeerFirst || way == Close::kReopen);
  }
  payloads_.emplace(s_.stack(), places_, Expect::kEcho, kPayloadBytes, *this);
  Strike without(s_.stack(), slots_, kStriker),
      with(s_.stack(), slots_, kStriker, nullptr, nullptr, &*payloads_);
  EXPECT_EQ(without.start(request_of(Close::kFin, Expect::kEcho)), Error::kInvalidArgument);
  EXPECT_EQ(with.start(request_of(Close::kReset, Expect::kEcho)), Error::kInvalidArgument);
  EXPECT_EQ(with.start(request_of(Close::kFin, Expect::kEcho)), Error::kOk);
}

}  // namespace
}  // namespace conker::test
