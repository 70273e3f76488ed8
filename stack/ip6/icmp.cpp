#include "stack/ip6/icmp.hpp"

#include <algorithm>

#include "stack/wire/bytes.hpp"
#include "stack/wire/ipv6.hpp"
#include "stack/wire/ipv6_chain.hpp"
#include "stack/wire/tcp.hpp"
#include "stack/wire/udp.hpp"

namespace conker {
namespace {

// What TCP and UDP need of a quoted packet: ports and sequence number, in bytes.
constexpr std::size_t kQuotedTransport = 8;

// RFC 4443, 3.
IcmpKind kind_of_icmp6(const Icmp6Message& message) {
  switch (message.type) {
    case Icmp6Message::kPacketTooBig:
      return IcmpKind::kTooBig;
    case Icmp6Message::kTimeExceeded:
      return message.code == Icmp6Message::kHopLimitExceeded ? IcmpKind::kTimeExceeded
                                                             : IcmpKind::kFragmentsLost;
    case Icmp6Message::kParameterProblem:
      return message.code == Ipv6Problem::kUnrecognizedNextHeader ? IcmpKind::kProtocolUnreachable
                                                                  : IcmpKind::kParameterProblem;
    default:
      break;
  }
  constexpr std::uint8_t kSourceRefused = 5, kRejectRoute = 6;
  switch (message.code) {
    case Icmp6Message::kNoRoute:
      return IcmpKind::kNetworkUnreachable;
    case Icmp6Message::kProhibited:
    case kSourceRefused:
    case kRejectRoute:
      return IcmpKind::kProhibited;
    case Icmp6Message::kAddressUnreachable:
      return IcmpKind::kHostUnreachable;
    case Icmp6Message::kPortUnreachable:
      return IcmpKind::kPortUnreachable;
    default:
      return IcmpKind::kUnreachable;
  }
}

}  // namespace

Icmp6::Outcome Icmp6::input(const PacketIn& packet, const Icmp6Message& message, Instant now,
                            PacketOut& answer, IcmpErrorIn& error) {
  switch (message.type) {
    case Icmp6Message::kEchoRequest:
      counters_.add(Count::icmp_echo_requests_in);
      answer.source = packet.destination;
      answer.destination = packet.source;
      make_echo(Icmp6Message::kEchoReply, message.identifier(), message.sequence(), message.payload,
                answer);
      return Outcome::kAnswer;
    case Icmp6Message::kEchoReply:
      replies_.add(packet, message.identifier(), message.sequence(), message.payload, now);
      return Outcome::kNothing;
    case Icmp6Message::kUnreachable:
    case Icmp6Message::kPacketTooBig:
    case Icmp6Message::kTimeExceeded:
    case Icmp6Message::kParameterProblem:
      return error_arrives(packet, message, error);
    default:
      counters_.add(Count::drop_icmp_type);
      return Outcome::kNothing;
  }
}

// Accepts an error that quotes a packet which this host may have sent; TCP checks whether the
// segment is in flight (RFC 5927, 4.1).
Icmp6::Outcome Icmp6::error_arrives(const PacketIn& packet, const Icmp6Message& message,
                                    IcmpErrorIn& error) {
  const auto drop = [this](Count why) {
    counters_.add(why);
    return Outcome::kNothing;
  };
  const auto quoted = parse_ipv6_quoted(message.payload);
  if (!quoted) return drop(Count::drop_icmp_malformed);
  const Ipv6Chain chain = walk_ipv6(*quoted);
  const bool first = !chain.fragment || chain.fragment->offset == 0;
  const bool spoken = chain.next_header == kProtocolTcp || chain.next_header == kProtocolUdp;
  const std::uint16_t zone = zone_of(packet.interface);
  const IpAddress source = quoted->source.with_zone(zone);
  if (!spoken || !first || !interfaces_.is_local(source)) return drop(Count::drop_icmp_type);
  if (chain.payload.size() < kQuotedTransport) return drop(Count::drop_icmp_malformed);
  error.error = {kind_of_icmp6(message), message.type, message.code, packet.source};
  error.mtu = error.error.kind == IcmpKind::kTooBig ? message.word : 0;
  // Per RFC 8201, 4, no packet gets smaller than the least MTU of a link.
  if (error.error.kind == IcmpKind::kTooBig && error.mtu < kIpv6MinimumMtu)
    return drop(Count::drop_icmp_mtu);
  counters_.add(Count::icmp_unreachable_in);
  error.protocol = chain.next_header;
  error.tuple = FourTuple{source, quoted->destination.with_zone(zone),
                          Port{get16(chain.payload, 0)}, Port{get16(chain.payload, 2)}};
  error.sequence = Seq(get32(chain.payload, 4));
  return Outcome::kError;
}

bool Icmp6::make_error(const Icmp6Message& message, const PacketIn& about, bool despite_group,
                       Instant now, PacketOut& packet) {
  if (!names_a_host(about.source) || interfaces_.is_own(about.source)) return false;
  if (about.destination.is_multicast() && !despite_group) return false;
  if (!about.destination.is_multicast() && !interfaces_.is_local(about.destination)) return false;
  const auto ip = parse_ipv6_quoted(about.whole);
  if (!ip) return false;
  const Ipv6Chain chain = walk_ipv6(*ip);
  if (chain.fragment && chain.fragment->offset != 0) return false;
  if (chain.next_header == kProtocolIcmp6) {
    if (chain.payload.empty()) return false;
    const std::uint8_t type = get8(chain.payload, 0);
    if (is_icmp6_error(type) || type == Icmp6Message::kRedirect) return false;
  }
  if (!errors_.take(now)) {
    counters_.add(Count::icmp_errors_limited);
    return false;
  }
  constexpr std::size_t kMostQuoted = kIpv6MinimumMtu - kIpv6Header - kIcmp6Header;
  packet.source = about.destination;
  packet.destination = about.source;
  packet.protocol = kProtocolIcmp6;
  packet.transport_length = kIcmp6Header;
  packet.payload = about.whole.first(std::min(about.whole.size(), kMostQuoted));
  emit_icmp6({message.type, message.code, message.word, {}}, IpAddress(), IpAddress(),
             packet.transport());
  return true;
}

void Icmp6::make_echo(std::uint8_t type, std::uint16_t identifier, std::uint16_t sequence,
                      std::span<const std::byte> payload, PacketOut& packet) {
  packet.protocol = kProtocolIcmp6;
  packet.may_fragment = true;
  packet.transport_length = kIcmp6Header;
  packet.payload = payload;
  emit_icmp6({type, 0, std::uint32_t{identifier} << 16 | sequence, {}}, IpAddress(), IpAddress(),
             packet.transport());
}

void Icmp6::finish(PacketOut& packet) {
  auto message = parse_icmp6(packet.transport());
  message->payload = packet.payload;
  emit_icmp6(*message, packet.source.without_zone(), packet.destination.without_zone(),
             packet.transport());
}

}  // namespace conker
