#include "stack/net/icmp.hpp"

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

}  // namespace

Icmp::Disposition Icmp::input(const PacketIn& packet, Instant now, PacketOut& answer,
                              Unreachable& unreachable) {
  const auto message = parse_icmp4(packet.payload);
  if (!message) {
    counters_.add(Count::drop_icmp_malformed);
    return Disposition::kNothing;
  }
  // A link verifies checksums of TCP only.
  if (!verify_icmp4_checksum(packet.payload)) {
    counters_.add(Count::drop_icmp_checksum);
    return Disposition::kNothing;
  }
  switch (message->type) {
    case Icmp4Message::kEchoRequest:
      return echo_request(packet, *message, answer);
    case Icmp4Message::kEchoReply:
      echo_reply(packet, *message, now);
      return Disposition::kNothing;
    case Icmp4Message::kUnreachable:
    case Icmp4Message::kTimeExceeded:
    case Icmp4Message::kParameterProblem:
      unreachable.from = packet.source;
      return error(*message, unreachable);
    case Icmp4Message::kRedirect:
      counters_.add(Count::drop_icmp_redirect);
      return Disposition::kNothing;
    default:
      counters_.add(Count::drop_icmp_type);
      return Disposition::kNothing;
  }
}

// Per RFC 1122, 3.2.2.6, the reply carries the request's data and comes from the address that the
// request was sent to.
Icmp::Disposition Icmp::echo_request(const PacketIn& packet, const Icmp4Message& message,
                                     PacketOut& answer) {
  counters_.add(Count::icmp_echo_requests_in);
  make_echo(Icmp4Message::kEchoReply, packet.destination, packet.source, message.upper,
            message.lower, message.payload, answer);
  return Disposition::kAnswer;
}

void Icmp::echo_reply(const PacketIn& packet, const Icmp4Message& message, Instant now) {
  counters_.add(Count::icmp_echo_replies_in);
  if (waiting_ == kReplies) {
    first_ = (first_ + 1) % kReplies;
    --waiting_;
    counters_.add(Count::drop_echo_reply_queue);
  }
  EchoReply& reply = replies_[(first_ + waiting_++) % kReplies];
  reply = EchoReply{packet.source,
                    message.upper,
                    message.lower,
                    packet.ttl,
                    static_cast<std::uint16_t>(message.payload.size()),
                    now,
                    {}};
  std::ranges::copy(message.payload.first(std::min(message.payload.size(), reply.head.size())),
                    reply.head.begin());
}

bool Icmp::next_reply(EchoReply& reply) {
  if (waiting_ == 0) return false;
  reply = replies_[first_];
  first_ = (first_ + 1) % kReplies;
  --waiting_;
  return true;
}

// Accepts an error that quotes a TCP segment which this host may have sent; TCP checks whether the
// segment is in flight (RFC 5927, 4.1).
Icmp::Disposition Icmp::error(const Icmp4Message& message, Unreachable& unreachable) {
  const auto drop = [this](Count why) {
    counters_.add(why);
    return Disposition::kNothing;
  };
  const auto quoted = parse_ipv4_quoted(message.payload);
  if (!quoted || quoted->payload.size() < kQuotedBytes) return drop(Count::drop_icmp_malformed);
  const bool spoken = quoted->protocol == kProtocolTcp || quoted->protocol == kProtocolUdp;
  if (!spoken || quoted->fragment_offset != 0 || !interfaces_.is_local(quoted->source)) {
    return drop(Count::drop_icmp_type);
  }
  unreachable.mtu = 0;
  if (message.type == Icmp4Message::kUnreachable &&
      message.code == Icmp4Message::kFragmentationNeeded) {
    unreachable.mtu = message.lower;
    if (unreachable.mtu != 0 && unreachable.mtu < kLeastMtu) return drop(Count::drop_icmp_mtu);
  }
  counters_.add(Count::icmp_unreachable_in);
  unreachable.type = message.type;
  unreachable.code = message.code;
  unreachable.protocol = quoted->protocol;
  unreachable.tuple = FourTuple{quoted->source, quoted->destination,
                                Port{get16(quoted->payload, 0)}, Port{get16(quoted->payload, 2)}};
  unreachable.sequence = Seq(get32(quoted->payload, 4));
  return Disposition::kUnreachable;
}

bool Icmp::make_error(std::uint8_t type, std::uint8_t code, std::uint16_t upper,
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

void Icmp::make_echo(std::uint8_t type, const IpAddress& source, const IpAddress& destination,
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
