#include "stack/wire/ipv6_chain.hpp"

#include "stack/wire/bytes.hpp"
#include "stack/wire/icmp6.hpp"
#include "stack/wire/tcp.hpp"
#include "stack/wire/udp.hpp"

namespace conker {
namespace {

// Of every extension header but the Fragment header: the next header, and its own length in units
// of 8 bytes without the first (RFC 8200, 4.2 to 4.6).
constexpr std::size_t kNextHeader = 0, kLength = 1, kUnit = 8;
constexpr std::size_t kRoutingType = 2, kSegmentsLeft = 3;
constexpr std::size_t kFragmentOffset = 2, kFragmentIdentification = 4;
constexpr std::uint16_t kMoreFragments = 1;
constexpr std::size_t kMostPayload = 65535;

constexpr std::uint8_t kPad1 = 0, kPadN = 1, kRouterAlert = 5;
constexpr std::uint8_t kRouterAlertValueLength = 2;

constexpr Ipv6Problem kSilently{};

Ipv6Problem erroneous_at(std::size_t pointer) {
  return {Ipv6Problem::Report::kUnlessMulticast, Ipv6Problem::kErroneousField,
          static_cast<std::uint16_t>(pointer)};
}

// Per RFC 8200, 4.2, the two highest bits of an unknown option's type say what becomes of the
// packet. Nothing where the option is skipped.
std::optional<Ipv6Problem> unknown_option(std::uint8_t type, std::size_t pointer) {
  using Report = Ipv6Problem::Report;
  if (type >> 6 == 0) return std::nullopt;
  if (type >> 6 == 1) return kSilently;
  return Ipv6Problem{type >> 6 == 2 ? Report::kAlways : Report::kUnlessMulticast,
                     Ipv6Problem::kUnrecognizedOption, static_cast<std::uint16_t>(pointer)};
}

// Reads the options of a Hop-by-Hop or Destination Options header, from left to right.
void read_options(std::span<const std::byte> header, Ipv6Chain& chain) {
  std::size_t options = 0;
  std::size_t padding = 0;  // bytes in a row
  for (std::size_t at = 2; at < header.size();) {
    const std::uint8_t type = get8(header, at);
    if (type == kPad1) {
      ++at;
      if (++padding > kMostIpv6Padding) chain.problem = kSilently;
    } else {
      if (header.size() - at < 2 || get8(header, at + 1) > header.size() - at - 2) {
        chain.problem = erroneous_at(chain.payload_at + at);
        return;
      }
      const std::size_t length = 2 + std::size_t{get8(header, at + 1)};
      if (type == kPadN) {
        padding += length;
        if (padding > kMostIpv6Padding) chain.problem = kSilently;
      } else {
        padding = 0;
        if (++options > kMostIpv6Options) {
          chain.problem = kSilently;
        } else if (type == kRouterAlert && chain.next_header == kIpv6HopByHop &&
                   length == 2 + kRouterAlertValueLength) {
          chain.router_alert = true;
        } else {
          chain.problem = unknown_option(type, chain.payload_at + at);
        }
      }
      at += length;
    }
    if (chain.problem) return;
  }
}

// Passes a header whose length is in its second byte. False where the walk ends.
bool pass(Ipv6Chain& chain) {
  if (chain.payload.size() < kUnit) {
    chain.problem = kSilently;
    return false;
  }
  const std::size_t length = (std::size_t{get8(chain.payload, kLength)} + 1) * kUnit;
  if (length > chain.payload.size()) {
    chain.problem = erroneous_at(chain.payload_at + kLength);
    return false;
  }
  const auto header = chain.payload.first(length);
  if (chain.next_header != kIpv6Routing) {
    read_options(header, chain);
  } else if (get8(header, kSegmentsLeft) != 0) {
    // Per RFC 8200, 4.4, no type of routing is known here, and RFC 5095, 3 wants type 0 treated so.
    chain.problem = erroneous_at(chain.payload_at + kRoutingType);
  }
  if (chain.problem) return false;
  chain.next_header = get8(header, kNextHeader);
  chain.next_header_at = chain.payload_at;
  chain.payload_at = static_cast<std::uint16_t>(chain.payload_at + length);
  chain.payload = chain.payload.subspan(length);
  return true;
}

// How much of an upper-layer header a first fragment must hold.
std::size_t least_of(std::uint8_t protocol) {
  switch (protocol) {
    case kProtocolTcp:
      return kTcpHeaderMin;
    case kProtocolUdp:
      return kUdpHeader;
    case kProtocolIcmp6:
      return 4;
    case kIpv6NoNextHeader:
      return 0;
    default:
      return 1;
  }
}

// Per RFC 7112, 5, a first fragment holds the chain up to the upper-layer header with that. What is
// wrong with options in it is found once the packet is whole.
bool holds_whole_chain(Ipv6Chain chain) {
  while (is_ipv6_extension(chain.next_header) && chain.next_header != kIpv6FragmentHeader) {
    if (chain.payload.size() < kUnit) return false;
    const std::size_t length = (std::size_t{get8(chain.payload, kLength)} + 1) * kUnit;
    if (length > chain.payload.size()) return false;
    chain.next_header = get8(chain.payload, kNextHeader);
    chain.payload = chain.payload.subspan(length);
  }
  return chain.payload.size() >= least_of(chain.next_header);
}

// Reads a Fragment header. False where the walk ends, since what follows is not all of the packet.
bool read_fragment(Ipv6Chain& chain) {
  // Nothing that is to be reassembled comes from a reassembly.
  if (chain.fragment || chain.payload.size() < kIpv6FragmentHeaderLength) {
    chain.problem = kSilently;
    return false;
  }
  Ipv6Fragment& fragment = chain.fragment.emplace();
  const std::uint16_t offset = get16(chain.payload, kFragmentOffset);
  fragment.offset = static_cast<std::uint16_t>(offset >> 3);
  fragment.more = (offset & kMoreFragments) != 0;
  fragment.identification = get32(chain.payload, kFragmentIdentification);
  const std::size_t header_at = chain.payload_at;
  chain.next_header = get8(chain.payload, kNextHeader);
  chain.next_header_at = chain.payload_at;
  chain.payload_at = static_cast<std::uint16_t>(header_at + kIpv6FragmentHeaderLength);
  chain.payload = chain.payload.subspan(kIpv6FragmentHeaderLength);
  if (fragment.is_atomic()) return true;
  // Per RFC 8200, 4.5, all but the last are whole units, and the packet has at most 65,535 bytes.
  const std::size_t before = header_at - kIpv6Header;
  const std::size_t end = before + fragment.offset * kUnit + chain.payload.size();
  if (fragment.more && chain.payload.size() % kUnit != 0) {
    chain.problem = erroneous_at(kIpv6PayloadLengthAt);
  } else if (end > kMostPayload) {
    chain.problem = erroneous_at(header_at + kFragmentOffset);
  } else if (fragment.offset == 0 && !holds_whole_chain(chain)) {
    chain.problem =
        Ipv6Problem{Ipv6Problem::Report::kUnlessMulticast, Ipv6Problem::kIncompleteChain, 0};
  }
  return false;
}

}  // namespace

Ipv6Chain detail::walk_ipv6_extensions(Ipv6Chain chain) {
  while (is_ipv6_extension(chain.next_header)) {
    // Per RFC 8200, 4.1, Hop-by-Hop Options stand behind the IPv6 header only; elsewhere their type
    // is one that is not recognized.
    if (chain.next_header == kIpv6HopByHop && chain.next_header_at != kIpv6NextHeaderAt) break;
    if (++chain.extensions > kMostIpv6Extensions) {
      chain.problem = kSilently;
      break;
    }
    if (!(chain.next_header == kIpv6FragmentHeader ? read_fragment(chain) : pass(chain))) break;
  }
  return chain;
}

void emit_ipv6_fragment(const Ipv6Fragment& fragment, std::uint8_t next_header,
                        std::span<std::byte> out) {
  put16(out, kNextHeader, static_cast<std::uint16_t>(next_header << 8));
  put16(out, kFragmentOffset,
        static_cast<std::uint16_t>(fragment.offset << 3 | (fragment.more ? kMoreFragments : 0)));
  put32(out, kFragmentIdentification, fragment.identification);
}

void emit_ipv6_router_alert(std::uint8_t next_header, std::span<std::byte> out) {
  constexpr std::uint16_t kMld = 0;
  put16(out, kNextHeader, static_cast<std::uint16_t>(next_header << 8));
  put8(out, 2, kRouterAlert);
  put8(out, 3, kRouterAlertValueLength);
  put16(out, 4, kMld);
  put8(out, 6, kPadN);
  put8(out, 7, 0);
}

}  // namespace conker
