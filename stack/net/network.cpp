#include "stack/net/network.hpp"

#include <algorithm>

#include "stack/wire/bytes.hpp"
#include "stack/wire/ethernet.hpp"
#include "stack/wire/icmp4.hpp"
#include "stack/wire/ipv4.hpp"
#include "stack/wire/tcp.hpp"
#include "stack/wire/udp.hpp"

namespace conker {
namespace {

// Offsets of the headers in PacketOut::headers.
constexpr std::size_t kIpAt = PacketOut::kHeadroom - kIpv4HeaderMin;
constexpr std::size_t kEthernetAt = kIpAt - kEthernetHeader;

}  // namespace

Network::Network(Arena& arena, const Capacities& capacities, const Settings& settings,
                 const Entropy& entropy, Counters& counters, ChunkPool& chunks)
    : counters_(counters),
      chunks_(chunks),
      interfaces_(arena, capacities, counters),
      neighbours_(arena, capacities, settings, entropy, counters, chunks, interfaces_),
      conflict_detection_(interfaces_, counters, SipKey{entropy.words[6], entropy.words[7]}),
      icmp_(arena, counters, settings, interfaces_),
      identifications_(SipKey{entropy.words[6], entropy.words[7]}, kPurpose),
      destinations_(arena, capacities.destinations),
      ttl_(settings.ttl),
      traffic_class_(static_cast<std::uint8_t>(settings.dscp << 2)) {}

// ---- Received packets ----

Network::Disposition Network::input(InterfaceId interface, const FrameIn& frame, PacketIn& packet,
                                    Unreachable& unreachable) {
  counters_.add(Count::frames_in);
  const auto drop = [&](Count why) {
    counters_.add(why);
    return Disposition::kNothing;
  };
  const auto ethernet = parse_ethernet(frame.bytes);
  if (!ethernet) return drop(Count::drop_frame_runt);
  const bool broadcast = ethernet->destination == MacAddress::broadcast();
  if (!broadcast && ethernet->destination != interfaces_.mac(interface)) {
    return drop(Count::drop_frame_other_host);
  }
  switch (ethernet->type) {
    case kEtherTypeArp:
      arp_input(interface, ethernet->payload);
      return Disposition::kNothing;
    case kEtherTypeIpv4:
      return ipv4_input(interface, frame, ethernet->payload, broadcast, packet, unreachable);
    default:
      return drop(is_vlan_tag(ethernet->type) ? Count::drop_frame_vlan
                                              : Count::drop_frame_ethertype);
  }
}

std::optional<FourTuple> Network::peek_syn(const FrameIn& frame) {
  constexpr std::size_t kIp = kEthernetHeader, kTcp = kIp + kIpv4HeaderMin;
  constexpr std::uint8_t kVersionAndLength = 4 << 4 | kIpv4HeaderMin / 4;
  constexpr std::size_t kProtocol = kIp + 9, kFlags = kTcp + 13;
  const auto bytes = frame.bytes;
  if (bytes.size() < kTcp + kTcpHeaderMin || get8(bytes, kFlags) != TcpFlags::kSyn ||
      get8(bytes, kIp) != kVersionAndLength || get8(bytes, kProtocol) != kProtocolTcp) {
    return std::nullopt;
  }
  return FourTuple{get_ipv4(bytes, kIp + 16), get_ipv4(bytes, kIp + 12),
                   Port{get16(bytes, kTcp + 2)}, Port{get16(bytes, kTcp)}};
}

void Network::arp_input(InterfaceId interface, std::span<const std::byte> bytes) {
  const auto packet = parse_arp(bytes);
  if (!packet) return counters_.add(Count::drop_arp_malformed);
  counters_.add(Count::arp_in);
  // A frame of this host's own that came back over a hub or a second interface, or one whose sender
  // address is no single host's (RFC 1812, 3.3.2), is neither a conflict, nor answered, nor
  // learned.
  if (packet->sender_mac.is_group() || packet->sender_mac == MacAddress() ||
      interfaces_.is_own_mac(packet->sender_mac)) {
    return counters_.add(Count::drop_arp_sender);
  }
  conflict_detection_.input(interface, *packet, now_);
  neighbours_.input(interface, *packet, now_);
}

Network::Disposition Network::ipv4_input(InterfaceId interface, const FrameIn& frame,
                                         std::span<const std::byte> bytes, bool broadcast,
                                         PacketIn& packet, Unreachable& unreachable) {
  counters_.add(Count::packets_in);
  const auto drop = [&](Count why) {
    counters_.add(why);
    return Disposition::kNothing;
  };
  const auto ip = parse_ipv4(bytes);
  if (!ip) return drop(Count::drop_ip_malformed);
  if (!verify_ipv4_checksum(bytes)) return drop(Count::drop_ip_checksum);
  // A packet for one host in a link-layer broadcast is not answered (RFC 1122, 3.3.6). Broadcasts
  // are delivered to UDP only.
  const bool udp = udp_ && ip->protocol == kProtocolUdp;
  const Destination* destination = cached_destination(ip->destination, ip->source);
  if (broadcast || destination == nullptr || !destination->accepted) {
    if (!accept_addresses(*ip, broadcast, udp)) return Disposition::kNothing;
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
  packet.interface = interface;
  packet.checksum = frame.checksum;
  packet.payload = ip->payload;
  packet.whole = whole;
  packet.ttl = ip->ttl;
  packet.traffic_class = ip->traffic_class;
  if (ip->is_fragment()) {
    if (reassembler_ == nullptr) return drop(Count::drop_ip_fragment);
    Reassembler::Whole made;
    if (!reassembler_->input(*ip, whole, now_, made)) return Disposition::kNothing;
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
  return icmp_input(packet, ip->is_fragment(), unreachable);
}

// Whether a packet whose addresses are not in the destination cache is accepted for them.
bool Network::accept_addresses(const Ipv4Packet& ip, bool broadcast, bool udp) {
  const bool to_all = udp && interfaces_.is_broadcast(ip.destination);
  if (!to_all && (broadcast || !interfaces_.is_local(ip.destination))) {
    counters_.add(Count::drop_ip_address);
    return false;
  }
  // Martian sources (RFC 1812, 5.3.7; RFC 6890), and the host's own addresses.
  if (!names_a_host(ip.source) || interfaces_.is_local(ip.source) ||
      interfaces_.is_broadcast(ip.source)) {
    counters_.add(Count::drop_ip_source);
    return false;
  }
  if (!to_all) {
    destinations_.claim(ip.destination.v4_bits(), ip.source.v4_bits(), interfaces_.epoch())
        .accepted = true;
  }
  return true;
}

Network::Disposition Network::icmp_input(const PacketIn& packet, bool reassembled,
                                         Unreachable& unreachable) {
  PacketOut answer;
  switch (icmp_.input(packet, now_, answer, unreachable)) {
    case Icmp::Disposition::kUnreachable:
      return Disposition::kUnreachable;
    case Icmp::Disposition::kAnswer:
      (void)send(answer);        // an echo reply that cannot be sent is dropped
      if (reassembled) flush();  // the packet is valid only until the next fragment
      return Disposition::kNothing;
    case Icmp::Disposition::kNothing:
      break;
  }
  return Disposition::kNothing;
}

bool Network::next_echo_reply(EchoReply& reply) {
  return icmp_.next_reply(reply);
}

void Network::timers() {
  neighbours_.timers(now_);
  conflict_detection_.timers(now_);
  if (reassembler_ == nullptr) return;
  for (std::span<const std::byte> quote; reassembler_->expire(now_, quote);) {
    // Per RFC 792, no error is sent when the first fragment is missing, since only that can be
    // quoted.
    if (!quote.empty())
      send_error(Icmp4Message::kTimeExceeded, Icmp4Message::kReassemblyTime, 0, quote);
  }
}

Instant Network::next_deadline() const {
  const Instant arp = std::min(neighbours_.next_deadline(), conflict_detection_.next_deadline());
  return reassembler_ == nullptr ? arp : std::min(arp, reassembler_->next_deadline());
}

// ---- Sent packets ----

// Makes the IP header. The identification reveals neither how much this host sends nor the next
// value (RFC 7739, 3). Packets that are never fragmented may have any (RFC 6864, 4.1): one rule
// serves both.
Ipv4Packet Network::header_for(const PacketOut& packet) {
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

Sent Network::send(PacketOut& packet) {
  PacketOut::Few few;
  const auto parts = packet.parts(few);
  parts[0] = packet.transport();
  const std::size_t length = FrameOut{parts}.size();
  const Destination* destination = cached_destination(packet.source, packet.destination);
  const bool known =
      destination != nullptr && destination->routed && now_ < destination->known_until;
  if (known && (kIpv4HeaderMin + length <= destination->mtu || packet.segment != 0)) {
    return send_cached(*destination, packet, parts, length);
  }
  return send_routed(packet, parts, length);
}

Sent Network::send_cached(const Destination& destination, PacketOut& packet,
                          PacketOut::Pieces parts, std::size_t length) {
  neighbours_.touch(destination.neighbour);
  const auto headers =
      std::span(packet.headers).first(PacketOut::kHeadroom + packet.transport_length);
  emit_ipv4(header_for(packet), length, headers.subspan(kIpAt));
  std::ranges::copy(destination.ethernet, headers.begin() + kEthernetAt);
  parts[0] = headers.subspan(kEthernetAt);
  if (!interfaces_.send(destination.interface, FrameOut{parts, packet.segment}, now_))
    return Sent::kBusy;
  counters_.add(Count::packets_out);
  return Sent::kSent;
}

Sent Network::send_routed(PacketOut& packet, PacketOut::Pieces parts, std::size_t length) {
  const auto drop = [&](Count why) {
    counters_.add(why);
    return Sent::kDropped;
  };
  const auto hop = interfaces_.route(packet.destination);
  if (!hop) return drop(Count::drop_ip_no_route);
  const auto headers =
      std::span(packet.headers).first(PacketOut::kHeadroom + packet.transport_length);
  if (kIpv4HeaderMin + length > interfaces_.mtu(hop->interface) && packet.segment == 0) {
    const bool here = packet.may_fragment && packet.pieces.empty();
    if (!here || kIpv4HeaderMin + length > 65535) return drop(Count::drop_ip_too_big);
    return send_fragments(*hop, header_for(packet), packet, length);
  }
  return transmit(*hop, header_for(packet), headers, parts, packet.segment);
}

void Network::remember(const Hop& hop, const Neighbours::Known& known, const Ipv4Packet& ip) {
  Destination& destination =
      destinations_.claim(ip.source.v4_bits(), ip.destination.v4_bits(), interfaces_.epoch());
  destination.routed = true;
  destination.ours = is_local(ip.source) && !is_local(ip.destination);
  destination.interface = hop.interface;
  destination.mtu = interfaces_.mtu(hop.interface);
  destination.neighbour = known.index;
  destination.known_until = known.until;
  emit_ethernet({known.mac, interfaces_.mac(hop.interface), kEtherTypeIpv4, {}},
                destination.ethernet);
}

std::uint32_t Network::segmentation(const IpAddress& remote) {
  const auto hop = interfaces_.route(remote);
  // A packet that is queued for a neighbour must fit the link's MTU.
  return hop && neighbours_.find(*hop, now_) ? interfaces_.segmentation(hop->interface) : 0;
}

// Sends one packet or fragment: its IP header is written in `headers` before PacketOut::kHeadroom,
// where the transport protocol's begins; the payload is in the parts from the second on.
Sent Network::transmit(const Hop& hop, const Ipv4Packet& ip, std::span<std::byte> headers,
                       PacketOut::Pieces parts, std::uint16_t segment) {
  const FrameOut frame{parts, segment};
  parts[0] = headers.subspan(PacketOut::kHeadroom);
  emit_ipv4(ip, frame.size(), headers.subspan(kIpAt));

  const auto known = neighbours_.find(hop, now_);
  if (!known) {
    // No host but this one could answer an ARP request for its own address.
    if (interfaces_.is_local(hop.next)) {
      counters_.add(Count::drop_ip_no_route);
      return Sent::kDropped;
    }
    parts[0] = headers.subspan(kIpAt);
    if (!neighbours_.enqueue(hop, parts, now_)) return Sent::kDropped;
    counters_.add(Count::packets_out);
    return Sent::kSent;
  }
  parts[0] = headers.subspan(kEthernetAt);
  emit_ethernet({known->mac, interfaces_.mac(hop.interface), kEtherTypeIpv4, {}},
                headers.subspan(kEthernetAt));
  remember(hop, *known, ip);
  if (!interfaces_.send(hop.interface, frame, now_)) return Sent::kBusy;
  counters_.add(Count::packets_out);
  return Sent::kSent;
}

void Network::send_error(std::uint8_t type, std::uint8_t code, std::uint16_t upper,
                         std::span<const std::byte> about) {
  PacketOut packet;
  if (!icmp_.make_error(type, code, upper, about, now_, packet)) return;
  if (send(packet) == Sent::kSent) counters_.add(Count::icmp_errors_out);
  // The quoted packet may be gone before the flush at the end of the turn.
  flush();
}

void Network::port_unreachable(const PacketIn& packet) {
  send_error(Icmp4Message::kUnreachable, Icmp4Message::kPortUnreachable, 0, packet.whole);
}

void Network::flush() {
  interfaces_.flush(now_);
}

Error Network::ping(const IpAddress& to, std::uint16_t identifier, std::uint16_t sequence,
                    std::span<const std::byte> payload) {
  if (payload.size() > Icmp::kPingPayload) return Error::kInvalidArgument;
  const auto hop = interfaces_.route(to);
  if (!hop || is_local(to)) return Error::kNoRoute;
  PacketOut packet;
  Icmp::make_echo(Icmp4Message::kEchoRequest, hop->source, to, identifier, sequence, payload,
                  packet);
  // An echo request that the link cannot take now is dropped.
  if (send(packet) == Sent::kSent) counters_.add(Count::icmp_echo_requests_out);
  // The payload belongs to the caller and is valid only during this call.
  interfaces_.flush(hop->interface, now_);
  return Error::kOk;
}

// ---- Queries ----

Result<InterfaceId> Network::add_interface(Link& link, const MacAddress& mac, std::uint16_t mtu) {
  return interfaces_.add(link, mac, mtu);
}

Error Network::add_address(InterfaceId interface, const Prefix& address,
                           const AddressOptions& options) {
  return conflict_detection_.add_address(interface, address, options, now_);
}

void Network::link_up(InterfaceId interface) {
  neighbours_.doubt(interface);
  conflict_detection_.link_up(interface, now_);
}

Error Network::set_gateway(const IpAddress& gateway) {
  return interfaces_.set_gateway(gateway);
}

void Network::use_reassembler(Reassembler& reassembler, const Settings& settings) {
  reassembler.attach(chunks_, counters_, settings);
  reassembler_ = &reassembler;
}

bool Network::is_local(const IpAddress& address) const {
  return interfaces_.is_local(address);
}

Result<IpAddress> Network::source_for(const IpAddress& remote) const {
  const auto hop = interfaces_.route(remote);
  if (!hop || is_local(remote)) return Error::kNoRoute;
  return hop->source;
}

std::uint16_t Network::mtu_towards(const IpAddress& remote) const {
  const auto hop = interfaces_.route(remote);
  return hop ? interfaces_.mtu(hop->interface) : kIpv4MinimumMtu;
}

std::uint32_t Network::address_count() const {
  return interfaces_.addresses().size();
}

IpAddress Network::address(std::uint32_t index) const {
  return interfaces_.addresses()[index].address;
}

bool Network::leads_to(std::uint32_t index, const IpAddress& remote) const {
  const auto hop = interfaces_.route(remote);
  return hop && interfaces_.is_local_to(hop->interface, address(index));
}

void Network::doubt_neighbour(const IpAddress& remote) {
  if (const auto hop = interfaces_.route(remote)) neighbours_.doubt(*hop, now_);
}

bool Network::neighbour_missing(const IpAddress& remote) const {
  const auto hop = interfaces_.route(remote);
  return hop && neighbours_.missing(*hop);
}

bool Network::fragments_balance() const {
  const auto n = [this](Count count) { return counters_[count]; };
  const std::uint64_t held = reassembler_ == nullptr ? 0 : reassembler_->fragments_held();
  std::uint64_t ended = n(Count::fragments_reassembled);
  for (const Count why :
       {Count::drop_fragment_malformed, Count::drop_fragment_overlap, Count::drop_fragment_repeated,
        Count::drop_fragment_timeout, Count::drop_fragment_room}) {
    ended += n(why);
  }
  return n(Count::fragments_in) == ended + held;
}

}  // namespace conker
