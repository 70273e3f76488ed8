// Malformed and malicious segments that have broken other stacks: one test for each known fault,
// which is quoted above it. RST, SYN and ACKs of unsent data at every place in every state are in
// tcp_matrix_test.cpp.
#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/frames.hpp"
#include "tests/support/random.hpp"
#include "tests/unit/tcp_matrix_stage.hpp"

namespace conker::test {
namespace {

constexpr std::size_t kTcpHeaderAt = 14 + 20;
constexpr std::size_t kDataOffsetAt = kTcpHeaderAt + 12, kFlagsAt = kTcpHeaderAt + 13,
                      kChecksumAt = kTcpHeaderAt + 16, kUrgentAt = kTcpHeaderAt + 18;

void set16(Bytes& frame, std::size_t at, std::uint32_t value) {
  frame[at] = static_cast<std::byte>(value >> 8);
  frame[at + 1] = static_cast<std::byte>(value);
}

/// The frame with its TCP checksum recomputed.
Bytes summed(Bytes frame) {
  set16(frame, kChecksumAt, 0);
  std::uint32_t sum = 6 + static_cast<std::uint32_t>(frame.size() - kTcpHeaderAt);
  for (std::size_t at = kTcpHeaderAt - 8; at < frame.size(); ++at) {
    sum += std::to_integer<std::uint32_t>(frame[at]) << (at % 2 == 0 ? 8 : 0);
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  set16(frame, kChecksumAt, ~sum);
  return frame;
}

/// A segment from the script's current peer, with relative numbers.
WireSegment wire(Script& s, int flags, std::uint32_t seq, std::uint32_t ack,
                 std::string data = {}) {
  const Flow& f = s.flow();
  WireSegment segment;
  segment.source = f.peer;
  segment.destination = f.local;
  segment.source_port = f.peer_port;
  segment.destination_port = f.local_port;
  segment.seq = f.peer_iss + seq;
  segment.ack = (flags & kAck) != 0 ? f.iss.value_or(0) + ack : 0;
  segment.flags = static_cast<std::uint8_t>(flags);
  segment.window = 65535;
  segment.data = std::move(data);
  return segment;
}

/// Encodes a segment with these bytes of options and this data offset, whether they agree or not.
Bytes with_header(WireSegment segment, const std::string& options, unsigned data_offset) {
  segment.data = options + segment.data;
  Bytes frame = encode(segment, kPeerMac, kStackMac);
  frame[kDataOffsetAt] = static_cast<std::byte>(data_offset << 4);
  return summed(std::move(frame));
}

std::string bytes_of(std::string_view hexadecimal) {
  std::string text;
  for (const std::byte b : hex(hexadecimal)) text += static_cast<char>(b);
  return text;
}

/// Checks that a connection has survived: it sends and receives data.
void expect_well(Script& s, ConnectionId id, std::uint32_t heard = 1) {
  s.skip();
  s.expect_state(id, State::kEstablished);
  s.inject(Data("well").seq(heard));
  s.skip();
  EXPECT_EQ(s.receive(id), "well");
  s.skip();
  EXPECT_EQ(s.send(id, "too"), 3u);
  std::string sent;
  for (const Segment& segment : s.take_all()) sent += segment.data;
  EXPECT_EQ(sent, "too");
  s.inject(Ack().seq(heard + 4));
  EXPECT_EQ(s.info(id).send_queue, 0u);
}

// ---- "data offset < 5 or past the segment; option length 0, 1, past the header; malformed SACK,
// timestamp" ----

struct Malformed {
  const char* name;
  const char* options;
  unsigned data_offset;
};

class TcpHazardHeaderTest : public ::testing::TestWithParam<Malformed> {
 protected:
  Bytes bad(Script& s, int flags, std::uint32_t seq, std::uint32_t ack) const {
    return with_header(wire(s, flags, seq, ack, "evil"), bytes_of(GetParam().options),
                       GetParam().data_offset);
  }
};

TEST_P(TcpHazardHeaderTest, MalformedSynsOpenNoConnection) {
  Script s;
  const auto listener = s.listen(7);
  s.peer(40000, 7);
  s.inject_frames({bad(s, kSyn, 0, 0)});
  s.expect_nothing();
  EXPECT_EQ(s.count(Count::drop_segment_malformed), 1u);
  EXPECT_EQ(s.audit().half_open, 0u);
  s.handshake(40000, 7);
  EXPECT_TRUE(s.acceptable(listener));
}

TEST_P(TcpHazardHeaderTest, MalformedSegmentsDoNotAffectAConnection) {
  Script s;
  const auto id = s.established();
  s.inject_frames({bad(s, kAck | kPsh, 1, 1), bad(s, kRst, 1, 0), bad(s, kFin | kAck, 1, 1)});
  s.expect_nothing();
  EXPECT_EQ(s.count(Count::drop_segment_malformed), 3u);
  EXPECT_EQ(s.receive(id), "");
  expect_well(s, id);
}

INSTANTIATE_TEST_SUITE_P(
    Items, TcpHazardHeaderTest,
    ::testing::Values(
        Malformed{"DataOffset0", "", 0}, Malformed{"DataOffset4", "", 4},
        Malformed{"DataOffsetPastTheSegment", "01010101", 15},
        Malformed{"OptionLength0", "fd000000", 6}, Malformed{"OptionLength1", "fd010000", 6},
        Malformed{"OptionLengthPastTheHeader", "fd0a0000", 6},
        Malformed{"OptionWithoutLength", "010101fd", 6}, Malformed{"MssOf3", "02030500", 6},
        Malformed{"WindowScaleOf4", "03040700", 6}, Malformed{"SackPermittedOf3", "04030000", 6},
        Malformed{"SackOfNoBlock", "05020000", 6},
        Malformed{"SackOfHalfABlock", "0506 00000001 0101", 7},
        Malformed{"SackOfABlockAndAHalf", "050e 00000001 00000002 00000003 0101", 9},
        Malformed{"TimestampOf6", "0806 00000001 0101", 7},
        Malformed{"TimestampOf12", "080c 00000001 00000002 0101", 8}),
    [](const auto& item) { return std::string(item.param.name); });

// "malformed SACK": blocks that are well formed and false. Data stays in the send queue until it is
// acknowledged cumulatively (RFC 2018, 8).
TEST(TcpHazardInputTest, SackBlocksOfUnsentDataOrInWrongOrder) {
  using Blocks = std::vector<std::pair<std::uint32_t, std::uint32_t>>;
  for (const Blocks& blocks :
       {Blocks{{100'000, 200'000}}, Blocks{{1000, 500}}, Blocks{{500, 500}},
        Blocks{{0xfffffff0, 0x10}}, Blocks{{1, 3001}}, Blocks{{0x80000001, 0x7fffffff}}}) {
    Script s;
    const auto id = s.connect(80);
    s.expect(Syn());
    s.inject(SynAck().mss(1000).sackok());
    s.skip();
    EXPECT_EQ(s.send(id, std::string(3000, 'x')), 3000u);
    s.skip();
    for (int i = 0; i < 3; ++i) s.inject(Ack().ack(1).sack(blocks));
    s.skip();
    s.expect_state(id, State::kEstablished);
    // All of it is retransmitted until it is acknowledged cumulatively.
    std::uint32_t acknowledged = 1;
    for (int round = 0; round < 100 && acknowledged < 3001; ++round) {
      s.advance(1s);
      std::vector<Segment> sent = s.take_all();
      std::ranges::sort(sent, {}, [](const Segment& segment) { return segment.sequence.value(); });
      for (const Segment& segment : sent) {
        if (*segment.sequence == acknowledged) acknowledged += segment.length();
      }
      s.inject(Ack().ack(acknowledged));
    }
    EXPECT_EQ(acknowledged, 3001u);
    s.skip();
    EXPECT_EQ(s.info(id).send_queue, 0u);
  }
}

// "timestamp": a TSecr that was never sent measures nothing, an old TSval is refused (RFC 7323,
// 5.3).
TEST(TcpHazardInputTest, WrongTimestamps) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn());
  s.flow().timestamp = 1'000'000;
  s.inject(SynAck());
  s.skip();
  EXPECT_EQ(s.send(id, "x"), 1u);
  s.skip();
  for (const std::uint32_t echo : {0u, 1u, 0x7fffffffu, 0x80000000u, 0xffffffffu}) {
    s.inject(Ack().ack(1).ts(1'000'000, echo));
    s.skip();
    EXPECT_LE(s.info(id).srtt, 1s) << echo;
    EXPECT_LE(s.info(id).rto, 60s) << echo;
  }
  s.inject(Ack().ack(2).ts(1'000'000, 0x12345678));
  s.skip();
  EXPECT_LE(s.info(id).srtt, 1s);
  s.inject(Data("old").seq(1).ts(999'999, 0));
  s.skip();
  EXPECT_EQ(s.receive(id), "");
  expect_well(s, id);
}

// "window scale > 14"
TEST(TcpHazardInputTest, AWindowScaleOver14CountsAs14) {
  for (const std::uint8_t shift : {std::uint8_t{15}, std::uint8_t{32}, std::uint8_t{255}}) {
    Script s;
    const auto id = s.connect(80);
    s.expect(Syn());
    s.inject(SynAck().wscale(shift));
    s.skip();
    s.inject(Ack().win(2));
    EXPECT_EQ(s.info(id).snd_wnd, 2u << 14) << "RFC 7323, 2.3";
    expect_well(s, id);
  }
}

// "MSS 0"
TEST(TcpHazardInputTest, AnMssOf0StillMovesBytes) {
  const auto moves = [](Script& s, ConnectionId id) {
    EXPECT_EQ(s.send(id, std::string(100, 'x')), 100u);
    const auto sent = s.take_all();
    std::size_t bytes = 0;
    for (const Segment& segment : sent) bytes += segment.data.size();
    EXPECT_EQ(bytes, 100u);
    EXPECT_LE(sent.size(), 10u) << "a byte a segment is what such an MSS is sent for";
    s.inject(Ack());
  };
  for (const std::uint16_t mss : {std::uint16_t{0}, std::uint16_t{1}}) {
    Script s;
    moves(s, s.established(80, mss));
    const auto listener = s.listen(7);
    s.peer(40000, 7);
    s.inject(Syn().mss(mss));
    s.expect(SynAck());
    s.inject(Ack());
    moves(s, s.accept(listener));
  }
}

// "urgent pointer past the data or without URG": urgent data is treated as ordinary data (RFC 6093,
// 6).
TEST(TcpHazardInputTest, UrgentPointersChangeNothing) {
  for (const int flags : {int{kUrg}, 0}) {
    for (const std::uint32_t pointer : {0u, 1u, 3u, 4u, 0xffffu}) {
      Script s;
      const auto id = s.established();
      Bytes frame = encode(wire(s, kAck | kPsh | flags, 1, 1, "all"), kPeerMac, kStackMac);
      set16(frame, kUrgentAt, pointer);
      s.inject_frames({summed(std::move(frame))});
      s.skip();
      EXPECT_EQ(s.receive(id), "all") << flags << ' ' << pointer;
      expect_well(s, id, 4);
    }
  }
}

// "SYN+FIN"
TEST(TcpHazardInputTest, SynWithFinIsIgnored) {
  Script s;
  (void)s.listen(7);
  s.peer(40000, 7);
  s.inject(Segment(kSyn | kFin).seq(0));
  s.expect_nothing();
  EXPECT_EQ(s.audit().half_open, 0u);
  s.inject(Syn().seq(0));
  s.expect(SynAck());
  s.inject(Segment(kSyn | kFin).seq(1));
  s.expect(Ack().seq(1).ack(1));  // RFC 5961, 4.2
  EXPECT_EQ(s.audit().half_open, 1u);

  const auto id = s.established();
  s.inject(Segment(kSyn | kFin).seq(1));
  s.inject(Segment(kSyn | kFin | kAck).seq(1).ack(1));
  expect_well(s, id);
}

TEST(TcpHazardInputTest, SynWithFinDoesNotEndTimeWait) {
  matrix::Stage stage(matrix::Start::kTimeWaitListened);
  for (const auto place : {matrix::Place::kLeft, matrix::Place::kLeftEdge, matrix::Place::kInside,
                           matrix::Place::kRight}) {
    WireSegment segment = stage.segment(matrix::Kind::kSyn, place, matrix::Ack::kNxt);
    segment.flags = kSyn | kFin;
    (void)stage.arrives(segment);
    EXPECT_EQ(stage.state(), State::kTimeWait) << matrix::name_of(place);
  }
}

// "SYN+RST": the RST bit is checked first, so the segment opens no connection.
TEST(TcpHazardInputTest, SynWithRstOpensNoConnection) {
  Script s;
  (void)s.listen(7);
  s.peer(40000, 7);
  s.inject(Segment(kSyn | kRst).seq(0));
  s.inject(Segment(kSyn | kRst | kAck).seq(0).ack(1));
  s.expect_nothing();
  EXPECT_EQ(s.audit().half_open, 0u);
  const auto id = s.established();
  s.inject(Segment(kSyn | kRst).seq(0));
  s.inject(Segment(kSyn | kRst).seq(5));
  expect_well(s, id);
}

// "no flags, all flags": every combination of the eight bits, in every state, with data and
// without.
TEST(TcpHazardInputTest, EveryCombinationOfFlagsInEveryState) {
  using matrix::Place;
  using matrix::Start;
  Random random(7);
  for (unsigned start = 0; start < static_cast<unsigned>(Start::kCount); ++start) {
    for (unsigned flags = 0; flags < 256; ++flags) {
      for (unsigned place = 0; place < static_cast<unsigned>(Place::kCount); ++place) {
        matrix::Stage stage(static_cast<Start>(start));
        const auto ack =
            static_cast<matrix::Ack>(random.below(static_cast<unsigned>(matrix::Ack::kCount)));
        WireSegment segment = stage.segment(matrix::Kind::kAck, static_cast<Place>(place), ack);
        segment.flags = static_cast<std::uint8_t>(flags);
        if (random.below(2) == 0) segment.data = "data";
        const auto answers = stage.arrives(segment);
        // The final RST; and in SYN-SENT, behind a reset, the SYN again.
        const auto at = static_cast<Start>(start);
        const std::size_t more = at == Start::kDestroy || at == Start::kSynSent ? 1 : 0;
        ASSERT_LE(answers.size(), 1 + more)
            << matrix::name_of(static_cast<Start>(start)) << ", flags " << flags << ", "
            << matrix::name_of(static_cast<Place>(place));
      }
    }
  }
}

// "overlapping segments that disagree": the data received first is kept.
TEST(TcpHazardInputTest, OverlapsThatDisagreeOutOfOrder) {
  Script s;
  const auto id = s.established();
  s.inject(Data("CC").seq(4));
  s.inject(Data("xxxxDD").seq(2));
  s.inject(Data("a").seq(1));
  s.skip();
  EXPECT_EQ(s.receive(id), "axxCCDD");
}

TEST(TcpHazardInputTest, OverlapsThatDisagreeWithDeliveredData) {
  Script s;
  const auto id = s.established();
  s.inject(Data("good").seq(1));
  s.inject(Data("EVIL").seq(1));
  s.inject(Data("VILmore").seq(2));
  s.skip();
  EXPECT_EQ(s.receive(id), "goodmore");
}

// "data in SYN": neither kept nor acknowledged; the peer retransmits it (RFC 9293, 3.10.7.2,
// third).
TEST(TcpHazardInputTest, DataInASynIsRetransmittedAndDeliveredOnce) {
  Script s;
  const auto listener = s.listen(7);
  s.peer(40000, 7);
  s.inject(Syn().seq(0).carrying("early"));
  s.expect(SynAck().ack(1));
  s.inject(Data("early").seq(1).ack(1));
  s.skip();
  const auto id = s.accept(listener);
  EXPECT_EQ(s.receive(id), "early");
  expect_well(s, id, 6);
}

// Data in a SYN-ACK may be accepted (RFC 9293, 3.10.7.3, fourth); if so it is acknowledged, and
// delivered once.
TEST(TcpHazardInputTest, DataInASynAckIsDeliveredOnce) {
  Script s;
  const auto id = s.connect(80);
  s.expect(Syn());
  s.inject(SynAck().seq(0).carrying("early"));
  s.skip();
  s.inject(Data("early").seq(1).ack(1));
  s.skip();
  EXPECT_EQ(s.receive(id), "early");
  expect_well(s, id, 6);
}

// "a zero window for ever": the connection stays while the application wants it,
TEST(TcpHazardInputTest, AZeroWindowKeepsTheConnection) {
  Script s;
  const auto id = s.established(80, 1460, 0);
  EXPECT_EQ(s.send(id, "hello"), 5u);
  for (std::uint64_t probe = 0; probe < 60; ++probe) {
    while (s.count(Count::zero_window_probes) == probe) s.advance(1s);
    s.expect(Data("h"));
    s.inject(Ack().ack(1).win(0));
  }
  s.expect_state(id, State::kEstablished);
  s.inject(Ack().ack(1).win(10));
  s.expect(Data("hello"));
  s.inject(Ack());
}

// and no longer: after close() the user timeout ends it.
TEST(TcpHazardInputTest, AZeroWindowDoesNotKeepAClosedConnection) {
  Script s;
  const auto id = s.established(80, 1460, 0);
  EXPECT_EQ(s.send(id, "hello"), 5u);
  EXPECT_EQ(s.close(id), Error::kOk);
  ConnectionInfo info;
  for (int seconds = 0; seconds < 7200 && s.stack().info(id, info); ++seconds) {
    s.advance(1s);
    if (!s.take_all().empty() && s.stack().info(id, info)) s.inject(Ack().seq(1).ack(1).win(0));
  }
  s.skip();
  s.expect_ended(id, CloseReason::kTimedOut);
  EXPECT_EQ(s.audit().chunks_held, 0u);
}

}  // namespace
}  // namespace conker::test
