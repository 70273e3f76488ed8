#include "tests/unit/verdict_scene.hpp"

namespace conker::test {

verdict::Segment VerdictScene::between(const Endpoint& from, const Endpoint& to, Seq seq, Seq ack,
                                       std::uint8_t flags) {
  Segment segment;
  segment.source = from;
  segment.destination = to;
  segment.seq = seq;
  if ((flags & kAck) != 0) segment.ack = ack;
  segment.flags = flags;
  segment.window = kWindow;
  segment.timestamps = timestamps;
  segment.timestamp = timestamps ? clock : 0;
  segment.echo = timestamps ? echo : 0;
  return segment;
}

void VerdictScene::fill(Segment& segment, std::uint32_t offset, std::uint32_t length) {
  static const std::string text = [] {
    std::string bytes;
    for (std::uint32_t i = 0; i < 16384; ++i) bytes += static_cast<char>(contents(0, i));
    return bytes;
  }();
  segment.data = std::as_bytes(std::span(text)).subspan(offset, length);
}

verdict::Segment VerdictScene::a(std::uint8_t flags, std::uint32_t seq, std::uint32_t ack,
                                 std::uint32_t length) {
  Segment segment = between(kA, kB, kIssA + seq, kIssB + ack, flags);
  if (length > 0) fill(segment, seq - 1, length);
  return segment;
}

verdict::Segment VerdictScene::b(std::uint8_t flags, std::uint32_t seq, std::uint32_t ack,
                                 std::uint32_t length) {
  Segment segment = between(kB, kA, kIssB + seq, kIssA + ack, flags);
  if (length > 0) fill(segment, seq - 1, length);
  return segment;
}

verdict::Segment VerdictScene::as_syn(Segment segment) const {
  segment.mss = kMss;
  segment.scale = scale;
  segment.sack_permitted = sack;
  return segment;
}

bool VerdictScene::open() {
  const bool asked = !say(syn());
  const bool answered = !say(syn_ack());
  return asked && answered && !say(a(kAck, 1, 1));
}

}  // namespace conker::test
