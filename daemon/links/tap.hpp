// A TAP device: the host's kernel is on the other end.
#pragma once

#include <memory>
#include <string>

#include "daemon/descriptor.hpp"
#include "daemon/links/device.hpp"

namespace conker::daemon {

class TapDevice final : public Device {
 public:
  /// Throws std::runtime_error when the device cannot be had or set up.
  TapDevice(const config::Link& link, const config::Tap& tap);

  std::size_t receive(std::span<FrameIn> batch, Instant now) override;
  bool send(const FrameOut& frame, Instant now) override;
  std::string description() const override { return "tap " + device_; }

 private:
  void attach();
  void set_up_host_side(const Prefix& address, std::uint16_t mtu);
  void give_up(int error);

  std::string name_;
  std::string device_;
  Descriptor descriptor_;
  std::size_t frame_room_;  // bytes between the starts of two buffers
  std::unique_ptr<std::byte[]> buffers_;
};

}  // namespace conker::daemon
