// The link: where frames come from and go to. Drivers and decorators implement it; the stack only
// uses it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/base/time.hpp"

namespace conker {

/// What is known of the TCP/UDP checksum of a frame that came in.
enum class ChecksumState : std::uint8_t {
  kUnknown,  // verify it
  kVouched,  // the link has verified it
  kPartial,  // a local sender left it for the hardware: it holds only the pseudo-header's sum. The
             // data is good.
};

/// A frame that came in. The bytes are the link's and stay until its next receive().
struct FrameIn {
  std::span<const std::byte> bytes;
  ChecksumState checksum = ChecksumState::kUnknown;
};

/// A frame to send, in parts that follow each other on the wire, so that data need not be copied
/// together. The first part holds the headers. It and the list of the parts are good only during
/// send(), the bytes of the other parts until flush().
struct FrameOut {
  std::span<const std::span<const std::byte>> parts;
  /// Not 0 only on links that offer it (Link::segmentation()): the checksum field of the TCP header
  /// holds the sum of the pseudo-header alone, and the data behind it is to leave in segments of so
  /// many bytes.
  std::uint16_t segment = 0;

  constexpr std::size_t size() const {
    std::size_t total = 0;
    for (const auto part : parts) total += part.size();
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

  /// Bytes of the longest IPv4 packet with TCP data that the link cuts into segments now,
  /// completing their checksums; 0: it does not.
  virtual std::uint32_t segmentation() const { return 0; }

  /// Whether frames may come in that hold several TCP segments as one, longer than the MTU. Wanted
  /// until it is said otherwise; of no interest to links that join none.
  virtual void coalesce(bool /*wanted*/) {}

  /// When the link wants receive() and flush() to be called again although nothing arrived (a frame
  /// it holds back); kNever if it does not.
  virtual Instant next_deadline() const { return kNever; }

 protected:
  ~Link() = default;
};

}  // namespace conker
