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
  std::uint32_t segmentation() const override { return offload_ ? kMaxPacket : 0; }
  void coalesce(bool wanted) override;
  std::string description() const override { return "tap " + device_; }

 private:
  static constexpr std::size_t kInBytes = std::size_t{256} << 10;
  static constexpr std::uint32_t kMaxPacket = 65535;

  void attach();
  int set_interface(short flags);
  void set_up_host_side(const Prefix& address, std::uint16_t mtu);
  void give_up(int error);

  std::string name_;
  std::string device_;
  Descriptor descriptor_;
  bool offload_;             // every frame has an OffloadHeader in front, both ways
  bool coalescing_ = false;  // and those that come in may hold many segments
  std::size_t longest_;      // bytes of a read() that takes a whole frame for sure
  std::unique_ptr<std::byte[]> in_;
};

}  // namespace conker::daemon
