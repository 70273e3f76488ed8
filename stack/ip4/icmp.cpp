#include "stack/ip4/icmp.hpp"

#include <algorithm>

#include "stack/wire/bytes.hpp"
#include "stack/wire/ipv4.hpp"
#include "stack/wire/tcp.hpp"
#include "stack/wire/udp.hpp"

namespace conker {
namespace {

// The least that an error quotes of a TCP header (RFC 792): ports and sequence number, in bytes.
constexpr std::size_t kQuotedBytes = 8;
// The smallest MTU of the Internet protocol (RFC 791, 3.2); an error that claims less is an attempt
// to make this host send small segments (RFC 1191, 7.1).
constexpr std::uint16_t kLeastMtu = 68;

IcmpKind kind_of(const Icmp4Message& message) {
  if (message.type == Icmp4Message::kTimeExceeded)
    return message.code == 0 ? IcmpKind::kTimeExceeded : IcmpKind::kFragmentsLost;
  if (message.type == Icmp4Message::kParameterProblem) return IcmpKind::kParameterProblem;
  constexpr auto kCodes = static_cast<std::uint8_t>(IcmpKind::kUnreachable);
  return message.code < kCodes ? IcmpKind{message.code} : IcmpKind::kUnreachable;
}

}  // namespace

Icmp4::Outcome Icmp4::input(const PacketIn& packet, Instant now, PacketOut& answer,
                            IcmpErrorIn& error) {
  const auto message = parse_icmp4(packet.payload);
  if (!message) {
    counters_.add(Count::drop_icmp_malformed);
    return Outcome::kNothing;
  }
  // A link verifies checksums of TCP only.
  if (!verify_icmp4_checksum(packet.payload)) {
    counters_.add(Count::drop_icmp_checksum);
    return Outcome::kNothing;
  }
  switch (message->type) {
    case Icmp4Message::kEchoRequest:
      return echo_request(packet, *message, answer);
    case Icmp4Message::kEchoReply:
      replies_.add(packet, message->upper, message->lower, message->payload, now);
      return Outcome::kNothing;
    case Icmp4Message::kUnreachable:
    case Icmp4Message::kTimeExceeded:
    case Icmp4Message::kParameterProblem:
      return error_arrives(*message, packet.source, error);
    case Icmp4Message::kRedirect:
      counters_.add(Count::drop_icmp_redirect);
      return Outcome::kNothing;
    default:
      counters_.add(Count::drop_icmp_type);
      return Outcome::kNothing;
  }
}

// Per RFC 1122, 3.2.2.6, the reply carries the request's data and comes from the address that the
// request was sent to.
Icmp4::Outcome Icmp4::echo_request(const PacketIn& packet, const Icmp4Message& message,
                                   PacketOut& answer) {
  counters_.add(Count::icmp_echo_requests_in);
  make_echo(Icmp4Message::kEchoReply, packet.destination, packet.source, message.upper,
            message.lower, message.payload, answer);
  return Outcome::kAnswer;
}

// Accepts an error that quotes a TCP segment which this host may have sent; TCP checks whether the
// segment is in flight (RFC 5927, 4.1).
Icmp4::Outcome Icmp4::error_arrives(const Icmp4Message& message, const IpAddress& from,
                                    IcmpErrorIn& error) {
  const auto drop = [this](Count why) {
    counters_.add(why);
    return Outcome::kNothing;
  };
  const auto quoted = parse_ipv4_quoted(message.payload);
  if (!quoted || quoted->payload.size() < kQuotedBytes) return drop(Count::drop_icmp_malformed);
  const bool spoken = quoted->protocol == kProtocolTcp || quoted->protocol == kProtocolUdp;
  if (!spoken || quoted->fragment_offset != 0 || !interfaces_.is_local(quoted->source)) {
    return drop(Count::drop_icmp_type);
  }
  error.error = {kind_of(message), message.type, message.code, from};
  error.mtu = error.error.kind == IcmpKind::kTooBig ? message.lower : 0;
  if (error.mtu != 0 && error.mtu < kLeastMtu) return drop(Count::drop_icmp_mtu);
  counters_.add(Count::icmp_unreachable_in);
  error.protocol = quoted->protocol;
  error.tuple = FourTuple{quoted->source, quoted->destination, Port{get16(quoted->payload, 0)},
                          Port{get16(quoted->payload, 2)}};
  error.sequence = Seq(get32(quoted->payload, 4));
  return Outcome::kError;
}

bool Icmp4::make_error(std::uint8_t type, std::uint8_t code, std::uint16_t upper,
                       std::span<const std::byte> about, Instant now, PacketOut& packet) {
  const auto ip = parse_ipv4_quoted(about);
  if (!ip || ip->fragment_offset != 0 || !interfaces_.is_local(ip->destination) ||
      !names_a_host(ip->source) || interfaces_.is_broadcast(ip->source) ||
      interfaces_.is_local(ip->source)) {
    return false;
  }
  if (ip->protocol == kProtocolIcmp &&
      (ip->payload.empty() || !is_icmp4_query(get8(ip->payload, 0)))) {
    return false;
  }
  if (!errors_.take(now)) {
    counters_.add(Count::icmp_errors_limited);
    return false;
  }
  const std::size_t header = kIpv4HeaderMin + ip->options.size();
  packet.source = ip->destination;
  packet.destination = ip->source;
  packet.protocol = kProtocolIcmp;
  packet.transport_length = kIcmp4Header;
  packet.payload = about.first(header + std::min(ip->payload.size(), kQuotedBytes));
  emit_icmp4({type, code, upper, 0, packet.payload}, packet.transport());
  return true;
}

void Icmp4::make_echo(std::uint8_t type, const IpAddress& source, const IpAddress& destination,
                      std::uint16_t identifier, std::uint16_t sequence,
                      std::span<const std::byte> payload, PacketOut& packet) {
  packet.source = source;
  packet.destination = destination;
  packet.protocol = kProtocolIcmp;
  packet.may_fragment = true;
  packet.transport_length = kIcmp4Header;
  packet.payload = payload;
  emit_icmp4({type, 0, identifier, sequence, payload}, packet.transport());
}

}  // namespace conker
