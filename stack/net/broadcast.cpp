// Packets to everybody on a link. Apart from the rest, since an image without UDP has no use for them.
#include "stack/net/network.hpp"
#include "stack/wire/ethernet.hpp"
#include "stack/wire/ipv4.hpp"

namespace conker {

Sent Network::broadcast(InterfaceId interface, PacketOut& packet) {
  std::size_t length = packet.transport_length;
  for (std::size_t i = 0; i < packet.payload_parts; ++i) length += packet.payload[i].size();
  if (kIpv4HeaderMin + length > interfaces_.mtu(interface)) {
    counters_.add(Count::drop_ip_too_big);
    return Sent::kDropped;
  }
  constexpr std::size_t kIpAt = PacketOut::kHeadroom - kIpv4HeaderMin;
  constexpr std::size_t kEthernetAt = kIpAt - kEthernetHeader;
  const auto headers = std::span(packet.headers).first(PacketOut::kHeadroom + packet.transport_length);
  FrameOut frame;
  frame.parts[0] = headers.subspan(kEthernetAt);
  frame.count = static_cast<std::uint8_t>(1 + packet.payload_parts);
  for (std::size_t i = 0; i < packet.payload_parts; ++i) frame.parts[1 + i] = packet.payload[i];

  emit_ipv4(header_for(packet), length, headers.subspan(kIpAt));
  emit_ethernet({MacAddress::broadcast(), interfaces_.mac(interface), kEtherTypeIpv4, {}},
                headers.subspan(kEthernetAt));
  if (!interfaces_.send(interface, frame, now_)) return Sent::kBusy;
  counters_.add(Count::packets_out);
  return Sent::kSent;
}

}  // namespace conker
