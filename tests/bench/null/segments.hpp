// What a null peer hears and says: segments read at fixed places, and answers from templates.
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

/// Who speaks to whom, seen from our side: IPv4 addresses and ports in host order.
struct Ends {
  std::uint32_t local = 0, remote = 0;
  std::uint16_t local_port = 0, remote_port = 0;
};

/// A segment that has come.
struct Heard {
  Ends ends;
  std::uint32_t seq = 0, ack = 0;
  std::uint8_t flags = 0;
  std::uint16_t window = 0;
  std::span<const std::byte> tcp;  // header, options and payload, in the frame
  std::span<const std::byte> payload;

  bool has(std::uint8_t wanted) const { return (flags & wanted) == wanted; }
};

/// Nothing when the frame is no TCP segment over IPv4. IP options and fragments do not come from a
/// kernel next door and are not known; checksums are not looked at, a TAP device garbles nothing.
std::optional<Heard> hear(std::span<const std::byte> frame);

/// Segments that are all alike but for their ends, their sequence numbers and their payload.
/// Everything else is written and summed once, here.
class Template {
 public:
  /// `like` gives flags, window and options.
  Template(const MacAddress& from, const MacAddress& to, const TcpSegment& like);

  /// How many bytes go before the payload.
  std::size_t header_size() const { return size_; }

  /// Whether the checksum covers the segment, or only the pseudo-header, for the kernel to go on
  /// from.
  enum class Sum : std::uint8_t { kWhole, kPartial };

  /// Writes the headers to the begin of `frame`; `payload` bytes stand behind them already. Says
  /// how long the frame is.
  std::size_t write(std::span<std::byte> frame, const Ends& ends, std::uint32_t seq,
                    std::uint32_t ack, std::size_t payload = 0, Sum sum = Sum::kWhole) const;

 private:
  static constexpr std::size_t kMost = 14 + 20 + kTcpHeaderMax;
  std::array<std::byte, kMost> bytes_{};
  std::size_t size_;
  Checksum ip_, tcp_;  // over what does not change
};

}  // namespace conker::null
