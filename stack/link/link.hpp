// The interface between the stack and a network device. Drivers and decorators implement Link.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/base/time.hpp"

namespace conker {

/// What the link knows of the TCP or UDP checksum of a received frame.
enum class ChecksumState : std::uint8_t {
  kUnknown,  // not verified yet
  kVouched,  // verified by the link
  kPartial,  // left to the hardware by a local sender: the field holds the sum of the pseudo-header
             // only, and the data is good
};

/// A received frame. Its bytes belong to the link and are valid until its next receive().
struct FrameIn {
  std::span<const std::byte> bytes;
  ChecksumState checksum = ChecksumState::kUnknown;
};

/// A frame to send, in parts that follow each other on the wire, so that data need not be copied
/// together. The first part holds the headers. The first part and the list of parts are valid only
/// during send(), the bytes of the other parts until flush().
struct FrameOut {
  std::span<const std::span<const std::byte>> parts;
  /// The MSS of segmentation offload, in bytes; 0: none. Only on links that offer it
  /// (Link::segmentation()): the checksum field of the TCP header holds the sum of the
  /// pseudo-header only, and the link cuts the data into segments of this size.
  std::uint16_t segment = 0;

  constexpr std::size_t size() const {
    std::size_t total = 0;
    for (const auto part : parts) total += part.size();
    return total;
  }
};

/// A network device that carries whole Ethernet frames without their FCS.
class Link {
 public:
  /// Fills `batch` with received frames and returns how many; 0 when there is none. The frames of
  /// the previous call become invalid.
  virtual std::size_t receive(std::span<FrameIn> batch, Instant now) = 0;

  /// Takes one frame. False when the link cannot take it now: nothing was sent, retry later.
  virtual bool send(const FrameOut& frame, Instant now) = 0;

  /// Sends all frames that were taken but still wait to form a batch.
  virtual void flush(Instant /*now*/) {}

  /// The length in bytes of the longest IPv4 packet with TCP data that the link cuts into segments
  /// now, completing their checksums; 0 where it does not.
  virtual std::uint32_t segmentation() const { return 0; }

  /// Whether the link may deliver several TCP segments joined to one frame, longer than the MTU. It
  /// may until this call says otherwise; links that join none ignore it.
  virtual void coalesce(bool /*wanted*/) {}

  /// When receive() and flush() must be called again although no frame arrived (the link delays
  /// one); kNever if not.
  virtual Instant next_deadline() const { return kNever; }

 protected:
  ~Link() = default;
};

}  // namespace conker
