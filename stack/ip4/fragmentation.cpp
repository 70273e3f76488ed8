// Fragmentation of packets that are larger than the interface's MTU (RFC 791, 3.2).
#include <algorithm>
#include <array>

#include "stack/ip4/ipv4.hpp"

namespace conker {

// Sends a packet in fragments: the transport protocol's header in the first, and the payload cut at
// multiples of 8 bytes. When the link takes some fragments and then no more, the rest is lost: a
// retry would send the first ones twice.
Sent Ipv4::send_fragments(const Hop& hop, PacketOut& packet, std::size_t mtu) {
  const std::size_t length = packet.transport_length + packet.payload.size();
  const std::size_t most = (mtu - kIpv4HeaderMin) / 8 * 8;
  Ipv4Packet ip = header_for(packet);
  for (std::size_t offset = 0; offset < length; offset += most) {
    const std::size_t here = std::min(most, length - offset);
    const std::size_t transport = offset == 0 ? packet.transport_length : 0;
    ip.fragment_offset = static_cast<std::uint16_t>(offset / 8);
    ip.more_fragments = offset + here < length;
    const auto headers = std::span(packet.headers).first(PacketOut::kHeadroom + transport);
    emit_ipv4(ip, here, headers.subspan(PacketOut::kHeadroom - kIpv4HeaderMin));
    std::array<std::span<const std::byte>, 2> parts;
    parts[1] =
        packet.payload.subspan(offset + transport - packet.transport_length, here - transport);
    const Sent sent = network_.hand_over(hop, packet.source, packet.destination, headers, parts, 0);
    if (sent == Sent::kBusy && offset == 0) return Sent::kBusy;
    if (sent != Sent::kSent) {
      counters_.add(Count::drop_ip_fragments_lost);
      return Sent::kDropped;
    }
    counters_.add(Count::fragments_out);
  }
  return Sent::kSent;
}

}  // namespace conker
