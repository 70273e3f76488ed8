// The peers: they make segments of any kind from the stack's own tables.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/stack.hpp"
#include "tests/explore/scene.hpp"
#include "tests/support/segment.hpp"

namespace conker::explore {

inline constexpr MacAddress kStackMac{{0x02, 0, 0, 0, 0, 1}};
inline constexpr MacAddress kPeerMac{{0x02, 0, 0, 0, 0, 2}};
inline constexpr IpAddress kStackAddress = IpAddress::v4(0x0a000001);
inline constexpr IpAddress kPeerAddress = IpAddress::v4(0x0a000002);
inline constexpr Port kStackPort{7};
inline constexpr std::uint16_t kFirstPeerPort = 50000;

/// The peer's number in a four-tuple.
constexpr std::uint32_t peer_of(const FourTuple& tuple) {
  return std::uint32_t{tuple.remote_port.value} - kFirstPeerPort;
}
FourTuple tuple_of(std::uint32_t peer);

/// The stack's state of a four-tuple: connection or record, and its numbers.
struct Counterpart {
  enum class What : std::uint8_t { kNothing, kConnection, kHalfOpen, kTimeWait };
  What what = What::kNothing;
  std::uint32_t slot = kNone;  // of a connection
  State state = State::kClosed;
  Seq rcv_nxt, snd_una, snd_nxt, irs;
  std::uint32_t window = 0;  // that the stack has announced
  bool application_closed = false;
  bool fin_sent = false;
  bool peer_fin_seen = false;  // perhaps out of order
};
Counterpart look(const Stack& stack, std::uint32_t peer);

/// Encodes frames once, by the tests' own encoder; then only changes the numbers in them.
class Peer {
 public:
  explicit Peer(std::uint32_t peer);

  std::span<const std::byte> segment(Kind kind, const Counterpart& to);
  /// ICMP port unreachable about the SYN with sequence number `iss`.
  test::Bytes unreachable(Seq iss) const;

 private:
  std::uint32_t peer_;
  test::Bytes bare_, syn_, data_, long_;
};

}  // namespace conker::explore
