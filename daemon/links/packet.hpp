// A packet socket: a MAC and addresses of our own on an interface of the host.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "daemon/descriptor.hpp"
#include "daemon/links/host_device.hpp"
#include "daemon/mapping.hpp"

namespace conker::daemon {

class PacketDevice final : public HostDevice {
 public:
  /// Throws std::runtime_error when the socket cannot be opened or set up.
  PacketDevice(const config::Link& link, const config::Packet& packet);

  std::size_t receive(std::span<FrameIn> batch, Instant now) override;
  bool send(const FrameOut& frame, Instant now) override;
  void flush(Instant now) override;
  /// The time of the next attempt when the interface's queue was full, since it does not report
  /// room.
  Instant next_deadline() const override {
    return std::min(retry_at_, HostDevice::next_deadline());
  }
  bool wants_write() const override { return blocked_; }

 private:
  static constexpr std::size_t kBatch = 64;
  static constexpr std::size_t kMaxParts =
      8;  // of a frame that is sent in place; one with more parts is copied together
  static constexpr std::size_t kControlRoom = 64;  // for one tpacket_auxdata

  void attach() override;
  void detach() override;
  bool attached() const override { return static_cast<bool>(descriptor_); }
  std::string find() const override;
  void check_interface();
  void prepare_batches();
  void stop_borrowing();

  const config::Link link_;
  int interface_index_ = 0;
  Descriptor descriptor_;

  Mapping in_buffers_;
  std::array<mmsghdr, kBatch> in_messages_{};
  std::array<iovec, kBatch> in_parts_{};
  alignas(cmsghdr) std::array<std::array<std::byte, kControlRoom>, kBatch> in_control_{};

  // Frames [out_sent_, out_queued_) wait to be sent. Each has a room of its own; until flush() only
  // its headers are there, and the rest stays where the stack keeps it.
  std::size_t out_room_;
  std::unique_ptr<std::byte[]> out_buffers_;
  std::array<mmsghdr, kBatch> out_messages_{};
  std::array<std::array<iovec, kMaxParts>, kBatch> out_parts_{};
  std::size_t out_queued_ = 0;
  std::size_t out_sent_ = 0;
  bool blocked_ = false;
  Instant retry_at_ = kNever;
};

}  // namespace conker::daemon
