// The LM3S6965's Ethernet controller as a Link.
#pragma once

#include <cstdint>
#include <span>

#include "firmware/chip/frame_ring.hpp"
#include "stack/base/address.hpp"
#include "stack/link/link.hpp"

namespace conker::chip {

/// The interrupt handler acknowledges the receive interrupt, then drains the receiver into the
/// ring; acknowledging later would lose the interrupt of a frame that arrives meanwhile. When the
/// ring is full it masks the interrupt, and frames wait in the receiver until receive() has made
/// room. There is one controller.
class Ethernet final : public Link {
 public:
  struct Counters {
    std::uint32_t received = 0;
    std::uint32_t sent = 0;
    std::uint32_t filtered = 0;       // for other hosts
    std::uint32_t malformed = 0;      // too short or too long
    std::uint32_t overruns = 0;       // frames that the receiver dropped
    std::uint32_t ring_full = 0;      // times that the ring was full
    std::uint32_t transmit_busy = 0;  // times that the transmitter was not ready
  };

  explicit Ethernet(std::span<std::uint32_t> ring);

  /// The address in the controller's non-volatile registers; all zero if none.
  static MacAddress burnt_in();
  void start(const MacAddress& mac);

  std::size_t receive(std::span<FrameIn> batch, Instant now) override;
  bool send(const FrameOut& frame, Instant now) override;

  /// Whether receive() has frames to deliver, in the ring or in the receiver.
  bool pending() const { return !ring_.empty() || waiting_for_room_; }
  Counters counters() const { return counters_; }

  void interrupt();

 private:
  void drain();
  void take_frame(std::uint32_t* room);
  bool is_for_us(std::uint32_t first, std::uint32_t second) const;

  FrameRing ring_;
  Counters counters_;
  // The MAC address as it appears in the first two words of a received frame: two bytes above the
  // length, four after.
  std::uint32_t mac_high_ = 0, mac_low_ = 0;
  volatile bool waiting_for_room_ = false;
};

}  // namespace conker::chip
