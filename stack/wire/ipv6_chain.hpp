// The chain of extension headers of an IPv6 packet (RFC 8200, 4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/wire/ipv6.hpp"

namespace conker {

/// Values of a next-header field.
inline constexpr std::uint8_t kIpv6HopByHop = 0, kIpv6Routing = 43, kIpv6FragmentHeader = 44,
                              kIpv6NoNextHeader = 59, kIpv6DestinationOptions = 60;
inline constexpr std::size_t kIpv6FragmentHeaderLength = 8, kIpv6RouterAlertLength = 8;

/// What a host accepts of a chain (RFC 8504, 5.3): extension headers, options in one of them that
/// are not padding, and bytes of padding in a row.
inline constexpr std::size_t kMostIpv6Extensions = 8, kMostIpv6Options = 8, kMostIpv6Padding = 7;

/// The Fragment header (RFC 8200, 4.5).
struct Ipv6Fragment {
  std::uint32_t identification = 0;
  std::uint16_t offset = 0;  // in units of 8 bytes
  bool more = false;

  /// Whether it is all of its packet (RFC 6946).
  constexpr bool is_atomic() const { return offset == 0 && !more; }
};

/// Why a packet is discarded, and whom to tell: nobody, its source, or its source only where its
/// destination is not multicast, by a parameter problem (RFC 4443, 3.4).
struct Ipv6Problem {
  enum class Report : std::uint8_t { kSilent, kUnlessMulticast, kAlways };
  static constexpr std::uint8_t kErroneousField = 0, kUnrecognizedNextHeader = 1,
                                kUnrecognizedOption = 2, kIncompleteChain = 3;

  Report report = Report::kSilent;
  std::uint8_t code = kErroneousField;
  std::uint16_t pointer = 0;  // offset from the beginning of the IPv6 header
};

/// Where the walk over a chain has ended: at the upper-layer header, at a header that is not known,
/// or behind the Fragment header of a packet that is not whole.
struct Ipv6Chain {
  /// The type of what follows: an upper-layer protocol, kIpv6NoNextHeader, or what no extension
  /// header of ours has, such as a Hop-by-Hop Options header that is not the first. Who knows
  /// nothing of it reports unrecognized().
  std::uint8_t next_header = 0;
  std::uint8_t extensions = 0;           // how many came before
  bool router_alert = false;             // RFC 2711
  std::uint16_t next_header_at = 0;      // where `next_header` stands, from the IPv6 header on
  std::uint16_t payload_at = 0;          // where `payload` stands, likewise
  std::span<const std::byte> payload;    // what follows, in the bytes that were walked
  std::optional<Ipv6Fragment> fragment;  // there was a Fragment header, if only an atomic one
  std::optional<Ipv6Problem> problem;    // why to discard the packet

  constexpr Ipv6Problem unrecognized() const {
    return {Ipv6Problem::Report::kUnlessMulticast, Ipv6Problem::kUnrecognizedNextHeader,
            next_header_at};
  }
};

namespace detail {
Ipv6Chain walk_ipv6_extensions(Ipv6Chain chain);
}  // namespace detail

/// Whether walk_ipv6() looks into a header of this type.
constexpr bool is_ipv6_extension(std::uint8_t next_header) {
  return next_header == kIpv6HopByHop || next_header == kIpv6Routing ||
         next_header == kIpv6FragmentHeader || next_header == kIpv6DestinationOptions;
}

/// Walks over the extension headers of a packet. A fragment must be followed by reassembly, and the
/// walk then goes on by walk_ipv6_behind(); its first one must hold the whole chain (RFC 7112, 5).
/// Of a quoted packet, which may be cut, the Fragment header is told also where there is a problem.
inline Ipv6Chain walk_ipv6(const Ipv6Packet& packet) {
  Ipv6Chain chain;
  chain.next_header = packet.next_header;
  chain.next_header_at = kIpv6NextHeaderAt;
  chain.payload_at = kIpv6Header;
  chain.payload = packet.payload;
  return is_ipv6_extension(packet.next_header) ? detail::walk_ipv6_extensions(chain) : chain;
}

/// Walks over the extension headers of the fragmentable part of a packet, once `payload` is whole;
/// `first` is the chain of its first fragment.
inline Ipv6Chain walk_ipv6_behind(Ipv6Chain first, std::span<const std::byte> payload) {
  first.payload = payload;
  return is_ipv6_extension(first.next_header) ? detail::walk_ipv6_extensions(first) : first;
}

/// Writes a Fragment header of kIpv6FragmentHeaderLength bytes.
void emit_ipv6_fragment(const Ipv6Fragment& fragment, std::uint8_t next_header,
                        std::span<std::byte> out);

/// Writes a Hop-by-Hop Options header of kIpv6RouterAlertLength bytes whose option is the router
/// alert for Multicast Listener Discovery (RFC 2711, 2.1).
void emit_ipv6_router_alert(std::uint8_t next_header, std::span<std::byte> out);

}  // namespace conker
