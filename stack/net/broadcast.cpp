// Sending of broadcasts. In a file of its own, since an image without UDP does not need it.
#include "stack/net/network.hpp"
#include "stack/wire/ethernet.hpp"
#include "stack/wire/ipv4.hpp"

namespace conker {

Sent Network::broadcast(InterfaceId interface, PacketOut& packet) {
  const std::size_t length = packet.transport_length + packet.payload.size();
  if (kIpv4HeaderMin + length > interfaces_.mtu(interface)) {
    counters_.add(Count::drop_ip_too_big);
    return Sent::kDropped;
  }
  constexpr std::size_t kIpAt = PacketOut::kHeadroom - kIpv4HeaderMin;
  constexpr std::size_t kEthernetAt = kIpAt - kEthernetHeader;
  const auto headers =
      std::span(packet.headers).first(PacketOut::kHeadroom + packet.transport_length);
  PacketOut::Few few;
  const auto parts = packet.parts(few);
  parts[0] = headers.subspan(kEthernetAt);

  emit_ipv4(header_for(packet), length, headers.subspan(kIpAt));
  emit_ethernet({MacAddress::broadcast(), interfaces_.mac(interface), kEtherTypeIpv4, {}},
                headers.subspan(kEthernetAt));
  if (!interfaces_.send(interface, FrameOut{parts}, now_)) return Sent::kBusy;
  counters_.add(Count::packets_out);
  return Sent::kSent;
}

}  // namespace conker
