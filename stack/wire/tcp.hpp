// The TCP header (RFC 9293, 3.1) and its options.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/checksum.hpp"
#include "stack/base/seq.hpp"

namespace conker {

inline constexpr std::uint8_t kProtocolTcp = 6;
inline constexpr std::size_t kTcpHeaderMin = 20;
inline constexpr std::size_t kTcpHeaderMax = 60;

/// The control bits (RFC 9293, 3.1); ECE and CWR are those of RFC 3168.
struct TcpFlags {
  static constexpr std::uint8_t kFin = 1, kSyn = 2, kRst = 4, kPsh = 8, kAck = 16, kUrg = 32,
                                kEce = 64, kCwr = 128;
};

/// The timestamps option (RFC 7323, 3.2).
struct TcpTimestamps {
  std::uint32_t value = 0, echo = 0;
  constexpr bool operator==(const TcpTimestamps&) const = default;
};

/// One block of the SACK option (RFC 2018, 3): [left, right) was received.
struct SackBlock {
  Seq left, right;
  constexpr bool operator==(const SackBlock&) const = default;
};

/// A segment as a value. Options without a member here are skipped.
struct TcpSegment {
  static constexpr std::size_t kMaxSackBlocks = 4;
  static constexpr std::uint8_t kMaxWindowScale = 14;  // RFC 7323, 2.3

  Port source{}, destination{};
  Seq sequence{}, acknowledgment{};
  std::uint8_t flags = 0;
  std::uint8_t sack_count = 0;
  bool marked = false;    // congestion experienced (CE) in the IP header (RFC 3168, 5)
  bool syn_done = false;  // its SYN was processed and removed from `flags`
  std::uint16_t window = 0, urgent = 0;
  std::optional<std::uint16_t> mss{};          // as the peer wrote it, so 0 is possible
  std::optional<std::uint8_t> window_scale{};  // more than kMaxWindowScale counts as that
  bool sack_permitted = false;
  std::optional<TcpTimestamps> timestamps{};
  std::optional<std::uint16_t> user_timeout{};  // RFC 5482: granularity in the upper bit
  std::array<SackBlock, kMaxSackBlocks> sack{};
  std::span<const std::byte> payload{};  // in the bytes that were parsed

  std::span<const SackBlock> sack_blocks() const { return std::span(sack).first(sack_count); }

  /// Whether all flags in `wanted` are set.
  constexpr bool has(std::uint8_t wanted) const { return (flags & wanted) == wanted; }
  /// SEG.LEN: the sequence space that it occupies, counting payload, SYN and FIN.
  constexpr std::uint32_t length() const {
    return static_cast<std::uint32_t>(payload.size()) + (has(TcpFlags::kSyn) ? 1 : 0) +
           (has(TcpFlags::kFin) ? 1 : 0);
  }
};

/// Parses a whole segment. Nothing when it is shorter than a header, when the data offset is below
/// 5 or past the end, or when an option has a length of 0 or 1, reaches past the header or is of
/// the wrong length for its kind. The checksum is not verified.
std::optional<TcpSegment> parse_tcp(std::span<const std::byte> bytes);

/// Writes the header with its options and a checksum of zero, adds it to `sum` and returns its
/// length (a multiple of 4, 20 to 60 bytes). SACK blocks that do not fit beside the other options
/// are left out. The payload is not written. `out` must have room for kTcpHeaderMax bytes, or for
/// what the caller knows to be needed.
std::size_t emit_tcp(const TcpSegment& segment, std::span<std::byte> out, Checksum& sum);
inline std::size_t emit_tcp(const TcpSegment& segment, std::span<std::byte> out) {
  Checksum unused;
  return emit_tcp(segment, out, unused);
}

/// Fills in the checksum of a header that emit_tcp() wrote; `sum` is the one that emit_tcp() added
/// to, and the payload follows in pieces of any length. A partial checksum is the sum of the
/// pseudo-header alone, which the link completes.
void finish_tcp_checksum(std::span<std::byte> header, Checksum sum, const IpAddress& source,
                         const IpAddress& destination,
                         std::span<const std::span<const std::byte>> payload, bool partial = false);

/// Whether the checksum of a whole segment is right.
bool verify_tcp_checksum(std::span<const std::byte> bytes, const IpAddress& source,
                         const IpAddress& destination);

}  // namespace conker
