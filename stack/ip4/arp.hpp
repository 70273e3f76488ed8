// ARP for IPv4 (RFC 826; RFC 1122, 2.3.2): answers requests for the host's addresses, and asks
// neighbours for theirs.
#pragma once

#include "stack/base/counters.hpp"
#include "stack/base/time.hpp"
#include "stack/net/interfaces.hpp"
#include "stack/net/neighbours.hpp"
#include "stack/net/protocol.hpp"
#include "stack/wire/arp.hpp"

namespace conker {

class Arp final : public AddressResolution {
 public:
  Arp(Interfaces& interfaces, Neighbours& neighbours, Counters& counters)
      : interfaces_(interfaces), neighbours_(neighbours), counters_(counters) {}

  /// Processes a received packet whose sender is not this host.
  void input(InterfaceId interface, const ArpPacket& packet, Instant now);
  /// Sends a packet; false when the link cannot take it now.
  bool send(InterfaceId interface, const ArpPacket& packet, const MacAddress& to, Instant now);

  void request(InterfaceId interface, const IpAddress& target, const MacAddress* to,
               Instant now) override;

 private:
  Interfaces& interfaces_;
  Neighbours& neighbours_;
  Counters& counters_;
};

}  // namespace conker
