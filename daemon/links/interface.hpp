// An interface of the host, by its name: requests of netdevice(7), for which it need not be open.
#pragma once

#include <net/if.h>

#include <cstdint>
#include <string>

#include "config/config.hpp"
#include "daemon/descriptor.hpp"
#include "daemon/links/device.hpp"

namespace conker::daemon {

/// A request about an interface, for what Interface does not ask.
ifreq request_for(const std::string& interface);

class Interface {
 public:
  explicit Interface(std::string name);

  /// 0 where there is none of that name in this network namespace.
  int index() const;
  bool is_ethernet() const;
  bool is_tap() const;
  /// One that is not in this network namespace counts as up.
  LinkState state() const;
  /// Bytes of the largest IP packet; 0 where there is no such interface.
  std::uint32_t mtu() const;

  /// Why a packet socket on it, which exists, does not fit the link, with advice; empty where it
  /// does.
  std::string misfit(const config::Link& link) const;

 private:
  /// Whether the kernel answers; the answer is in `request`.
  bool ask(unsigned long number, ifreq& request) const;

  std::string name_;
  Descriptor any_socket_;  // of a family that the shipped unit allows
};

}  // namespace conker::daemon
