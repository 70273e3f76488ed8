#include "stack/net/icmp.hpp"

#include <algorithm>

#include "stack/wire/bytes.hpp"
#include "stack/wire/ipv4.hpp"
#include "stack/wire/tcp.hpp"
#include "stack/wire/udp.hpp"

namespace conker {
namespace {

// What an error quotes of a TCP header at least (RFC 792): ports and sequence number.
constexpr std::size_t kQuotedBytes = 8;

}  // namespace

Icmp::Outcome Icmp::input(const PacketIn& packet, std::uint8_t ttl, Instant now, PacketOut& answer,
                          Unreachable& unreachable) {
  const auto message = parse_icmp4(packet.payload);
  if (!message) {
    counters_.add(Count::drop_icmp_malformed);
    return Outcome::kNothing;
  }
  // Links vouch for TCP only.
  if (!verify_icmp4_checksum(packet.payload)) {
    counters_.add(Count::drop_icmp_checksum);
    return Outcome::kNothing;
  }
  switch (message->type) {
    case Icmp4Message::kEchoRequest:
      return echo_request(packet, *message, answer);
    case Icmp4Message::kEchoReply:
      echo_reply(packet, *message, ttl, now);
      return Outcome::kNothing;
    case Icmp4Message::kUnreachable:
      return destination_unreachable(*message, unreachable);
    default:
      counters_.add(Count::drop_icmp_type);
      return Outcome::kNothing;
  }
}

// RFC 1122, 3.2.2.6: the answer carries the same data, from the address that was asked.
Icmp::Outcome Icmp::echo_request(const PacketIn& packet, const Icmp4Message& message, PacketOut& answer) {
  const auto hop = interfaces_.route(packet.source);
  if (!hop || kIpv4HeaderMin + packet.payload.size() > interfaces_.mtu(hop->interface)) {
    counters_.add(Count::drop_icmp_malformed);
    return Outcome::kNothing;
  }
  counters_.add(Count::icmp_echo_requests_in);
  make_echo(Icmp4Message::kEchoReply, packet.destination, packet.source, message.upper, message.lower,
            message.payload, answer);
  return Outcome::kAnswer;
}

void Icmp::echo_reply(const PacketIn& packet, const Icmp4Message& message, std::uint8_t ttl, Instant now) {
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
                    ttl,
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

// Only what names a TCP segment that could be ours; whether it is in flight is for TCP to say (RFC
// 5927, 4.1).
Icmp::Outcome Icmp::destination_unreachable(const Icmp4Message& message, Unreachable& unreachable) {
  const auto quoted = parse_ipv4_quoted(message.payload);
  if (!quoted || quoted->payload.size() < kQuotedBytes) {
    counters_.add(Count::drop_icmp_malformed);
    return Outcome::kNothing;
  }
  const bool spoken = quoted->protocol == kProtocolTcp || quoted->protocol == kProtocolUdp;
  if (!spoken || quoted->fragment_offset != 0 || !interfaces_.is_local(quoted->source)) {
    counters_.add(Count::drop_icmp_type);
    return Outcome::kNothing;
  }
  counters_.add(Count::icmp_unreachable_in);
  unreachable.code = message.code;
  unreachable.protocol = quoted->protocol;
  unreachable.tuple = FourTuple{quoted->source, quoted->destination, Port{get16(quoted->payload, 0)},
                                Port{get16(quoted->payload, 2)}};
  unreachable.sequence = Seq(get32(quoted->payload, 4));
  return Outcome::kUnreachable;
}

void Icmp::make_echo(std::uint8_t type, const IpAddress& source, const IpAddress& destination,
                     std::uint16_t identifier, std::uint16_t sequence, std::span<const std::byte> payload,
                     PacketOut& packet) {
  packet.source = source;
  packet.destination = destination;
  packet.protocol = kProtocolIcmp;
  packet.transport_length = kIcmp4Header;
  packet.payload[0] = payload;
  packet.payload_parts = payload.empty() ? 0 : 1;
  emit_icmp4({type, 0, identifier, sequence, payload}, packet.transport());
}

}  // namespace conker
