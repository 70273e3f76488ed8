// Starts one lwIP in this process, on one TAP device.
#include <net/if.h>

#include <cstdlib>
#include <stdexcept>

#include "tests/bench/lwip/commands.hpp"
#include "tests/bench/lwip/lwip.hpp"

namespace conker::lwip {

void start(const std::string& device, const std::string& address) {
  if (if_nametoindex(device.c_str()) == 0) {
    throw std::runtime_error("no device " + device + "; make it with: ip tuntap add dev " + device +
                             " mode tap");
  }
  ip4_addr_t ours, mask, gateway;
  if (ip4addr_aton(address.c_str(), &ours) == 0) {
    throw std::invalid_argument(address + ": not an IPv4 address");
  }
  IP4_ADDR(&mask, 255, 255, 255, 0);
  ip4_addr_set_any(&gateway);
  // This variable tells tapif to attach to a device without configuring it.
  ::setenv("PRECONFIGURED_TAPIF", device.c_str(), 1);
  tcpip_init(nullptr, nullptr);
  static netif interface;  // lwIP keeps a pointer to it
  const CoreLock lock;
  if (netif_add(&interface, &ours, &mask, &gateway, nullptr, tapif_init, tcpip_input) == nullptr) {
    throw std::runtime_error("lwIP cannot add its interface on " + device);
  }
  netif_set_default(&interface);
  netif_set_up(&interface);
}

}  // namespace conker::lwip
