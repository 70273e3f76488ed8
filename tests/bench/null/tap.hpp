// A TAP device that exists already: one frame is read or written a call, with or without the
// offload header.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "stack/base/address.hpp"
#include "tests/bench/peer/socket.hpp"

namespace conker::null {

/// The offload header before a frame, in the machine's byte order: Virtio 1.2, 5.1.6, without the
/// count of buffers. All zero: nothing is offloaded.
struct OffloadHeader {
  static constexpr std::uint8_t kNeedsChecksum = 1;  // flags
  static constexpr std::uint8_t kTcp4 = 1;           // segmentation type

  std::uint8_t flags = 0, segmentation = 0;
  std::uint16_t header_size = 0;     // bytes from Ethernet to TCP
  std::uint16_t segment_size = 0;    // payload of each segment, bytes
  std::uint16_t checksum_start = 0;  // where the sum begins, and the offset of the field from there
  std::uint16_t checksum_offset = 0;
};
static_assert(sizeof(OffloadHeader) == 10);

/// Room for one frame of up to 64 KB, and before it for the offload header, which is all zero until
/// it is written.
class FrameBuffer {
 public:
  /// The longest frame: an IP packet of 65,535 bytes and its Ethernet header.
  static constexpr std::size_t kLongest = 65535 + 14;

  std::span<std::byte> frame() { return {room_.get() + kFrameAt, kLongest}; }
  void set_offload(const OffloadHeader& header);

 private:
  friend class Tap;
  // The IP header begins a cache line.
  static constexpr std::size_t kFrameAt = 64 - 14;
  static constexpr std::size_t kHeaderAt = kFrameAt - sizeof(OffloadHeader);

  std::unique_ptr<std::byte[]> room_ = std::make_unique<std::byte[]>(kFrameAt + kLongest);
};

/// The user-space end of the device. Errors of the system are thrown as std::system_error.
class Tap {
 public:
  /// Attaches to a device that exists. With `offload` each frame has an OffloadHeader before it
  /// (IFF_VNET_HDR), and the kernel leaves checksums unfinished and TCP segments uncut, up to 64
  /// KB.
  Tap(const std::string& device, bool offload);

  /// The kernel's own link address on this device, and its MTU in bytes.
  const MacAddress& host_mac() const { return host_mac_; }
  std::uint16_t mtu() const { return mtu_; }

  /// Reads a frame and returns its length; 0 when none waits.
  std::size_t read(FrameBuffer& into) const;
  /// Writes a frame; one that the kernel has no room for is lost, as on any wire.
  void write(const FrameBuffer& from, std::size_t length) const;
  /// Sleeps until a frame waits, `timeout` has passed or a signal has arrived.
  void wait(const peer::StopSignal& stop, std::chrono::milliseconds timeout) const;

  int fd() const { return fd_.get(); }

 private:
  peer::Fd fd_;
  std::size_t begin_;  // offset in a FrameBuffer where reads and writes begin
  MacAddress host_mac_;
  std::uint16_t mtu_ = 0;
};

}  // namespace conker::null
