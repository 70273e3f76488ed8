// The packets that the network layer and the transport protocols hand each other.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/base/address.hpp"
#include "stack/link/link.hpp"
#include "stack/settings.hpp"

namespace conker {

/// A received packet for one of the host's addresses. Its bytes belong to the link.
struct PacketIn {
  IpAddress source;
  IpAddress destination;
  InterfaceId interface;
  ChecksumState checksum = ChecksumState::kUnknown;
  std::span<const std::byte> payload;  // behind the IP header, cut to the total length
  std::span<const std::byte> whole;    // from the IP header on, as an ICMP error quotes it
  std::uint8_t ttl = 0;
  std::uint8_t traffic_class = 0;  // DSCP and ECN
};

/// A packet to be sent. Headers are written from the inside out into one buffer: the protocol
/// writes its header at kHeadroom, the network layer prepends its own.
struct PacketOut {
  static constexpr std::size_t kHeadroom = 14 + 40;  // Ethernet, and the larger of IPv4 and IPv6
  static constexpr std::size_t kTransportMax = 60;
  static constexpr std::uint8_t kDefaultDscp = 0xff;

  using Pieces = std::span<std::span<const std::byte>>;

  IpAddress source;
  IpAddress destination;
  std::uint8_t protocol = 0;
  std::uint8_t transport_length = 0;   // bytes of the transport protocol's header
  std::uint8_t ttl = 0;                // 0: Settings::ttl
  std::uint8_t dscp = kDefaultDscp;    // kDefaultDscp: Settings::dscp
  std::uint8_t ecn = 0;                // RFC 3168, 5
  bool may_fragment = false;           // by routers; here, too, where the payload is in one piece
  std::uint16_t segment = 0;           // FrameOut::segment, where Network::segmentation() allows it
  std::span<const std::byte> payload;  // in one piece, which must stay valid until flush() ...
  Pieces pieces;  // ... or in several: the first element is left for the headers, and the list is
                  // used only during send()
  alignas(4) std::array<std::byte, kHeadroom + kTransportMax> headers;

  std::span<std::byte> transport() {
    return std::span(headers).subspan(kHeadroom, transport_length);
  }

  /// The parts of a frame whose payload is in one piece.
  using Few = std::array<std::span<const std::byte>, 2>;
  /// The parts of the frame, with the first one left for the headers.
  Pieces parts(Few& few) const {
    if (!pieces.empty()) return pieces;
    few[1] = payload;
    return std::span(few).first(payload.empty() ? 1 : 2);
  }
};

enum class Sent : std::uint8_t {
  kSent,     // handed to the link, or queued until the neighbour is resolved
  kDropped,  // no route, or no room in the neighbour's queue: lost, as on the way, and counted
  kBusy,     // the link cannot take it now: retry at the next output()
};

/// A received echo reply.
struct EchoReply {
  IpAddress from;
  std::uint16_t identifier = 0;
  std::uint16_t sequence = 0;
  std::uint8_t ttl = 0;
  std::uint16_t payload_length = 0;
  Instant received{};
  /// The first 8 bytes of the payload, where the sender may keep data of its own.
  std::array<std::byte, 8> head{};
};

}  // namespace conker
