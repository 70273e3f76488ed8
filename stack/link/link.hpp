// The link: where frames come from and go to. Drivers and decorators implement it; the stack only uses it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/base/time.hpp"

namespace conker {

/// What is known of the TCP/UDP checksum of a frame that came in.
enum class ChecksumState : std::uint8_t {
  kUnknown,  // verify it
  kVouched,  // the link has verified it
  kPartial,  // a local sender left it for the hardware: it holds only the pseudo-header's sum. The data is
             // good.
};

/// A frame that came in. The bytes are the link's and stay until its next receive().
struct FrameIn {
  std::span<const std::byte> bytes;
  ChecksumState checksum = ChecksumState::kUnknown;
};

/// A frame to send, in pieces that follow each other on the wire, so that data need not be copied together.
/// The first part holds the headers and is good only during send(); the others stay until flush().
struct FrameOut {
  static constexpr std::size_t kMaxParts = 8;
  std::array<std::span<const std::byte>, kMaxParts> parts{};
  std::uint8_t count = 0;

  constexpr std::size_t size() const {
    std::size_t total = 0;
    for (std::size_t i = 0; i < count; ++i) total += parts[i].size();
    return total;
  }
};

/// A link carries whole Ethernet frames without their CRC.
class Link {
 public:
  /// Fills `batch` with frames that have arrived and says how many. 0 when there is none now.
  /// All frames given before by this link end here.
  virtual std::size_t receive(std::span<FrameIn> batch, Instant now) = 0;

  /// Takes one frame. False when the link cannot take it now: nothing was sent, try again later.
  virtual bool send(const FrameOut& frame, Instant now) = 0;

  /// Whatever was taken but still waits to form a batch goes out.
  virtual void flush(Instant /*now*/) {}

  /// When the link wants receive() and flush() to be called again although nothing arrived (a frame it holds
  /// back); kNever if it does not.
  virtual Instant next_deadline() const { return kNever; }

 protected:
  ~Link() = default;
};

}  // namespace conker
