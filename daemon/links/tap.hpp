// A TAP device: the host's kernel is the other end.
#pragma once

#include <memory>
#include <string>

#include "daemon/descriptor.hpp"
#include "daemon/links/host_device.hpp"

namespace conker::daemon {

class TapDevice final : public HostDevice {
 public:
  /// Throws std::runtime_error when the device cannot be opened or set up.
  TapDevice(const config::Link& link, const config::Tap& tap);

  std::size_t receive(std::span<FrameIn> batch, Instant now) override;
  bool send(const FrameOut& frame, Instant now) override;
  std::uint32_t segmentation() const override { return offload_ ? kMaxPacket : 0; }
  void coalesce(bool wanted) override;

 private:
  static constexpr std::size_t kInBytes = std::size_t{256} << 10;
  static constexpr std::uint32_t kMaxPacket = 65535;

  void attach() override;
  void detach() override;
  bool attached() const override { return static_cast<bool>(descriptor_); }
  std::string find() const override;
  int set_interface(short flags);
  /// The same for a device with several queues, of which the daemon uses one.
  int set_interface_of_queues(short flags);

  const bool wants_offload_;
  const config::PerFamily<Prefix> host_address_;
  Descriptor descriptor_;
  bool offload_ = false;     // every frame has an OffloadHeader, both ways
  bool coalesce_ = true;     // coalesced frames are wanted
  bool coalescing_ = false;  // and enabled
  std::size_t longest_ = 0;  // bytes of a read() that is certain to take a whole frame
  std::unique_ptr<std::byte[]> in_;
};

}  // namespace conker::daemon
