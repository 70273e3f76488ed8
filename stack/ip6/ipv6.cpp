#include "stack/ip6/ipv6.hpp"

#include <algorithm>

#include "stack/ip6/interface_identifiers.hpp"
#include "stack/ip6/source_selection.hpp"
#include "stack/wire/bytes.hpp"
#include "stack/wire/ethernet.hpp"
#include "stack/wire/icmp6.hpp"
#include "stack/wire/tcp.hpp"
#include "stack/wire/udp.hpp"

namespace conker {

Ipv6::Ipv6(const Parts& parts, const Entropy& entropy)
    : network_(parts.network),
      settings_(parts.settings),
      counters_(parts.counters),
      discovery_(network_.interfaces(), network_.neighbours(), counters_),
      duplicate_detection_(network_.interfaces(), discovery_, counters_,
                           SipKey{entropy.words[4], entropy.words[5]}),
      icmp_(counters_, settings_, network_.interfaces(), network_.echo_replies()),
      identifications_(SipKey{entropy.words[4], entropy.words[5]}, kPurpose),
      identifier_secret_{entropy.words[2], entropy.words[3]},
      label_secret_(static_cast<std::uint32_t>(entropy.words[5])) {
  network_.add(Family::kIpv6,
               {.ether_type = kEtherTypeIpv6, .bytes = kIpv6Header, .least_mtu = kIpv6MinimumMtu},
               *this, discovery_);
  network_.interfaces().use(*this);
}

// ---- Received packets ----

Disposition Ipv6::input(const ReceivedFrame& frame, PacketIn& packet, IcmpErrorIn& error) {
  counters_.add(Count::packets_in);
  const auto drop = [&](Count why) {
    counters_.add(why);
    return Disposition::kNothing;
  };
  const auto bytes = frame.ethernet.payload;
  auto ip = parse_ipv6(bytes);
  if (!ip) return drop(Count::drop_ip_malformed);
  ip->source = ip->source.with_zone(zone_of(frame.interface));
  ip->destination = ip->destination.with_zone(zone_of(frame.interface));
  const bool to_group = ip->destination.is_multicast();
  if (to_group || !network_.accepts(ip->destination, ip->source)) {
    if (!accept_addresses(*ip, to_group)) return Disposition::kNothing;
  }
  packet.source = ip->source;
  packet.destination = ip->destination;
  packet.interface = frame.interface;
  packet.checksum = frame.frame.checksum;
  packet.whole = bytes.first(kIpv6Header + ip->payload.size());
  packet.ttl = ip->hop_limit;
  packet.traffic_class = ip->traffic_class;
  const Ipv6Chain chain = walk_ipv6(*ip);
  if (chain.problem) return refuse(Count::drop_ip_options, *chain.problem, packet);
  if (chain.fragment && !chain.fragment->is_atomic()) return reassemble(*ip, chain, packet, error);
  return deliver(*ip, chain, packet, error);
}

// Whether a packet whose addresses are not in the destination cache is accepted for them. What has
// the unspecified source is of neighbour discovery, which looks at that itself (RFC 4862, 5.4.3).
bool Ipv6::accept_addresses(const Ipv6Packet& ip, bool to_group) {
  const Interfaces& interfaces = network_.interfaces();
  if (to_group ? !listens_to(ip.destination) : !interfaces.is_own(ip.destination)) {
    counters_.add(Count::drop_ip_address);
    return false;
  }
  const bool unspecified = ip.source.is_unspecified() && ip.next_header == kProtocolIcmp6;
  if (!unspecified && (!names_a_host(ip.source) || interfaces.is_own(ip.source))) {
    counters_.add(Count::drop_ip_source);
    return false;
  }
  if (!to_group && !unspecified && interfaces.is_local(ip.destination))
    network_.accept(ip.destination, ip.source);
  return true;
}

// All nodes, and the solicited-node groups: of these all, since whose address is meant stands in
// the solicitation.
bool Ipv6::listens_to(const IpAddress& group) {
  const IpAddress on_wire = group.without_zone();
  return on_wire == kAllNodes || on_wire == solicited_node(group) ||
         (group.words()[0] >> 16 == 0xff01 && group.words()[3] == 1);
}

// Hands a fragment to reassembly, and goes on with the packet that it completes.
Disposition Ipv6::reassemble(const Ipv6Packet& ip, const Ipv6Chain& chain, PacketIn& packet,
                             IcmpErrorIn& error) {
  const auto drop = [&](Count why) {
    counters_.add(why);
    return Disposition::kNothing;
  };
  const auto about = [&](std::uint16_t pointer, std::uint8_t code = Ipv6Problem::kErroneousField) {
    return Ipv6Problem{Ipv6Problem::Report::kUnlessMulticast, code, pointer};
  };
  if (network_.reassembler() == nullptr) return drop(Count::drop_ip_fragment);
  const std::uint32_t offset = std::uint32_t{chain.fragment->offset} * 8;
  const std::size_t length = chain.payload.size();
  // Per RFC 8200, 4.5, two errors of the sender are reported.
  if (chain.fragment->more && length % 8 != 0)
    return refuse(Count::drop_ip_fragment, about(kIpv6PayloadLengthAt), packet);
  if (offset + length > kLargestPacket) {
    constexpr std::uint16_t kOffsetBehind = 6;  // of the Fragment header, before its end
    return refuse(Count::drop_ip_fragment,
                  about(static_cast<std::uint16_t>(chain.payload_at - kOffsetBehind)), packet);
  }
  // Per RFC 7112, 5, the first fragment holds the whole chain and the upper-layer header.
  if (offset == 0 && !holds_upper_header(walk_ipv6_behind(chain, chain.payload))) {
    return refuse(Count::drop_ip_fragment, about(0, Ipv6Problem::kIncompleteChain), packet);
  }
  const Fragment fragment{.source = ip.source,
                          .destination = ip.destination,
                          .identification = chain.fragment->identification,
                          .traffic_class = ip.traffic_class,
                          .more = chain.fragment->more,
                          .offset = offset,
                          .largest = kLargestPacket,
                          .header = packet.whole.first(chain.payload_at),
                          .payload = chain.payload};
  Reassembler::Whole made;
  if (!network_.reassembler()->input(fragment, network_.now(), made)) return Disposition::kNothing;
  packet.checksum = ChecksumState::kUnknown;  // a link verifies only packets that came in one piece
  packet.whole = made.packet;
  packet.traffic_class = made.traffic_class;
  const auto first = parse_ipv6_quoted(made.packet);
  if (!first) return drop(Count::drop_ip_malformed);
  const Ipv6Chain whole = walk_ipv6_behind(walk_ipv6(*first), made.payload);
  if (whole.problem) return refuse(Count::drop_ip_options, *whole.problem, packet);
  const Disposition disposition = deliver(ip, whole, packet, error);
  // What answers refer to is valid only until the next fragment.
  if (disposition == Disposition::kNothing) network_.flush();
  return disposition;
}

bool Ipv6::holds_upper_header(const Ipv6Chain& chain) {
  if (chain.problem) return false;
  switch (chain.next_header) {
    case kProtocolTcp: {
      constexpr std::size_t kDataOffset = 12;
      return chain.payload.size() >= kTcpHeaderMin &&
             chain.payload.size() >= std::size_t{get8(chain.payload, kDataOffset)} / 16 * 4;
    }
    case kProtocolUdp:
      return chain.payload.size() >= kUdpHeader;
    case kProtocolIcmp6:
      return chain.payload.size() >= kIcmp6Header;
    default:
      return true;
  }
}

// Hands a whole packet to the protocol behind its extension headers.
Disposition Ipv6::deliver(const Ipv6Packet& ip, const Ipv6Chain& chain, PacketIn& packet,
                          IcmpErrorIn& error) {
  packet.payload = chain.payload;
  const bool to_group = packet.destination.is_multicast();
  const bool tentative = !to_group && !network_.is_local(packet.destination);
  switch (chain.next_header) {
    case kProtocolIcmp6:
      return icmp_input(ip, chain, packet, error);
    case kProtocolTcp:
      if (to_group || tentative || packet.source.is_unspecified()) break;
      counters_.add(Count::packets_delivered);
      return Disposition::kTcp;
    case kProtocolUdp:
      if (tentative || packet.source.is_unspecified() || !network_.accepts_udp()) break;
      counters_.add(Count::packets_delivered);
      return Disposition::kUdp;
    case kIpv6NoNextHeader:
      counters_.add(Count::drop_ip_protocol);
      return Disposition::kNothing;
    default:
      break;
  }
  if (tentative || (to_group && chain.next_header == kProtocolTcp)) {
    counters_.add(Count::drop_ip_address);
    return Disposition::kNothing;
  }
  return refuse(Count::drop_ip_protocol, chain.unrecognized(), packet);
}

Disposition Ipv6::icmp_input(const Ipv6Packet& ip, const Ipv6Chain& chain, const PacketIn& packet,
                             IcmpErrorIn& error) {
  const auto message = parse_icmp6(packet.payload);
  const auto drop = [&](Count why) {
    counters_.add(why);
    return Disposition::kNothing;
  };
  if (!message) return drop(Count::drop_icmp_malformed);
  if (!verify_icmp6_checksum(packet.payload, packet.source.without_zone(),
                             packet.destination.without_zone())) {
    return drop(Count::drop_icmp_checksum);
  }
  counters_.add(Count::packets_delivered);
  switch (message->type) {
    case Icmp6Message::kNeighbourSolicitation:
    case Icmp6Message::kNeighbourAdvertisement: {
      // Per RFC 6980, 5, neighbour discovery is not accepted in fragments.
      if (chain.fragment) return drop(Count::drop_nd_fragment);
      Ipv6Packet received = ip;
      received.source = ip.source.without_zone();
      received.destination = ip.destination.without_zone();
      discovery_.input(packet.interface, *message, received, duplicate_detection_, network_.now());
      return Disposition::kNothing;
    }
    case Icmp6Message::kRedirect:
      return drop(Count::drop_icmp_redirect);
    default:
      break;
  }
  if (packet.source.is_unspecified() ||
      (!packet.destination.is_multicast() && !network_.is_local(packet.destination))) {
    return drop(Count::drop_ip_address);
  }
  PacketOut answer;
  switch (icmp_.input(packet, *message, network_.now(), answer, error)) {
    case Icmp6::Outcome::kError:
      return Disposition::kIcmpError;
    case Icmp6::Outcome::kAnswer:
      // An answer to what was sent to a group comes from an address of this host (RFC 4443, 4.2).
      if (answer.source.is_multicast())
        answer.source = select_source(packet.interface, packet.source);
      icmp_.finish(answer);
      (void)network_.send(answer);  // an echo reply that cannot be sent is dropped
      return Disposition::kNothing;
    case Icmp6::Outcome::kNothing:
      break;
  }
  return Disposition::kNothing;
}

// Drops a packet, and tells its source what is wrong with it where that is allowed.
Disposition Ipv6::refuse(Count why, const Ipv6Problem& problem, const PacketIn& packet) {
  counters_.add(why);
  if (problem.report != Ipv6Problem::Report::kSilent) {
    send_error({Icmp6Message::kParameterProblem, problem.code, problem.pointer, {}}, packet,
               problem.report == Ipv6Problem::Report::kAlways);
  }
  return Disposition::kNothing;
}

void Ipv6::reassembly_timed_out(std::span<const std::byte> quote) {
  const auto ip = parse_ipv6_quoted(quote);
  if (!ip) return;
  PacketIn packet;
  packet.source = ip->source;
  packet.destination = ip->destination;
  packet.whole = quote;
  send_error({Icmp6Message::kTimeExceeded, Icmp6Message::kReassemblyTime, 0, {}}, packet, false);
}

// ---- Sent packets ----

// Per RFC 6437, 3, the flow label is one of the flow, hard to guess and not zero.
std::uint32_t Ipv6::flow_label(const PacketOut& packet) const {
  const std::uint32_t ports =
      packet.transport_length >= 4 ? get32(packet.headers, PacketOut::kHeadroom) : 0;
  std::uint32_t mixed = packet.source.words()[3] * 0x9e3779b9u ^
                        packet.destination.words()[3] * 0x85ebca6bu ^ ports * 0xc2b2ae35u ^
                        packet.destination.words()[1] ^ label_secret_;
  mixed = (mixed ^ mixed >> 15) * 0x2c1b3c6du;
  return mixed >> 12 == 0 ? 1 : mixed >> 12;
}

void Ipv6::emit_header(const PacketOut& packet, std::size_t length, std::span<std::byte> out) {
  const int dscp = packet.dscp == PacketOut::kDefaultDscp ? settings_.dscp : packet.dscp;
  Ipv6Packet ip;
  ip.source = packet.source;
  ip.destination = packet.destination;
  ip.next_header = packet.protocol;
  ip.hop_limit = packet.ttl != 0 ? packet.ttl : settings_.ttl;
  ip.traffic_class = static_cast<std::uint8_t>(dscp << 2 | packet.ecn);
  ip.flow_label = flow_label(packet);
  emit_ipv6(ip, length, out);
}

void Ipv6::send_error(const Icmp6Message& message, const PacketIn& about, bool despite_group) {
  PacketOut packet;
  if (!icmp_.make_error(message, about, despite_group, network_.now(), packet)) return;
  if (packet.source.is_multicast()) {
    packet.source = select_source(about.interface, packet.destination);
    if (packet.source.is_unspecified()) return;
  }
  icmp_.finish(packet);
  if (network_.send(packet) == Sent::kSent) counters_.add(Count::icmp_errors_out);
  // The quoted packet may be gone before the flush at the end of the turn.
  network_.flush();
}

void Ipv6::port_unreachable(const PacketIn& packet) {
  send_error({Icmp6Message::kUnreachable, Icmp6Message::kPortUnreachable, 0, {}}, packet, false);
}

bool Ipv6::make_ping(std::uint16_t identifier, std::uint16_t sequence,
                     std::span<const std::byte> payload, PacketOut& packet) {
  if (payload.size() > Icmp6::kPingPayload) return false;
  Icmp6::make_echo(Icmp6Message::kEchoRequest, identifier, sequence, payload, packet);
  Icmp6::finish(packet);
  return true;
}

// ---- Addresses ----

Error Ipv6::add_address(InterfaceId interface, const Prefix& address, const AddressOptions& options,
                        Instant now) {
  Interfaces& interfaces = network_.interfaces();
  if (!interfaces.has(interface) || interfaces.mtu(interface) < kIpv6MinimumMtu)
    return Error::kInvalidArgument;
  Prefix added = address;
  added.address = address.address.with_zone(zone_of(interface));
  if (!added.address.is_link_local() && interfaces.link_local(interface).is_unspecified()) {
    const std::uint64_t identifier =
        stable_identifier(kLinkLocalPrefix, interfaces.mac(interface), 0, identifier_secret_);
    const Prefix link_local{address_in(kLinkLocalPrefix, identifier).with_zone(zone_of(interface)),
                            64};
    const Error error = duplicate_detection_.add_address(interface, link_local, options, now);
    if (error != Error::kOk) return error;
  }
  return duplicate_detection_.add_address(interface, added, options, now);
}

IpAddress Ipv6::select_source(InterfaceId interface, const IpAddress& destination) const {
  const Addresses& addresses = network_.interfaces().addresses();
  const SourceRequest request{.destination = destination, .interface = interface};
  std::optional<SourceCandidate> best;
  for (std::uint32_t i = 0; i < addresses.size(); ++i) {
    const Address& address = addresses[i];
    if (address.address.is_v4() || !address.in_use()) continue;
    const SourceCandidate candidate{.address = address.address,
                                    .length = address.length,
                                    .interface = address.interface,
                                    .deprecated = address.state == AddressState::kDeprecated};
    if (!may_be_source(candidate, request)) continue;
    if (!best || is_better_source(candidate, *best, request)) best = candidate;
  }
  return best ? best->address : IpAddress();
}

}  // namespace conker
