// Sending to groups of hosts: IPv4 broadcasts and IPv6 multicast. In a file of its own, since an
// image without UDP does not need it.
#include "stack/net/network.hpp"

namespace conker {

Sent Network::send_to_group(InterfaceId interface, PacketOut& packet) {
  const FamilyParts& to = family(packet.destination);
  const std::size_t length = packet.transport_length + packet.payload.size();
  if (to.header.bytes + length > interfaces_.mtu(interface)) {
    counters_.add(Count::drop_ip_too_big);
    return Sent::kDropped;
  }
  const std::size_t ip_at = PacketOut::kHeadroom - to.header.bytes;
  const auto headers =
      std::span(packet.headers).first(PacketOut::kHeadroom + packet.transport_length);
  PacketOut::Few few;
  const auto parts = packet.parts(few);
  parts[0] = headers.subspan(ip_at - kEthernetHeader);

  to.protocol->emit_header(packet, length, headers.subspan(ip_at));
  const MacAddress group = packet.destination.is_v4() ? MacAddress::broadcast()
                                                      : MacAddress::of_group(packet.destination);
  emit_ethernet({group, interfaces_.mac(interface), to.header.ether_type, {}},
                headers.subspan(ip_at - kEthernetHeader));
  if (!interfaces_.send(interface, FrameOut{parts}, now_)) return Sent::kBusy;
  counters_.add(Count::packets_out);
  return Sent::kSent;
}

}  // namespace conker
