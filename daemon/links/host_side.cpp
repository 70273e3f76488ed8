#include "daemon/links/host_side.hpp"

#include <arpa/inet.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "daemon/descriptor.hpp"
#include "daemon/links/device.hpp"
#include "daemon/links/interface.hpp"

namespace conker::daemon {
namespace {

// Frames in the kernel's queue; its default of 1000 overflows in one turn.
constexpr int kTransmitQueue = 10000;

sockaddr to_sockaddr(std::uint32_t v4_bits) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_addr.s_addr = htonl(v4_bits);
  sockaddr any{};
  std::memcpy(&any, &in, sizeof any);
  return any;
}

in6_addr to_in6(const IpAddress& address) {
  in6_addr in{};
  for (std::size_t i = 0; i < 4; ++i) in.s6_addr32[i] = htonl(address.words()[i]);
  return in;
}

class HostSide {
 public:
  HostSide(const std::string& link, const std::string& device) : link_(link), device_(device) {}

  void set_up(std::uint16_t mtu, const config::PerFamily<Prefix>& addresses) {
    // Either family's socket takes requests about the device.
    const int family = addresses.v4 ? AF_INET : AF_INET6;
    const Descriptor socket = open(family);
    ifreq request = request_for(device_);
    request.ifr_mtu = mtu;
    call(socket, SIOCSIFMTU, request, "MTU");
    request.ifr_qlen = kTransmitQueue;
    call(socket, SIOCSIFTXQLEN, request, "transmit queue");
    if (addresses.v4) {
      request.ifr_addr = to_sockaddr(addresses.v4->address.v4_bits());
      call(socket, SIOCSIFADDR, request, "address");
      request.ifr_netmask = to_sockaddr(addresses.v4->v4_mask());
      call(socket, SIOCSIFNETMASK, request, "netmask");
    }
    call(socket, SIOCGIFFLAGS, request, "state");
    request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
    call(socket, SIOCSIFFLAGS, request, "state");
    if (addresses.v6) add(*addresses.v6);
  }

 private:
  static constexpr const char* kRight =
      "run with CAP_NET_ADMIN (its unit needs make-tap.conf of the examples), or leave out "
      "host_address and configure the device yourself";

  Descriptor open(int family) const {
    Descriptor socket(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) {
      fail_link(link_, "cannot open a socket to configure " + device_, errno,
                errno == EAFNOSUPPORT ? kRight : "");
    }
    return socket;
  }

  void call(const Descriptor& socket, unsigned long number, ifreq& request,
            const char* what) const {
    if (::ioctl(socket.get(), number, &request) == 0) return;
    fail_link(link_, std::string("cannot set the ") + what + " of " + device_, errno,
              errno == EPERM ? kRight : "");
  }

  /// The host uses it when duplicate address detection (RFC 4862, 5.4) is over, a second or two
  /// later.
  void add(const Prefix& address) const {
    const Descriptor socket = open(AF_INET6);
    in6_ifreq request{};
    request.ifr6_addr = to_in6(address.address);
    request.ifr6_prefixlen = address.length;
    request.ifr6_ifindex = Interface(device_).index();
    // A persistent device may have it from its previous user.
    if (::ioctl(socket.get(), SIOCSIFADDR, &request) == 0 || errno == EEXIST) return;
    fail_link(link_, "cannot set the IPv6 address of " + device_, errno,
              errno == EPERM ? kRight
                             : "where IPv6 is off, turn it on: sysctl net.ipv6.conf." + device_ +
                                   ".disable_ipv6=0");
  }

  const std::string& link_;
  const std::string& device_;
};

}  // namespace

void set_up_host_side(const std::string& link, const std::string& device, std::uint16_t mtu,
                      const config::PerFamily<Prefix>& addresses) {
  HostSide(link, device).set_up(mtu, addresses);
}

}  // namespace conker::daemon
