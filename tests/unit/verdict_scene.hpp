// Two hosts whose segments are judged: A opens a connection to B, and each sends what a test wants.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "stack/verdict/conversations.hpp"

namespace conker::test {

class VerdictScene {
 public:
  using Segment = verdict::Segment;
  static constexpr std::uint8_t kFin = Segment::kFin, kSyn = Segment::kSyn, kRst = Segment::kRst,
                                kAck = Segment::kAck;
  static constexpr Endpoint kA{IpAddress::v4(10, 0, 0, 1), Port{1000}};
  static constexpr Endpoint kB{IpAddress::v4(10, 0, 0, 2), Port{80}};
  // A's numbers wrap within the first bytes.
  static constexpr Seq kIssA{0xfffffff0}, kIssB{5000};
  static constexpr std::uint16_t kMss = 100, kWindow = 1000;

  static std::byte contents(std::uint32_t, std::uint32_t offset) {
    return static_cast<std::byte>('a' + offset % 26);
  }

  /// A segment of A with relative sequence and acknowledgment numbers; its data is contents().
  Segment a(std::uint8_t flags, std::uint32_t seq, std::uint32_t ack, std::uint32_t length = 0);
  Segment b(std::uint8_t flags, std::uint32_t seq, std::uint32_t ack, std::uint32_t length = 0);
  Segment syn() { return as_syn(a(kSyn, 0, 0)); }
  Segment syn_ack() { return as_syn(b(kSyn | kAck, 0, 1)); }

  /// Records a segment as sent, and not as received.
  std::optional<verdict::Finding> sent(const Segment& segment) {
    return judge.on_sent(segment, excuses);
  }
  /// Records a segment as received.
  void arrives(const Segment& segment) { judge.on_received(segment); }
  /// Records a segment as sent and received.
  std::optional<verdict::Finding> say(const Segment& segment) {
    const auto finding = sent(segment);
    arrives(segment);
    return finding;
  }
  /// Does a handshake; false when a rule is broken.
  bool open();

  // Options that SYNs offer.
  bool timestamps = true, sack = true;
  std::uint8_t scale = 0;
  std::uint32_t clock = 77, echo = 77;  // TSval and TSecr
  verdict::Excuses excuses;
  verdict::Conversations judge{contents};

 private:
  Segment between(const Endpoint& from, const Endpoint& to, Seq seq, Seq ack, std::uint8_t flags);
  Segment as_syn(Segment segment) const;
  static void fill(Segment& segment, std::uint32_t offset, std::uint32_t length);
};

}  // namespace conker::test
