#include "daemon/links/host_device.hpp"

#include <net/if.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "daemon/links/interface.hpp"

namespace conker::daemon {

void HostDevice::look(Instant now) {
  look_at_ = kNever;
  if (!attached()) return take_back(now);
  const std::string found = find();
  if (found.empty()) return lose(now);
  if (found != called_ && !called_.empty()) {
    spdlog::info("link {}: {} is called {} now", name_, called_, found);
  }
  called_ = found;
  const Interface interface(called_);
  tell(interface.state(), now);
  tell_mtu(interface.mtu());
}

/// An interface that takes less than the link sends loses the largest packets without a word.
void HostDevice::tell_mtu(std::uint32_t mtu) {
  const std::uint32_t before = std::exchange(host_mtu_, mtu);
  if (mtu == before || mtu == 0) return;
  if (mtu < mtu_) {
    spdlog::warn(
        "link {}: the MTU of {} is {}, below the link's {}: larger packets are lost; set "
        "it: ip link set {} mtu {}",
        name_, called_, mtu, mtu_, called_, mtu_);
  } else if (before != 0 && before < mtu_) {
    spdlog::info("link {}: the MTU of {} is {} again", name_, called_, mtu);
  }
}

void HostDevice::lose(Instant now) {
  detach();
  tell(LinkState::kGone, now);
  called_.clear();
  complained_ = false;
  wait_ = kRetry;
  look_at_ = now + wait_;
}

void HostDevice::take_back(Instant now) {
  if (tried_ != Instant() && now - tried_ < kRetry) {
    look_at_ = tried_ + kRetry;
    return;
  }
  tried_ = now;
  look_at_ = now + wait_;
  wait_ = std::min(wait_ * 2, kLongestRetry);
  // A TAP device that the daemon created would be created anew by attaching: its deletion was
  // intended.
  if (::if_nametoindex(device_.c_str()) == 0) return;
  try {
    attach();
  } catch (const std::runtime_error& error) {
    detach();
    if (!complained_) spdlog::warn("{}; trying again", error.what());
    complained_ = true;
    return;
  }
  look(now);
}

void HostDevice::tell(LinkState state, Instant now) {
  const bool first = !looked();
  if (!first && state == this->state()) return;
  change_state(state, now);
  switch (state) {
    case LinkState::kUp:
      if (!first) spdlog::info("link {}: {} is up", name_, called_);
      break;
    case LinkState::kDown:
      spdlog::warn("link {}: {} is down; bring it up: ip link set {} up", name_, called_, called_);
      break;
    case LinkState::kNoCarrier:
      spdlog::warn("link {}: {} has no carrier", name_, called_);
      break;
    case LinkState::kGone:
      spdlog::error("link {}: {} is gone; it is taken back when there is an interface {} again",
                    name_, called_.empty() ? device_ : called_, device_);
      break;
  }
}

}  // namespace conker::daemon
