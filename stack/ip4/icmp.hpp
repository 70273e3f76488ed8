// ICMP for IPv4 (RFC 792; RFC 1122, 3.2.2): echo requests and replies, errors received and sent.
#pragma once

#include <cstdint>
#include <span>

#include "stack/base/counters.hpp"
#include "stack/base/time.hpp"
#include "stack/base/token_bucket.hpp"
#include "stack/net/echo_replies.hpp"
#include "stack/net/icmp_error.hpp"
#include "stack/net/interfaces.hpp"
#include "stack/net/packet.hpp"
#include "stack/wire/icmp4.hpp"

namespace conker {

class Icmp4 {
 public:
  static constexpr std::size_t kPingPayload = 65535 - 20 - kIcmp4Header;

  Icmp4(Counters& counters, const Settings& settings, const Interfaces& interfaces,
        EchoReplies& replies)
      : counters_(counters),
        interfaces_(interfaces),
        replies_(replies),
        errors_(settings.icmp_errors_per_second, settings.icmp_error_burst) {}

  enum class Outcome : std::uint8_t { kNothing, kAnswer, kError };
  /// Processes a message for one of the host's addresses. With kAnswer the caller sends `answer`,
  /// whose payload lies in `packet`; with kError it hands `error` to the transport protocol.
  Outcome input(const PacketIn& packet, Instant now, PacketOut& answer, IcmpErrorIn& error);

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
  Outcome echo_request(const PacketIn& packet, const Icmp4Message& message, PacketOut& answer);
  Outcome error_arrives(const Icmp4Message& message, const IpAddress& from, IcmpErrorIn& error);

  Counters& counters_;
  const Interfaces& interfaces_;
  EchoReplies& replies_;
  TokenBucket errors_;
};

}  // namespace conker
