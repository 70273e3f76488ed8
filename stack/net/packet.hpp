// What passes between the network layer and the protocols on it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/seq.hpp"
#include "stack/link/link.hpp"
#include "stack/settings.hpp"

namespace conker {

/// A packet for one of our addresses, on its way up. The bytes are the link's.
struct PacketIn {
  IpAddress source;
  IpAddress destination;
  InterfaceId interface;
  ChecksumState checksum = ChecksumState::kUnknown;
  std::span<const std::byte> payload;  // behind the IP header, cut to the IP length
  std::span<const std::byte> whole;    // from the IP header on: what an ICMP error about it quotes
  std::uint8_t ttl = 0;
  std::uint8_t traffic_class = 0;  // DSCP and ECN
};

/// ICMP says that a TCP segment or a UDP datagram of ours did not arrive.
struct Unreachable {
  std::uint8_t type =
      3;  // RFC 792: destination unreachable, 11 time exceeded, 12 parameter problem
  std::uint8_t code = 0;
  std::uint8_t protocol = 0;
  std::uint16_t mtu =
      0;  // of type 3, code 4: of the next hop, 68 or more; 0 from a router older than RFC 1191
  IpAddress from;   // the router or host that says so
  FourTuple tuple;  // as we would write it: local is us
  Seq sequence;     // of the segment that it quotes; nothing of a datagram
};

/// A packet on its way down. Headers are written from the inside out into one buffer: the protocol
/// writes its header at kHeadroom, the network layer puts its own in front.
struct PacketOut {
  static constexpr std::size_t kHeadroom = 14 + 40;  // Ethernet, and the larger of IPv4 and IPv6
  static constexpr std::size_t kTransportMax = 60;
  static constexpr std::uint8_t kDefaultDscp = 0xff;

  using Pieces = std::span<std::span<const std::byte>>;

  IpAddress source;
  IpAddress destination;
  std::uint8_t protocol = 0;
  std::uint8_t transport_length = 0;   // bytes of the protocol's header
  std::uint8_t ttl = 0;                // 0: Settings::ttl
  std::uint8_t dscp = kDefaultDscp;    // kDefaultDscp: Settings::dscp
  std::uint8_t ecn = 0;                // RFC 3168, 5
  bool may_fragment = false;           // on the way; here, too, where the payload is in one piece
  std::uint16_t segment = 0;           // FrameOut's: where Network::segmentation() says so
  std::span<const std::byte> payload;  // in one piece, which stays until flush() ...
  Pieces pieces;  // ... or in several: the list begins with a place for the headers, and is good
                  // during send()
  alignas(4) std::array<std::byte, kHeadroom + kTransportMax> headers;

  std::span<std::byte> transport() {
    return std::span(headers).subspan(kHeadroom, transport_length);
  }

  /// What the parts of a frame are made of when the payload is in one piece.
  using Few = std::array<std::span<const std::byte>, 2>;
  /// The parts of the frame, the first left for the headers.
  Pieces parts(Few& few) const {
    if (!pieces.empty()) return pieces;
    few[1] = payload;
    return std::span(few).first(payload.empty() ? 1 : 2);
  }
};

enum class Sent : std::uint8_t {
  kSent,     // given to the link, or kept until the neighbour is found
  kDropped,  // no route, or no room in the neighbour's queue: as good as lost on the way, and
             // counted
  kBusy,     // the link cannot take it now: try again at the next output()
};

/// An answer to one of our pings.
struct EchoReply {
  IpAddress from;
  std::uint16_t identifier = 0;
  std::uint16_t sequence = 0;
  std::uint8_t ttl = 0;
  std::uint16_t payload_length = 0;
  Instant received{};
  /// The first 8 bytes of the payload, where a sender may keep what it likes.
  std::array<std::byte, 8> head{};
};

}  // namespace conker
