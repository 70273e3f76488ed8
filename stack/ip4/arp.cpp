#include "stack/ip4/arp.hpp"

#include <array>

#include "stack/wire/ethernet.hpp"

namespace conker {

// Per RFC 826, "Packet Reception": merge the sender into an existing entry; reply and create an
// entry only where the packet's target is an address of this host. A sender outside of the
// interface's prefixes is answered as well (another host's second address, a router's other side):
// the reply goes to its link address and costs no entry.
void Arp::input(InterfaceId interface, const ArpPacket& packet, Instant now) {
  const bool request = packet.operation == ArpPacket::Operation::kRequest;
  // The sender protocol address of a probe is unspecified (RFC 5227, 2.1.1).
  const bool probe = request && packet.sender.is_unspecified();
  if (!probe && (!names_a_host(packet.sender) || interfaces_.is_local(packet.sender) ||
                 interfaces_.is_broadcast(packet.sender))) {
    return counters_.add(Count::drop_arp_sender);
  }
  const bool for_us = request && interfaces_.is_local_to(interface, packet.target);
  if (for_us) {
    const ArpPacket reply{ArpPacket::Operation::kReply, interfaces_.mac(interface), packet.target,
                          packet.sender_mac, packet.sender};
    send(interface, reply, packet.sender_mac, now);
  }
  const bool merged = !probe && interfaces_.is_neighbour(interface, packet.sender) &&
                      neighbours_.heard({.interface = interface,
                                         .address = packet.sender,
                                         .mac = packet.sender_mac,
                                         .asks_for_us = for_us},
                                        now);
  if (!merged && !for_us) counters_.add(Count::drop_arp_unasked);
}

bool Arp::send(InterfaceId interface, const ArpPacket& packet, const MacAddress& to, Instant now) {
  std::array<std::byte, kEthernetHeader + kArpLength> bytes{};
  emit_ethernet({to, interfaces_.mac(interface), kEtherTypeArp, {}}, bytes);
  emit_arp(packet, std::span(bytes).subspan(kEthernetHeader));
  const std::span<const std::byte> whole(bytes);
  const bool sent = interfaces_.send(interface, FrameOut{std::span(&whole, 1)}, now);
  if (sent) counters_.add(Count::arp_out);
  return sent;
}

void Arp::request(InterfaceId interface, const IpAddress& target, const MacAddress* to,
                  Instant now) {
  // Without an address of this host in the neighbour's prefix there is no sender for a request.
  const IpAddress source = interfaces_.source_towards(interface, target);
  if (source.is_unspecified()) return;
  const ArpPacket packet{ArpPacket::Operation::kRequest, interfaces_.mac(interface), source,
                         MacAddress(), target};
  send(interface, packet, to != nullptr ? *to : MacAddress::broadcast(), now);
}

}  // namespace conker
