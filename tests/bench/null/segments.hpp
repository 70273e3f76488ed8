// Segments of a null peer: those received are parsed at fixed offsets, those sent are made from
// templates.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/checksum.hpp"
#include "stack/wire/tcp.hpp"

namespace conker::null {

/// Source and destination of a null peer's segments: IPv4 addresses and ports in host order.
struct Ends {
  std::uint32_t local = 0, remote = 0;
  std::uint16_t local_port = 0, remote_port = 0;
};

/// A received segment.
struct Heard {
  Ends ends;
  std::uint32_t seq = 0, ack = 0;
  std::uint8_t flags = 0;
  std::uint16_t window = 0;
  std::span<const std::byte> tcp;  // header, options and payload, within the frame
  std::span<const std::byte> payload;

  bool has(std::uint8_t wanted) const { return (flags & wanted) == wanted; }
};

/// Parses a frame; nothing when it is no TCP segment over IPv4. IP options and fragments are not
/// supported, since the kernel sends none here; checksums are not verified, since a TAP device does
/// not corrupt frames.
std::optional<Heard> hear(std::span<const std::byte> frame);

/// A template of segments that are alike except for their ends, sequence numbers and payload. The
/// rest is written and summed once, by the constructor.
class Template {
 public:
  /// `like` gives flags, window and options.
  Template(const MacAddress& from, const MacAddress& to, const TcpSegment& like);

  /// Bytes before the payload.
  std::size_t header_size() const { return size_; }

  /// Whether the checksum covers the segment, or only the pseudo-header, for the kernel to
  /// complete.
  enum class Sum : std::uint8_t { kWhole, kPartial };

  /// Writes the headers at the beginning of `frame`, before `payload` bytes that are there already.
  /// Returns the frame's length.
  std::size_t write(std::span<std::byte> frame, const Ends& ends, std::uint32_t seq,
                    std::uint32_t ack, std::size_t payload = 0, Sum sum = Sum::kWhole) const;

 private:
  static constexpr std::size_t kMost = 14 + 20 + kTcpHeaderMax;
  std::array<std::byte, kMost> bytes_{};
  std::size_t size_;
  Checksum ip_, tcp_;  // of the constant parts
};

}  // namespace conker::null
