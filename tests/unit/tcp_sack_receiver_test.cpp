// A receiver's SACK blocks for out-of-order data (RFC 2018) and for duplicate data (RFC 2883).
#include <algorithm>
#include <string>

#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

class TcpSackReceiverTest : public ::testing::Test {
 protected:
  ConnectionId open(Script& s, const Segment& syn_ack = SynAck().mss(1460).sackok()) {
    const auto id = s.connect(80);
    s.expect(Syn());
    s.inject(syn_ack);
    s.expect(Ack());
    return id;
  }
  /// A segment of 100 bytes at `seq`.
  static Segment piece(std::uint32_t seq) { return Data(std::string(100, 'p')).seq(seq); }

  Script s_;
};

TEST_F(TcpSackReceiverTest, TheLatestBlockComesFirst) {
  (void)open(s_);
  s_.inject(piece(201));
  s_.expect(Ack().ack(1).sack({{201, 301}}));
  s_.inject(piece(401));
  s_.expect(Ack().ack(1).sack({{401, 501}, {201, 301}}));
  s_.inject(piece(601));
  s_.expect(Ack().ack(1).sack({{601, 701}, {401, 501}, {201, 301}}));
  s_.inject(piece(301));  // extends the second to the left: one block now, and the latest
  s_.expect(Ack().ack(1).sack({{201, 501}, {601, 701}}));
  s_.inject(piece(701));
  s_.expect(Ack().ack(1).sack({{601, 801}, {201, 501}}));
  s_.inject(Data(std::string(200, 'f')).seq(1));
  s_.expect(Ack().ack(501).sack({{601, 801}}));
  s_.inject(piece(501));
  s_.expect(Ack().ack(801).sack({}));
}

TEST_F(TcpSackReceiverTest, NoneWhenNotNegotiated) {
  (void)open(s_, SynAck().mss(1460));
  s_.inject(piece(201));
  s_.expect(Ack().ack(1).sack({}));
  s_.inject(piece(1));
  s_.expect(Ack().ack(101).sack({}));
  s_.inject(piece(1));
  s_.expect(Ack().ack(301 - 200).sack({}));
}

TEST_F(TcpSackReceiverTest, FourBlocksFitAndThreeBesideTimestamps) {
  (void)open(s_);
  for (const std::uint32_t at : {201, 401, 601, 801, 1001}) s_.inject(piece(at));
  EXPECT_EQ(s_.take_all().back().options.sack,
            (std::vector<std::pair<std::uint32_t, std::uint32_t>>{
                {1001, 1101}, {801, 901}, {601, 701}, {401, 501}}));

  Script t;
  (void)t.connect(80);
  t.expect(Syn());
  t.flow().timestamp = 7;
  t.inject(SynAck().sackok());
  t.expect(Ack());
  for (const std::uint32_t at : {201, 401, 601, 801}) t.inject(piece(at));
  EXPECT_EQ(t.take_all().back().options.sack, (std::vector<std::pair<std::uint32_t, std::uint32_t>>{
                                                  {801, 901}, {601, 701}, {401, 501}}));
}

TEST_F(TcpSackReceiverTest, OverlapsAndSegmentsThatBridgeBlocks) {
  (void)open(s_);
  s_.inject(piece(201));
  s_.inject(piece(401));
  s_.skip();
  s_.inject(Data(std::string(200, 'b')).seq(251));  // 251 to 451: bridges both
  // The part that was received before is reported first (RFC 2883, 4.2).
  s_.expect(Ack().ack(1).sack({{251, 301}, {201, 501}}));
}

TEST_F(TcpSackReceiverTest, DataCarriesBlocksThatFit) {
  const auto id = open(s_);
  s_.inject(piece(201));
  s_.skip();
  EXPECT_EQ(s_.send(id, "answer"), 6u);
  s_.expect(Data("answer").ack(1).sack({{201, 301}}));
  s_.inject(Ack());
  EXPECT_EQ(s_.send(id, std::string(1460, 'x')), 1460u);
  s_.expect(Data(std::string(1460, 'x')).sack({}));
  s_.inject(Ack());
  EXPECT_EQ(s_.send(id, std::string(1448, 'x')), 1448u);
  s_.expect(Data(std::string(1448, 'x')).sack({{201, 301}}));
  s_.inject(Ack());
}

TEST_F(TcpSackReceiverTest, DataThatWasNotKeptIsNotReported) {
  Capacities capacities = small_capacities();
  capacities.chunks = 4;  // of which out-of-order data may have one
  Script s(capacities);
  (void)open(s);
  s.inject(Data(std::string(1000, 'a')).seq(201));
  s.expect(Ack().sack({{201, 1201}}));
  s.inject(Data(std::string(1400, 'b')).seq(1201));  // the chunk has room for 1048 of them
  s.expect(Ack().ack(1).sack({{201, 2249}}));
  s.inject(piece(3001));
  s.expect(Ack().ack(1).sack({{201, 2249}}));
  EXPECT_EQ(s.count(Count::out_of_order_dropped), 2u);
}

// ---- D-SACK ----

TEST_F(TcpSackReceiverTest, DsackOfAnOldSegment) {
  const auto id = open(s_);
  s_.inject(piece(1));
  s_.expect(Ack().ack(101).sack({}));
  s_.inject(piece(1));
  s_.expect(Ack().ack(101).sack({{1, 101}}));  // RFC 2883, 4.1
  EXPECT_EQ(s_.send(id, "x"), 1u);
  s_.expect(Data("x").sack({}));  // reported once
  s_.inject(Ack().seq(101));
}

