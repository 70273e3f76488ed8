// Raw frames of one network interface, many of them a call.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "stack/base/address.hpp"
#include "stack/base/time.hpp"
#include "tests/bench/peer/socket.hpp"
#include "tests/e2e/peers/frames.hpp"

namespace conker::device {

/// Errors of the system are thrown as std::system_error.
class PacketSocket {
 public:
  static constexpr std::size_t kBatch = 64;

  explicit PacketSocket(const std::string& interface);

  /// The frames that have arrived, up to kBatch; valid until the next call.
  std::span<const std::span<const std::byte>> receive();
  /// Sends what waits in the outbox, and empties it. Frames for which the kernel has no room are
  /// lost, as on any wire.
  void send(Outbox& out);
  /// Sleeps until a frame has arrived, `timeout` has passed or a signal has come.
  void wait(const peer::StopSignal& stop, Duration timeout) const;

 private:
  struct Batch {
    std::array<std::array<std::byte, 2048>, kBatch> bytes;
    std::array<iovec, kBatch> pieces;
    std::array<mmsghdr, kBatch> messages;
    std::array<std::span<const std::byte>, kBatch> frames;
  };

  peer::Fd fd_;
  std::unique_ptr<Batch> in_ = std::make_unique<Batch>();
};

}  // namespace conker::device
