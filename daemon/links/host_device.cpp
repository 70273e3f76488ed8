#include "daemon/links/host_device.hpp"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "daemon/descriptor.hpp"

namespace conker::daemon {

ifreq request_for(const std::string& interface) {
  ifreq request{};
  std::memcpy(request.ifr_name, interface.data(),
              std::min<std::size_t>(interface.size(), IFNAMSIZ - 1));
  return request;
}

namespace {

/// The state of an interface. One that is not in this network namespace counts as up.
LinkState state_of(const std::string& interface) {
  const Descriptor any_socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request = request_for(interface);
  if (::ioctl(any_socket.get(), SIOCGIFFLAGS, &request) != 0) return LinkState::kUp;
  const int flags = request.ifr_flags;
  if ((flags & IFF_UP) == 0) return LinkState::kDown;
  // IFF_RUNNING lags behind; it is for drivers that do not report their carrier.
  ethtool_value carrier{};
  carrier.cmd = ETHTOOL_GLINK;
  request.ifr_data = reinterpret_cast<char*>(&carrier);
  const bool told = ::ioctl(any_socket.get(), SIOCETHTOOL, &request) == 0;
  const bool there = told ? carrier.data != 0 : (flags & IFF_RUNNING) != 0;
  return there ? LinkState::kUp : LinkState::kNoCarrier;
}

/// The MTU of an interface; 0 for one that is not in this network namespace.
std::uint32_t mtu_of(const std::string& interface) {
  const Descriptor any_socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request = request_for(interface);
  return ::ioctl(any_socket.get(), SIOCGIFMTU, &request) == 0
             ? static_cast<std::uint32_t>(request.ifr_mtu)
             : 0;
}

}  // namespace

void HostDevice::look(Instant now) {
  look_at_ = kNever;
  if (!attached()) return take_back(now);
  const std::string found = find();
  if (found.empty()) return lose(now);
  if (found != called_ && !called_.empty()) {
    spdlog::info("link {}: {} is called {} now", name_, called_, found);
  }
  called_ = found;
  tell(state_of(called_), now);
  tell_mtu(mtu_of(called_));
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
