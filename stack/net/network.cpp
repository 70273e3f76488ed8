#include "stack/net/network.hpp"

#include "stack/wire/ethernet.hpp"
#include "stack/wire/icmp4.hpp"
#include "stack/wire/ipv4.hpp"
#include "stack/wire/tcp.hpp"
#include "stack/wire/udp.hpp"

namespace conker {

Network::Network(Arena& arena, const Capacities& capacities, const Settings& settings, const Entropy& entropy,
                 Counters& counters, ChunkPool& chunks)
    : counters_(counters),
      interfaces_(arena, capacities, counters),
      neighbours_(arena, capacities, settings, entropy, counters, chunks, interfaces_),
      icmp_(arena, counters, interfaces_) {}

// ---- Up ----

Network::Upward Network::input(InterfaceId interface, const FrameIn& frame, PacketIn& packet,
                               Unreachable& unreachable) {
  counters_.add(Count::frames_in);
  const auto drop = [&](Count why) {
    counters_.add(why);
    return Upward::kNothing;
  };
  const auto ethernet = parse_ethernet(frame.bytes);
  if (!ethernet) return drop(Count::drop_frame_runt);
  const bool broadcast = ethernet->destination == MacAddress::broadcast();
  if (!broadcast && ethernet->destination != interfaces_.mac(interface)) {
    return drop(Count::drop_frame_other_host);
  }
  switch (ethernet->type) {
    case kEtherTypeArp:
      neighbours_.input(interface, ethernet->payload, now_);
      return Upward::kNothing;
    case kEtherTypeIpv4:
      return ipv4_input(interface, frame, ethernet->payload, broadcast, packet, unreachable);
    default:
      return drop(Count::drop_frame_ethertype);
  }
}

Network::Upward Network::ipv4_input(InterfaceId interface, const FrameIn& frame,
                                    std::span<const std::byte> bytes, bool broadcast, PacketIn& packet,
                                    Unreachable& unreachable) {
  counters_.add(Count::packets_in);
  const auto drop = [&](Count why) {
    counters_.add(why);
    return Upward::kNothing;
  };
  const auto ip = parse_ipv4(bytes);
  // Source routes are refused: nobody honest uses them any more (RFC 7126, 4.3).
  if (!ip || ip->source_routed) return drop(Count::drop_ip_malformed);
  if (!verify_ipv4_checksum(bytes)) return drop(Count::drop_ip_checksum);
  // A broadcast on the link with the address of one host in it is not for answering (RFC 1122, 3.3.6). Only
  // UDP takes what is for everybody.
  const bool to_all = udp_ && ip->protocol == kProtocolUdp && interfaces_.is_broadcast(ip->destination);
  if (!to_all && (broadcast || !interfaces_.is_local(ip->destination))) return drop(Count::drop_ip_address);
  if (ip->source.is_multicast() || ip->source.is_unspecified() || ip->source.is_loopback() ||
      interfaces_.is_local(ip->source) || interfaces_.is_broadcast(ip->source)) {
    return drop(Count::drop_ip_source);
  }
  if (ip->is_fragment()) return drop(Count::drop_ip_fragment);
  const bool udp = udp_ && ip->protocol == kProtocolUdp;
  if (ip->protocol != kProtocolTcp && ip->protocol != kProtocolIcmp && !udp) {
    return drop(Count::drop_ip_protocol);
  }

  counters_.add(Count::packets_delivered);
  packet = PacketIn{ip->source, ip->destination, interface, frame.checksum, ip->payload};
  if (ip->protocol == kProtocolTcp) return Upward::kTcp;
  if (udp) return Upward::kUdp;

  PacketOut answer;
  switch (icmp_.input(packet, ip->ttl, now_, answer, unreachable)) {
    case Icmp::Outcome::kUnreachable:
      return Upward::kUnreachable;
    case Icmp::Outcome::kAnswer:
      (void)send(answer);
      return Upward::kNothing;  // lost pings are nobody's loss
    case Icmp::Outcome::kNothing:
      break;
  }
  return Upward::kNothing;
}

bool Network::next_echo_reply(EchoReply& reply) {
  return icmp_.next_reply(reply);
}

void Network::timers() {
  neighbours_.timers(now_);
}

Instant Network::next_deadline() const {
  return neighbours_.next_deadline();
}

// ---- Down ----

Sent Network::send(PacketOut& packet) {
  const auto drop = [&](Count why) {
    counters_.add(why);
    return Sent::kDropped;
  };
  const auto hop = interfaces_.route(packet.destination);
  if (!hop) return drop(Count::drop_ip_no_route);
  std::size_t length = packet.transport_length;
  for (std::size_t i = 0; i < packet.payload_parts; ++i) length += packet.payload[i].size();
  if (kIpv4HeaderMin + length > interfaces_.mtu(hop->interface)) return drop(Count::drop_ip_too_big);

  // The parts of the frame: all headers, then the payload as it is.
  constexpr std::size_t kIpAt = PacketOut::kHeadroom - kIpv4HeaderMin;
  constexpr std::size_t kEthernetAt = kIpAt - kEthernetHeader;
  const auto headers = std::span(packet.headers).first(PacketOut::kHeadroom + packet.transport_length);
  FrameOut frame;
  frame.count = static_cast<std::uint8_t>(1 + packet.payload_parts);
  for (std::size_t i = 0; i < packet.payload_parts; ++i) frame.parts[1 + i] = packet.payload[i];

  Ipv4Packet ip;
  ip.source = packet.source;
  ip.destination = packet.destination;
  ip.protocol = packet.protocol;
  emit_ipv4(ip, length, headers.subspan(kIpAt));

  const auto mac = neighbours_.find(*hop, now_);
  if (!mac) {
    // Nobody but ourselves could answer for an address of our own.
    if (interfaces_.is_local(packet.destination)) return drop(Count::drop_ip_no_route);
    frame.parts[0] = headers.subspan(kIpAt);
    if (!neighbours_.enqueue(*hop, std::span(frame.parts).first(frame.count), now_)) return Sent::kDropped;
    counters_.add(Count::packets_out);
    return Sent::kSent;
  }
  frame.parts[0] = headers.subspan(kEthernetAt);
  emit_ethernet({*mac, interfaces_.mac(hop->interface), kEtherTypeIpv4, {}}, headers.subspan(kEthernetAt));
  if (!interfaces_.send(hop->interface, frame, now_)) return Sent::kBusy;
  counters_.add(Count::packets_out);
  return Sent::kSent;
}

void Network::flush() {
  interfaces_.flush(now_);
}

Error Network::ping(const IpAddress& to, std::uint16_t identifier, std::uint16_t sequence,
                    std::span<const std::byte> payload) {
  if (payload.size() > Icmp::kPingPayload) return Error::kInvalidArgument;
  const auto hop = interfaces_.route(to);
  if (!hop || is_local(to)) return Error::kNoRoute;
  if (kIpv4HeaderMin + kIcmp4Header + payload.size() > interfaces_.mtu(hop->interface)) {
    return Error::kInvalidArgument;
  }
  PacketOut packet;
  Icmp::make_echo(Icmp4Message::kEchoRequest, hop->source, to, identifier, sequence, payload, packet);
  // A ping that the link does not take now is a ping without an answer.
  if (send(packet) == Sent::kSent) counters_.add(Count::icmp_echo_requests_out);
  // The payload is the caller's and good only during this call.
  interfaces_.flush(hop->interface, now_);
  return Error::kOk;
}

// ---- What there is ----

Result<InterfaceId> Network::add_interface(Link& link, const MacAddress& mac, std::uint16_t mtu) {
  return interfaces_.add(link, mac, mtu);
}

Error Network::add_address(InterfaceId interface, const Prefix& address) {
  return interfaces_.add_address(interface, address);
}

Error Network::set_gateway(const IpAddress& gateway) {
  return interfaces_.set_gateway(gateway);
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
  return interfaces_.address_count();
}

IpAddress Network::address(std::uint32_t index) const {
  return interfaces_.address(index);
}

bool Network::leads_to(std::uint32_t index, const IpAddress& remote) const {
  const auto hop = interfaces_.route(remote);
  return hop && interfaces_.is_local_to(hop->interface, address(index));
}

bool Network::neighbour_missing(const IpAddress& remote) const {
  const auto hop = interfaces_.route(remote);
  return hop && neighbours_.missing(*hop);
}

std::uint64_t Network::chunks_held() const {
  return neighbours_.chunks_held();
}

}  // namespace conker
