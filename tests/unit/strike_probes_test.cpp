// The ways to close that provoke the peer: what each puts on the wire, and when it does not.
#include <array>
#include <string>
#include <vector>

#include "stack/strike/probes.hpp"
#include "tests/unit/strike_scene.hpp"

namespace conker::test {
namespace {

constexpr std::string_view kText = "abcde";

class StrikeProbesTest : public StrikeScene {
 protected:
  StrikeProbesTest() { strike_.emplace(s_.stack(), slots_, kStriker, nullptr, &probes_); }

  /// Begins a strike of one cycle, up to the last ACK of the handshake. The peer's windows are
  /// scaled by 4.
  void established(Close way) {
    StrikeRequest request = one_cycle(way);
    request.payload = std::as_bytes(std::span(kText));
    begin(request);
    s_.inject(SynAck().win(1000).wscale(4));
    s_.expect(Ack().seq(1).ack(1));
  }
  /// The peer acknowledges what it is greeted with.
  void greeted(Close way) {
    established(way);
    held();
    s_.expect(Data("abcde").seq(1));
    s_.inject(Ack().ack(6).win(1000 >> 4));
    s_.expect_nothing();
  }
  /// The turn after the next hold.
  void held() {
    EXPECT_EQ(strike_->next_deadline(), s_.now() + 50ms);
    s_.advance(50ms);
    turn();
  }
  /// The peer has the connection, which is closed in order.
  void alive_and_closed() {
    held();
    s_.expect(Ack().seq(5).ack(1));
    s_.inject(Ack().seq(1).ack(6));
    held();
    s_.expect(Fin().seq(6).ack(1));
    s_.inject(Fin().seq(1).ack(7));
    s_.expect(Ack().seq(7).ack(2));
    EXPECT_EQ(end().closed, 1u);
  }

  Probes probes_{s_.stack()};
};

TEST_F(StrikeProbesTest, ResetsOutsideOfTheWindow) {
  greeted(Close::kResetOutside);
  held();
  s_.expect(Rst().seq(6 - 2));
  s_.expect(Rst().seq(6 + (65536 << 4)));
  alive_and_closed();
}

TEST_F(StrikeProbesTest, AResetWithinTheWindow) {
  greeted(Close::kResetInside);
  held();
  s_.expect(Rst().seq(6 + 992 / 2));
  alive_and_closed();
}

TEST_F(StrikeProbesTest, ASynWithinTheWindow) {
  greeted(Close::kSynInside);
  held();
  const auto frames = s_.take_frames();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].flags, kSyn);
  EXPECT_EQ(frames[0].seq, *s_.flow().iss + 6 + 992 / 2);
  s_.inject(Ack().seq(1).ack(6));
  alive_and_closed();
}

TEST_F(StrikeProbesTest, AnAckOfWhatThePeerHasNotSent) {
  greeted(Close::kAckBeyond);
  held();
  s_.expect(Ack().seq(6).ack(1 + Probes::kBeyond));
  alive_and_closed();
}

TEST_F(StrikeProbesTest, AFinBeforeItsData) {
  established(Close::kFinEarly);
  held();
  s_.expect(Fin().seq(4).ack(1).carrying("de"));
  s_.inject(Ack().ack(1).sack({{4, 7}}));
  held();
  s_.expect(Data("abc").seq(1));
  s_.expect(Fin().seq(1).carrying("abcde"));
  s_.inject({Ack().seq(1).ack(7), Fin().seq(1).ack(7)});
  s_.expect(Ack().seq(7).ack(2));
  EXPECT_EQ(end().closed, 1u);
}

TEST_F(StrikeProbesTest, AFinOnDataThatOverlaps) {
  established(Close::kFinOverlap);
  held();
  s_.expect(Data("abc").seq(1));
  s_.expect(Fin().seq(1).carrying("abcde"));
  s_.inject({Ack().seq(1).ack(4), Ack().seq(1).ack(7), Fin().seq(1).ack(7)});
  s_.expect(Ack().seq(7).ack(2));
  EXPECT_EQ(end().closed, 1u);
}

TEST_F(StrikeProbesTest, APeerThatSpeaksFirstIsNotGreeted) {
  established(Close::kResetInside);
  s_.inject(Data("220 hello").seq(1).win(1000 >> 4));
  s_.expect(Ack().ack(10));
  held();
  s_.expect_nothing();
  held();
  s_.expect(Rst().seq(1 + 992 / 2));
}

TEST_F(StrikeProbesTest, APeerThatClosesFirstIsNotProvoked) {
  established(Close::kResetInside);
  s_.inject(Fin().seq(1));
  s_.expect(Ack().ack(2));
  held();
  s_.expect(Fin().seq(1).ack(2));
  s_.inject(Ack().seq(2).ack(2));
  EXPECT_EQ(end().closed, 1u);
}

TEST_F(StrikeProbesTest, APeerThatAcknowledgesNothingIsNotProvoked) {
  established(Close::kResetInside);
  held();
  s_.expect(Data("abcde").seq(1));
  held();
  s_.expect_nothing();
}

TEST_F(StrikeProbesTest, ABusyLinkIsTriedAgain) {
  greeted(Close::kResetInside);
  s_.link().busy = true;
  held();
  s_.expect_nothing();
  EXPECT_LE(strike_->next_deadline(), s_.now());
  s_.link().busy = false;
  s_.stack();
  strike_->step();
  s_.stack();
  strike_->step();
  s_.turn();
  s_.expect(Rst().seq(6 + 992 / 2));
  alive_and_closed();
}

TEST_F(StrikeProbesTest, AStrikeWithoutThemRefusesTheirWays) {
  Strike without(s_.stack(), slots_, kStriker);
  StrikeRequest request;
  request.target = {kPeerAddress, Port{80}};
  request.cycles = 1;
  request.mix.weights[static_cast<std::size_t>(Close::kFin)] = 1;
  request.mix.weights[static_cast<std::size_t>(Close::kFinEarly)] = 1;
  EXPECT_EQ(without.start(request), Error::kInvalidArgument);
}

}  // namespace
}  // namespace conker::test
