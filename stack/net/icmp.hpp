// ICMP for IPv4 (RFC 792; RFC 1122, 3.2.2): echo both ways, destination unreachable in.
#pragma once

#include <cstdint>
#include <span>

#include "stack/base/arena.hpp"
#include "stack/base/counters.hpp"
#include "stack/base/time.hpp"
#include "stack/net/interfaces.hpp"
#include "stack/net/packet.hpp"
#include "stack/wire/icmp4.hpp"

namespace conker {

class Icmp {
 public:
  /// Answers to pings that wait to be fetched; beyond it the oldest is dropped.
  static constexpr std::uint32_t kReplies = 64;
  static constexpr std::size_t kPingPayload = 1024;

  Icmp(Arena& arena, Counters& counters, const Interfaces& interfaces)
      : replies_(arena.take<EchoReply>(kReplies)), counters_(counters), interfaces_(interfaces) {}

  enum class Outcome : std::uint8_t { kNothing, kAnswer, kUnreachable };
  /// A message for one of our addresses. With kAnswer, `answer` is to be sent; its payload lies in `packet`.
  /// With kUnreachable, `unreachable` is for TCP.
  Outcome input(const PacketIn& packet, std::uint8_t ttl, Instant now, PacketOut& answer,
                Unreachable& unreachable);
  bool next_reply(EchoReply& reply);

  /// An echo request or reply as a packet; the payload is not copied.
  static void make_echo(std::uint8_t type, const IpAddress& source, const IpAddress& destination,
                        std::uint16_t identifier, std::uint16_t sequence, std::span<const std::byte> payload,
                        PacketOut& packet);

 private:
  Outcome echo_request(const PacketIn& packet, const Icmp4Message& message, PacketOut& answer);
  void echo_reply(const PacketIn& packet, const Icmp4Message& message, std::uint8_t ttl, Instant now);
  Outcome destination_unreachable(const Icmp4Message& message, Unreachable& unreachable);

  std::span<EchoReply> replies_;  // a ring
  Counters& counters_;
  const Interfaces& interfaces_;
  std::uint32_t first_ = 0;
  std::uint32_t waiting_ = 0;
};

}  // namespace conker
