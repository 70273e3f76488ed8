// The checksum of a segment (RFC 9293, 3.1): a segment with a wrong one is ignored.
#include <string>

#include "tests/unit/script.hpp"

namespace conker::test {
namespace {

TEST(TcpChecksumTest, ASegmentWithAWrongChecksumIsIgnored) {
  Script s;
  const auto id = s.established();
  WireSegment segment;
  segment.source = kPeerAddress;
  segment.destination = kStackAddress;
  segment.source_port = 80;
  segment.destination_port = s.flow().local_port;
  segment.seq = kPeerIss + 1;
  segment.ack = s.flow().iss.value_or(0) + 1;
  segment.flags = kAck | kPsh;
  segment.window = 65535;
  segment.data = "hello";
  Bytes frame = encode(segment, kPeerMac, kStackMac);
  const Bytes good = frame;
  frame.back() ^= std::byte{1};
  s.inject_frames({frame});
  s.expect_nothing();
  EXPECT_EQ(s.receive(id), "");
  EXPECT_EQ(s.count(Count::drop_segment_checksum), 1u);
  s.inject_frames({good});
  s.expect(Ack().ack(6));
  EXPECT_EQ(s.receive(id), "hello");
}

}  // namespace
}  // namespace conker::test
