// The headers of TCP over IPv4 or IPv6 in the first part of a frame, as far as those need them who
// edit frames (stack/link/editor.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/seq.hpp"
#include "stack/link/link.hpp"

namespace conker {

struct TcpHead {
  /// From the beginning of the TCP header.
  static constexpr std::size_t kAcknowledgment = 8, kWindow = 14, kChecksum = 16;

  FourTuple tuple;      // from the sender's side, without zones
  std::size_t tcp = 0;  // where its header begins
  std::size_t end = 0;  // where the packet ends, as its header says; beyond the first part perhaps
  Seq sequence, acknowledgment;
  std::uint8_t flags = 0;  // TcpFlags
  bool text = false;       // the segment has some

  bool has(std::uint8_t wanted) const { return (flags & wanted) == wanted; }
};

/// Nothing where the bytes do not begin with such headers, or where extension headers of IPv6 stand
/// between them, which our segments do not have.
std::optional<TcpHead> find_tcp_head(std::span<const std::byte> frame);
inline std::optional<TcpHead> find_tcp_head(const FrameOut& frame) {
  return frame.parts.empty() ? std::nullopt : find_tcp_head(frame.parts[0]);
}

/// Says in the IP header that its packet is longer by `more` bytes.
void lengthen_packet(std::span<std::byte> frame, std::uint16_t more);

/// Replaces a field of 16 bits, and corrects the checksum that covers it (RFC 1624, 3).
void replace16(std::span<std::byte> frame, std::size_t at, std::uint16_t value,
               std::size_t checksum);

}  // namespace conker
