#include "stack/ip4/ipv4.hpp"

#include "stack/wire/ethernet.hpp"
#include "stack/wire/icmp4.hpp"
#include "stack/wire/tcp.hpp"
#include "stack/wire/udp.hpp"

namespace conker {

Ipv4::Ipv4(const Parts& parts, const Entropy& entropy)
    : network_(parts.network),
      counters_(parts.counters),
      arp_(network_.interfaces(), network_.neighbours(), counters_),
      conflict_detection_(network_.interfaces(), arp_, counters_,
                          SipKey{entropy.words[6], entropy.words[7]}),
      icmp_(counters_, parts.settings, network_.interfaces(), network_.echo_replies()),
      identifications_(SipKey{entropy.words[6], entropy.words[7]}, kPurpose),
      ttl_(parts.settings.ttl),
      traffic_class_(static_cast<std::uint8_t>(parts.settings.dscp << 2)) {
  network_.add(Family::kIpv4,
               {.ether_type = kEtherTypeIpv4,
                .resolution_ether_type = kEtherTypeArp,
                .bytes = kIpv4HeaderMin,
                .least_mtu = kIpv4MinimumMtu},
               *this, arp_);
}

// ---- Received packets ----

Disposition Ipv4::input(const ReceivedFrame& frame, PacketIn& packet, IcmpErrorIn& error) {
  if (frame.ethernet.type == kEtherTypeIpv4) return packet_arrives(frame, packet, error);
  arp_input(frame.interface, frame.ethernet.payload);
  return Disposition::kNothing;
}

void Ipv4::arp_input(InterfaceId interface, std::span<const std::byte> bytes) {
  const auto packet = parse_arp(bytes);
  if (!packet) return counters_.add(Count::drop_arp_malformed);
  counters_.add(Count::arp_in);
  // A frame of this host's own that came back over a hub or a second interface, or one whose sender
  // address is no single host's (RFC 1812, 3.3.2), is neither a conflict, nor answered, nor
  // learned.
  if (packet->sender_mac.is_group() || packet->sender_mac == MacAddress() ||
      network_.interfaces().is_own_mac(packet->sender_mac)) {
    return counters_.add(Count::drop_arp_sender);
  }
  conflict_detection_.input(interface, *packet, network_.now());
  arp_.input(interface, *packet, network_.now());
}

Disposition Ipv4::packet_arrives(const ReceivedFrame& frame, PacketIn& packet, IcmpErrorIn& error) {
  counters_.add(Count::packets_in);
  const auto drop = [&](Count why) {
    counters_.add(why);
    return Disposition::kNothing;
  };
  const auto bytes = frame.ethernet.payload;
  const auto ip = parse_ipv4(bytes);
  if (!ip) return drop(Count::drop_ip_malformed);
  if (!verify_ipv4_checksum(bytes)) return drop(Count::drop_ip_checksum);
  // A packet for one host in a link-layer broadcast is not answered (RFC 1122, 3.3.6). Broadcasts
  // are delivered to UDP only.
  const bool udp = network_.accepts_udp() && ip->protocol == kProtocolUdp;
  if (frame.to_group() || !network_.accepts(ip->destination, ip->source)) {
    if (!accept_addresses(*ip, frame.to_group(), udp)) return Disposition::kNothing;
  }
  if (ip->ttl == 0) return drop(Count::drop_ip_ttl);
  const auto whole =
      bytes.first(static_cast<std::size_t>(ip->payload.data() - bytes.data()) + ip->payload.size());
  if (const auto fault = ip->options.empty() ? std::nullopt : check_ipv4_options(ip->options)) {
    // Source routes are dropped without an ICMP error: they have no legitimate use any more (RFC
    // 7126, 4.3 and 4.4).
    if (!fault->source_route) {
      send_error(Icmp4Message::kParameterProblem, 0, static_cast<std::uint16_t>(fault->at << 8),
                 whole);
    }
    return drop(Count::drop_ip_options);
  }
  packet.source = ip->source;
  packet.destination = ip->destination;
  packet.interface = frame.interface;
  packet.checksum = frame.frame.checksum;
  packet.payload = ip->payload;
  packet.whole = whole;
  packet.ttl = ip->ttl;
  packet.traffic_class = ip->traffic_class;
  if (ip->is_fragment()) {
    if (network_.reassembler() == nullptr) return drop(Count::drop_ip_fragment);
    const Fragment fragment{.source = ip->source,
                            .destination = ip->destination,
                            .identification = ip->identification,
                            .protocol = ip->protocol,
                            .traffic_class = ip->traffic_class,
                            .more = ip->more_fragments,
                            .offset = std::uint32_t{ip->fragment_offset} * 8,
                            .largest = kLargestPacket - kIpv4HeaderMin,
                            .header = whole.first(whole.size() - ip->payload.size()),
                            .payload = ip->payload};
    Reassembler::Whole made;
    if (!network_.reassembler()->input(fragment, network_.now(), made))
      return Disposition::kNothing;
    packet.checksum =
        ChecksumState::kUnknown;  // a link verifies only packets that came in one piece
    packet.payload = made.payload;
    packet.whole = made.packet;
    packet.traffic_class = made.traffic_class;
  }
  if (ip->protocol != kProtocolTcp && ip->protocol != kProtocolIcmp && !udp) {
    send_error(Icmp4Message::kUnreachable, Icmp4Message::kProtocolUnreachable, 0, packet.whole);
    return drop(Count::drop_ip_protocol);
  }

  counters_.add(Count::packets_delivered);
  if (ip->protocol == kProtocolTcp) return Disposition::kTcp;
  if (udp) return Disposition::kUdp;
  return icmp_input(packet, ip->is_fragment(), error);
}

// Whether a packet whose addresses are not in the destination cache is accepted for them.
bool Ipv4::accept_addresses(const Ipv4Packet& ip, bool to_group, bool udp) {
  const Interfaces& interfaces = network_.interfaces();
  const bool to_all = udp && interfaces.is_broadcast(ip.destination);
  if (!to_all && (to_group || !interfaces.is_local(ip.destination))) {
    counters_.add(Count::drop_ip_address);
    return false;
  }
  // Martian sources (RFC 1812, 5.3.7; RFC 6890), and the host's own addresses.
  if (!names_a_host(ip.source) || interfaces.is_local(ip.source) ||
      interfaces.is_broadcast(ip.source)) {
    counters_.add(Count::drop_ip_source);
    return false;
  }
  if (!to_all) network_.accept(ip.destination, ip.source);
  return true;
}

Disposition Ipv4::icmp_input(const PacketIn& packet, bool reassembled, IcmpErrorIn& error) {
  PacketOut answer;
  switch (icmp_.input(packet, network_.now(), answer, error)) {
    case Icmp4::Outcome::kError:
      return Disposition::kIcmpError;
    case Icmp4::Outcome::kAnswer:
      (void)network_.send(answer);        // an echo reply that cannot be sent is dropped
      if (reassembled) network_.flush();  // the packet is valid only until the next fragment
      return Disposition::kNothing;
    case Icmp4::Outcome::kNothing:
      break;
  }
  return Disposition::kNothing;
}

void Ipv4::reassembly_timed_out(std::span<const std::byte> quote) {
  send_error(Icmp4Message::kTimeExceeded, Icmp4Message::kReassemblyTime, 0, quote);
}

// ---- Sent packets ----

// Makes the IP header. The identification reveals neither how much this host sends nor the next
// value (RFC 7739, 3). Packets that are never fragmented may have any (RFC 6864, 4.1): one rule
// serves both.
Ipv4Packet Ipv4::header_for(const PacketOut& packet) {
  Ipv4Packet ip;
  ip.source = packet.source;
  ip.destination = packet.destination;
  ip.protocol = packet.protocol;
  ip.ttl = packet.ttl != 0 ? packet.ttl : ttl_;
  const int dscp = packet.dscp == PacketOut::kDefaultDscp ? traffic_class_ : packet.dscp << 2;
  ip.traffic_class = static_cast<std::uint8_t>(dscp | packet.ecn);
  ip.identification = identifications_.next16();
  ip.dont_fragment = !packet.may_fragment;
  return ip;
}

void Ipv4::emit_header(const PacketOut& packet, std::size_t length, std::span<std::byte> out) {
  emit_ipv4(header_for(packet), length, out);
}

void Ipv4::send_error(std::uint8_t type, std::uint8_t code, std::uint16_t upper,
                      std::span<const std::byte> about) {
  PacketOut packet;
  if (!icmp_.make_error(type, code, upper, about, network_.now(), packet)) return;
  if (network_.send(packet) == Sent::kSent) counters_.add(Count::icmp_errors_out);
  // The quoted packet may be gone before the flush at the end of the turn.
  network_.flush();
}

void Ipv4::port_unreachable(const PacketIn& packet) {
  send_error(Icmp4Message::kUnreachable, Icmp4Message::kPortUnreachable, 0, packet.whole);
}

bool Ipv4::make_ping(std::uint16_t identifier, std::uint16_t sequence,
                     std::span<const std::byte> payload, PacketOut& packet) {
  if (payload.size() > Icmp4::kPingPayload) return false;
  Icmp4::make_echo(Icmp4Message::kEchoRequest, packet.source, packet.destination, identifier,
                   sequence, payload, packet);
  return true;
}

}  // namespace conker
