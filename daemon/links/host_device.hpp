// A device that is an interface of the host, which may go down, lose its carrier, be renamed,
// vanish, and come back.
#pragma once

#include <string>

#include "daemon/links/device.hpp"

namespace conker::daemon {

/// Each change of state is logged once. While the interface is gone its name is looked up when the
/// host reports a change of its interfaces, at most once in kRetry, and from time to time without
/// that.
class HostDevice : public Device {
 public:
  void look(Instant now) override;
  Instant next_deadline() const override { return look_at_; }
  std::string description() const override {
    return kind_ + " " + (called_.empty() ? device_ : called_);
  }

 protected:
  static constexpr Duration kRetry = 1s, kLongestRetry = 32s;

  HostDevice(std::string kind, const config::Link& link, std::string device)
      : name_(link.name), device_(std::move(device)), mtu_(link.mtu), kind_(std::move(kind)) {}

  /// Opens the interface `device_`. Throws std::runtime_error: one line, with advice.
  virtual void attach() = 0;
  virtual void detach() = 0;
  virtual bool attached() const = 0;
  /// The present name; empty when the interface is gone.
  virtual std::string find() const = 0;

  void look_if_due(Instant now) {
    if (now >= look_at_) look(now);
  }
  /// Handles an interface that does not exist any more.
  void lose(Instant now);

  const std::string name_;    // of the link
  const std::string device_;  // of the interface in the configuration
  const std::uint16_t mtu_;   // of the link

 private:
  void take_back(Instant now);
  void tell(LinkState state, Instant now);
  void tell_mtu(std::uint32_t mtu);

  const std::string kind_;
  std::string called_;  // the present name
  Instant look_at_ = kNever;
  Instant tried_{};  // when attaching was tried last
  Duration wait_ = kRetry;
  bool complained_ = false;  // a failure to attach was logged
};

}  // namespace conker::daemon
