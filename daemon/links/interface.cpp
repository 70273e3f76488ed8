#include "daemon/links/interface.hpp"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

namespace conker::daemon {

ifreq request_for(const std::string& interface) {
  ifreq request{};
  std::memcpy(request.ifr_name, interface.data(),
              std::min<std::size_t>(interface.size(), IFNAMSIZ - 1));
  return request;
}

Interface::Interface(std::string name)
    : name_(std::move(name)), any_socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}

bool Interface::ask(unsigned long number, ifreq& request) const {
  return ::ioctl(any_socket_.get(), number, &request) == 0;
}

int Interface::index() const {
  return static_cast<int>(::if_nametoindex(name_.c_str()));
}

bool Interface::is_ethernet() const {
  ifreq request = request_for(name_);
  return ask(SIOCGIFHWADDR, request) && request.ifr_hwaddr.sa_family == ARPHRD_ETHER;
}

bool Interface::is_tap() const {
  ethtool_drvinfo driver{};
  driver.cmd = ETHTOOL_GDRVINFO;
  ifreq request = request_for(name_);
  request.ifr_data = reinterpret_cast<char*>(&driver);
  return ask(SIOCETHTOOL, request) && std::string_view(driver.driver) == "tun" && is_ethernet();
}

LinkState Interface::state() const {
  ifreq request = request_for(name_);
  if (!ask(SIOCGIFFLAGS, request)) return LinkState::kUp;
  const int flags = request.ifr_flags;
  if ((flags & IFF_UP) == 0) return LinkState::kDown;
  // IFF_RUNNING lags behind; it is for drivers that do not report their carrier.
  ethtool_value carrier{};
  carrier.cmd = ETHTOOL_GLINK;
  request.ifr_data = reinterpret_cast<char*>(&carrier);
  const bool there = ask(SIOCETHTOOL, request) ? carrier.data != 0 : (flags & IFF_RUNNING) != 0;
  return there ? LinkState::kUp : LinkState::kNoCarrier;
}

std::uint32_t Interface::mtu() const {
  ifreq request = request_for(name_);
  return ask(SIOCGIFMTU, request) ? static_cast<std::uint32_t>(request.ifr_mtu) : 0;
}

std::string Interface::misfit(const config::Link& link) const {
  if (!is_ethernet()) return name_ + " is not an Ethernet interface";
  ifreq request = request_for(name_);
  if (ask(SIOCGIFHWADDR, request) &&
      std::memcmp(request.ifr_hwaddr.sa_data, link.mac.bytes.data(), link.mac.bytes.size()) == 0) {
    return "its mac is the host's own on " + name_ + "; choose another, such as 02:00:00:00:00:03";
  }
  if (const std::uint32_t most = mtu(); link.mtu > most) {
    return "its mtu is above that of " + name_ + "; set it to " + std::to_string(most) + " or less";
  }
  return "";
}

}  // namespace conker::daemon
