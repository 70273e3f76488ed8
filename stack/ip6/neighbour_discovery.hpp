// Neighbour discovery (RFC 4861, 7): answers solicitations for the host's addresses, and asks
// neighbours for theirs. Routers' messages are router_discovery.hpp's.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/counters.hpp"
#include "stack/base/time.hpp"
#include "stack/net/interfaces.hpp"
#include "stack/net/neighbours.hpp"
#include "stack/net/protocol.hpp"
#include "stack/wire/icmp6.hpp"
#include "stack/wire/ipv6.hpp"
#include "stack/wire/ndp.hpp"

namespace conker {

class DuplicateDetection;

class NeighbourDiscovery final : public AddressResolution {
 public:
  NeighbourDiscovery(Interfaces& interfaces, Neighbours& neighbours, Counters& counters)
      : interfaces_(interfaces), neighbours_(neighbours), counters_(counters) {}

  /// Processes a solicitation or an advertisement whose checksum is right. `packet` is its packet,
  /// with addresses as on the wire. What concerns a tentative address goes to `detection`.
  void input(InterfaceId interface, const Icmp6Message& message, const Ipv6Packet& packet,
             DuplicateDetection& detection, Instant now);
  /// Sends a message of neighbour discovery, ICMP header included, to this link-layer address;
  /// false when the link cannot take it now.
  bool send(InterfaceId interface, const IpAddress& source, const IpAddress& destination,
            const MacAddress& to, std::span<const std::byte> message, Instant now);
  /// Solicits an address in duplicate address detection (RFC 4862, 5.4.2).
  bool probe(InterfaceId interface, const IpAddress& target, const NdpNonce& nonce, Instant now);
  /// Tells all nodes of the link the host's link-layer address (RFC 4861, 7.2.6).
  bool announce(InterfaceId interface, const IpAddress& address, Instant now);

  void request(InterfaceId interface, const IpAddress& target, const MacAddress* to,
               Instant now) override;

 private:
  void solicited(InterfaceId interface, const NeighbourSolicitation& message,
                 const Ipv6Packet& packet, DuplicateDetection& detection, Instant now);
  void advertised(InterfaceId interface, const NeighbourAdvertisement& message,
                  DuplicateDetection& detection, Instant now);
  void advertise(InterfaceId interface, const IpAddress& target, const IpAddress& to,
                 const MacAddress& mac, bool solicited, Instant now);

  Interfaces& interfaces_;
  Neighbours& neighbours_;
  Counters& counters_;
};

}  // namespace conker
