// Fragmentation of packets that are larger than the MTU towards their destination (RFC 8200, 4.5).
#include <algorithm>
#include <array>

#include "stack/ip6/ipv6.hpp"

namespace conker {

// Sends a packet in fragments, each behind a Fragment header: the transport protocol's header in
// the first, and the payload cut at multiples of 8 bytes. When the link takes some fragments and
// then no more, the rest is lost: a retry would send the first ones twice.
Sent Ipv6::send_fragments(const Hop& hop, PacketOut& packet, std::size_t mtu) {
  const std::size_t length = packet.transport_length + packet.payload.size();
  const std::size_t most = (mtu - kIpv6Header - kIpv6FragmentHeaderLength) / 8 * 8;
  const std::uint32_t identification =
      std::uint32_t{identifications_.next16()} << 16 | identifications_.next16();
  for (std::size_t offset = 0; offset < length; offset += most) {
    const std::size_t here = std::min(most, length - offset);
    const std::size_t transport = offset == 0 ? packet.transport_length : 0;
    const Ipv6Fragment fragment{.identification = identification,
                                .offset = static_cast<std::uint16_t>(offset / 8),
                                .more = offset + here < length};
    // The Fragment header and the transport protocol's follow the IPv6 header.
    PacketOut part;
    part.source = packet.source;
    part.destination = packet.destination;
    part.protocol = kIpv6FragmentHeader;
    part.transport_length = static_cast<std::uint8_t>(kIpv6FragmentHeaderLength + transport);
    part.ttl = packet.ttl;
    part.dscp = packet.dscp;
    part.ecn = packet.ecn;
    emit_ipv6_fragment(fragment, packet.protocol, part.transport());
    std::ranges::copy(packet.transport().first(transport),
                      part.transport().begin() + kIpv6FragmentHeaderLength);
    const auto headers =
        std::span(part.headers).first(PacketOut::kHeadroom + part.transport_length);
    emit_header(part, kIpv6FragmentHeaderLength + here,
                headers.subspan(PacketOut::kHeadroom - kIpv6Header));
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
