// ICMPv6 (RFC 4443): echo requests and replies, errors received and sent.
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
#include "stack/settings.hpp"
#include "stack/wire/icmp6.hpp"

namespace conker {

class Icmp6 {
 public:
  static constexpr std::size_t kPingPayload = 65535 - kIcmp6Header;

  Icmp6(Counters& counters, const Settings& settings, const Interfaces& interfaces,
        EchoReplies& replies)
      : counters_(counters),
        interfaces_(interfaces),
        replies_(replies),
        errors_(settings.icmp_errors_per_second, settings.icmp_error_burst) {}

  enum class Outcome : std::uint8_t { kNothing, kAnswer, kError };
  /// Processes a message whose checksum is right. With kAnswer the caller calls finish() and sends
  /// `answer`, whose payload lies in `packet`; with kError it hands `error` to the transport
  /// protocol.
  Outcome input(const PacketIn& packet, const Icmp6Message& message, Instant now, PacketOut& answer,
                IcmpErrorIn& error);

  /// Makes an ICMP error about a received packet, which is quoted as far as 1280 bytes hold it and
  /// is not copied; the payload of `message` is ignored. False when RFC 4443, 2.4 (e), forbids it:
  /// about an ICMP error or a redirect, about a packet to a group of hosts (unless
  /// `despite_group`), or one whose source is not a single host; and when the rate limit is
  /// reached, which is counted. The source is that group's where the packet went to one.
  bool make_error(const Icmp6Message& message, const PacketIn& about, bool despite_group,
                  Instant now, PacketOut& packet);

  /// Makes an echo request or reply; the payload is not copied. The packet may be fragmented.
  static void make_echo(std::uint8_t type, std::uint16_t identifier, std::uint16_t sequence,
                        std::span<const std::byte> payload, PacketOut& packet);
  /// Completes a message whose source and destination are set: its checksum covers them.
  static void finish(PacketOut& packet);

 private:
  Outcome error_arrives(const PacketIn& packet, const Icmp6Message& message, IcmpErrorIn& error);

  Counters& counters_;
  const Interfaces& interfaces_;
  EchoReplies& replies_;
  TokenBucket errors_;
};

}  // namespace conker
