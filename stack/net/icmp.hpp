// ICMP for IPv4 (RFC 792; RFC 1122, 3.2.2): echo requests and replies, errors received and sent.
#pragma once

#include <cstdint>
#include <span>

#include "stack/base/arena.hpp"
#include "stack/base/counters.hpp"
#include "stack/base/time.hpp"
#include "stack/base/token_bucket.hpp"
#include "stack/net/interfaces.hpp"
#include "stack/net/packet.hpp"
#include "stack/wire/icmp4.hpp"

namespace conker {

class Icmp {
 public:
  /// Echo replies that wait to be fetched; beyond that number the oldest is dropped.
  static constexpr std::uint32_t kReplies = 64;
  static constexpr std::size_t kPingPayload = 65535 - 20 - kIcmp4Header;

  Icmp(Arena& arena, Counters& counters, const Settings& settings, const Interfaces& interfaces)
      : replies_(arena.take<EchoReply>(kReplies)),
        counters_(counters),
        interfaces_(interfaces),
        errors_(settings.icmp_errors_per_second, settings.icmp_error_burst) {}

  enum class Disposition : std::uint8_t { kNothing, kAnswer, kUnreachable };
  /// Processes a message for one of the host's addresses. With kAnswer the caller sends `answer`,
  /// whose payload lies in `packet`; with kUnreachable it hands `unreachable` to the transport
  /// protocol.
  Disposition input(const PacketIn& packet, Instant now, PacketOut& answer,
                    Unreachable& unreachable);
  bool next_reply(EchoReply& reply);

  /// Makes an ICMP error about a received packet, which is quoted from its IP header on and is not
  /// copied; `upper` is the first half of the second word. False when RFC 1122, 3.2.2, forbids it:
  /// about an ICMP error, a fragment other than the first, a packet not addressed to one of the
  /// host's addresses alone, or one whose source is not a single host; and when the rate limit is
  /// reached, which is counted.
  bool make_error(std::uint8_t type, std::uint8_t code, std::uint16_t upper,
                  std::span<const std::byte> about, Instant now, PacketOut& packet);

  /// Makes an echo request or reply; the payload is not copied. The packet may be fragmented.
  static void make_echo(std::uint8_t type, const IpAddress& source, const IpAddress& destination,
                        std::uint16_t identifier, std::uint16_t sequence,
                        std::span<const std::byte> payload, PacketOut& packet);

 private:
  Disposition echo_request(const PacketIn& packet, const Icmp4Message& message, PacketOut& answer);
  void echo_reply(const PacketIn& packet, const Icmp4Message& message, Instant now);
  Disposition error(const Icmp4Message& message, Unreachable& unreachable);

  std::span<EchoReply> replies_;  // a ring buffer
  Counters& counters_;
  const Interfaces& interfaces_;
  TokenBucket errors_;
  std::uint32_t first_ = 0;
  std::uint32_t waiting_ = 0;
};

}  // namespace conker
