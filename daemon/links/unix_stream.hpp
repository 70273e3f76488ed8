// Frames over a unix stream socket to one peer: each behind its length in 4 bytes, big-endian.
#pragma once

#include <memory>
#include <string>

#include "daemon/descriptor.hpp"
#include "daemon/links/device.hpp"

namespace conker::daemon {

/// In listen mode the first peer stays; others wait until it has disconnected. In connect mode the
/// device connects once a second. Without a peer frames are dropped and counted, as on an unplugged
/// cable.
class UnixStreamDevice final : public Device {
 public:
  /// Throws std::runtime_error when the path cannot be listened on.
  UnixStreamDevice(const config::Link& link, const config::Unix& settings);
  ~UnixStreamDevice() override;

  std::size_t receive(std::span<FrameIn> batch, Instant now) override;
  bool send(const FrameOut& frame, Instant now) override;
  void flush(Instant now) override;
  /// The time of the next attempt to connect.
  Instant next_deadline() const override;
  bool wants_write() const override { return blocked_; }
  std::string description() const override;
  void look(Instant now) override {
    change_state(peer_ ? LinkState::kUp : LinkState::kNoCarrier, now);
  }

 private:
  bool find_peer(Instant now);
  void welcome(Descriptor peer, Instant now);
  void lose_peer(Instant now, const std::string& why);
  std::size_t take_frames(std::span<FrameIn> batch, bool& absurd);

  std::string name_;
  std::string path_;
  bool listens_;
  Descriptor listener_;
  Descriptor peer_;
  Instant retry_at_{};
  bool complained_ = false;

  std::unique_ptr<std::byte[]> in_;  // bytes [in_begin_, in_end_) were not delivered yet
  std::size_t in_begin_ = 0, in_end_ = 0;
  std::unique_ptr<std::byte[]> out_;  // bytes [out_begin_, out_end_) were not written yet
  std::size_t out_begin_ = 0, out_end_ = 0;
  bool blocked_ = false;
};

}  // namespace conker::daemon