TEST_F(TcpSackReceiverTest, DsackOfAnOldSegmentWhileThereIsAHole) {
  (void)open(s_);
  s_.inject(piece(1));
  s_.inject(piece(301));
  s_.skip();
  s_.inject(piece(1));
  s_.expect(Ack().ack(101).sack({{1, 101}, {301, 401}}));
  s_.inject(piece(501));
  s_.expect(Ack().ack(101).sack({{501, 601}, {301, 401}}));
}

TEST_F(TcpSackReceiverTest, DsackOfAnOutOfOrderSegment) {
  (void)open(s_);
  s_.inject(piece(201));
  s_.inject(piece(301));
  s_.inject(piece(601));
  s_.skip();
  s_.inject(piece(301));
  // RFC 2883, 4.1.1: then the block that contains it.
  s_.expect(Ack().ack(1).sack({{301, 401}, {201, 401}, {601, 701}}));
}

// RFC 2883, 4: a segment that fills the hole and repeats data beyond it.
TEST_F(TcpSackReceiverTest, DsackOfASegmentThatFillsTheHoleAndRepeatsData) {
  (void)open(s_);
  s_.inject(Data(std::string(1000, 'b')).seq(1001));
  s_.expect(Ack().ack(1).sack({{1001, 2001}}));
  s_.inject(Data(std::string(2000, 'a')).seq(1));
  s_.expect(Ack().ack(2001).sack({{1001, 2001}}));
  s_.inject(piece(2001));
  s_.expect(Ack().ack(2101).sack({}));  // reported once
}

TEST_F(TcpSackReceiverTest, DsackOfASegmentThatEndsWithinTheNextBlock) {
  (void)open(s_);
  s_.inject(piece(201));
  s_.skip();
  s_.inject(Data(std::string(250, 'a')).seq(1));
  s_.expect(Ack().ack(301).sack({{201, 251}}));
}

// RFC 2883, 4: one a segment.
TEST_F(TcpSackReceiverTest, DsackReportsTheFirstOfSeveralRanges) {
  (void)open(s_);
  for (const std::uint32_t at : {201, 301, 501, 801}) s_.inject(piece(at));
  s_.skip();
  s_.inject(
      Data(std::string(700, 'a')).seq(1));  // 201 to 401 lie in two segments, but are one range
  s_.expect(Ack().ack(701).sack({{201, 401}, {801, 901}}));
}

TEST_F(TcpSackReceiverTest, DsackOfOldDataPrecedesOutOfOrderDuplicates) {
  (void)open(s_);
  s_.inject(piece(1));
  s_.inject(piece(201));
  s_.skip();
  s_.inject(Data(std::string(250, 'a')).seq(51));
  s_.expect(Ack().ack(301).sack({{51, 101}}));
}

TEST_F(TcpSackReceiverTest, DsackOfTheLastTextAndItsFin) {
  const auto id = open(s_);
  s_.inject(Fin().carrying(std::string(100, 'z')).seq(101));
  s_.expect(Ack().ack(1).sack({{101, 201}}));
  s_.inject(Fin().carrying(std::string(200, 'a')).seq(1));
  s_.expect(Ack().ack(202).sack({{101, 201}}));
  EXPECT_EQ(s_.receive(id).size(), 200u);
  EXPECT_EQ(s_.close(id), Error::kOk);
  s_.expect(Fin());
}

TEST_F(TcpSackReceiverTest, DsackOfOldDataWhileTheWindowIsClosed) {
  const auto id = open(s_);
  for (std::uint32_t at = 1; at < 65536; at += 1000)
    s_.inject(Data(std::string(std::min(1000u, 65536 - at), 'x')).seq(at));
  s_.skip();
  ASSERT_EQ(s_.info(id).rcv_wnd, 0u);
  s_.inject(Data(std::string(200, 'x')).seq(65436));
  s_.expect(Ack().ack(65536).win(0).sack({{65436, 65536}}));
}

TEST_F(TcpSackReceiverTest, DsackOfPartOfASegment) {
  (void)open(s_);
  s_.inject(piece(1));
  s_.skip();
  s_.inject(Data(std::string(100, 'q')).seq(51));  // RFC 2883, 4.2: half of it is old
  s_.expect(Ack().ack(151).sack({{51, 101}}));
}

TEST_F(TcpSackReceiverTest, DsackOfTheFin) {
  const auto id = open(s_);
  s_.inject(Fin().seq(1));
  s_.expect(Ack().ack(2));
  s_.inject(Fin().seq(1));
  s_.expect(Ack().ack(2).sack({{1, 2}}));
  EXPECT_EQ(s_.close(id), Error::kOk);
  s_.expect(Fin());
}

// ---- The window while there is a hole ----

TEST_F(TcpSackReceiverTest, TheWindowMovesWhileThereIsAHole) {
  const auto id = open(s_);
  for (int i = 0; i < 40; ++i) s_.inject(Data(std::string(1000, 'x')));
  s_.inject(Data("beyond").seq(50001));
  s_.skip();
  EXPECT_EQ(s_.receive(id).size(), 40000u);
  s_.expect(Ack().ack(40001).win(65535).sack({{50001, 50007}}));
}

TEST_F(TcpSackReceiverTest, SequenceNumbersWrap) {
  (void)open(s_);  // the peer's begin 4096 before the wrap
  for (std::uint32_t at = 1; at < 4001; at += 1000) s_.inject(Data(std::string(1000, 'x')).seq(at));
  s_.skip();
  s_.inject(Data(std::string(1000, 'y')).seq(4050));
  s_.expect(Ack().ack(4001).sack({{4050, 5050}}));
  s_.inject(piece(3901));
  s_.expect(Ack().ack(4001).sack({{3901, 4001}, {4050, 5050}}));
}

}  // namespace
}  // namespace conker::test
