// The messages of neighbour discovery (RFC 4861, 4) and the options in them, as a host reads and
// writes them. Each parse function makes the checks of RFC 4861 for its message, so that what it
// returns is valid; the caller has verified the checksum, and that no part of the packet came in a
// fragment (RFC 6980).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>

#include "stack/base/address.hpp"
#include "stack/wire/icmp6.hpp"
#include "stack/wire/ipv6.hpp"

namespace conker {

/// The hop limit of what no router has forwarded (RFC 4861, 3.1).
inline constexpr std::uint8_t kNdpHopLimit = 255;
/// The most bytes that an emit function of this file writes.
inline constexpr std::size_t kNdpMostBytes = 48;
/// A lifetime that does not end (RFC 4861, 4.6.2), in seconds.
inline constexpr std::uint32_t kNdpForEver = 0xffffffff;

/// One option: `body` begins behind type and length.
struct NdpOption {
  static constexpr std::uint8_t kSourceLink = 1, kTargetLink = 2, kPrefix = 3, kRedirected = 4,
                                kMtu = 5, kNonce = 14, kRoute = 24, kRdnss = 25, kDnssl = 31;
  std::uint8_t type = 0;
  std::span<const std::byte> body;
};

/// The options of a valid message, to iterate over.
class NdpOptions {
 public:
  class Iterator {
   public:
    using difference_type = std::ptrdiff_t;
    using value_type = NdpOption;
    Iterator() = default;
    explicit Iterator(std::span<const std::byte> rest) : rest_(rest) {}
    NdpOption operator*() const;
    Iterator& operator++();
    bool operator==(std::default_sentinel_t) const { return rest_.empty(); }

   private:
    std::span<const std::byte> rest_;
  };

  NdpOptions() = default;
  /// Nothing when an option has length 0 or reaches past the end, for which the message is
  /// discarded (RFC 4861, 4.6).
  static std::optional<NdpOptions> parse(std::span<const std::byte> bytes);

  Iterator begin() const { return Iterator(bytes_); }
  std::default_sentinel_t end() const { return {}; }

 private:
  explicit NdpOptions(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::span<const std::byte> bytes_;
};

/// Prefix information (RFC 4861, 4.6.2).
struct PrefixInformation {
  Prefix prefix;  // its address is the first of the prefix
  bool on_link = false, autonomous = false;
  std::uint32_t valid = 0, preferred = 0;  // seconds, or kNdpForEver
};
/// Route information (RFC 4191, 2.3).
struct RouteInformation {
  Prefix prefix;
  std::int8_t preference = 0;  // 1 high, 0 medium, -1 low
  std::uint32_t lifetime = 0;  // seconds, or kNdpForEver
};
/// Recursive DNS servers (RFC 8106, 5.1).
struct Rdnss {
  std::uint32_t lifetime = 0;            // seconds, or kNdpForEver
  std::span<const std::byte> addresses;  // at least one

  std::size_t count() const { return addresses.size() / 16; }
  /// Nothing when it cannot be a host's.
  std::optional<IpAddress> address(std::size_t i) const;
};
/// The DNS search list (RFC 8106, 5.2).
struct Dnssl {
  std::uint32_t lifetime = 0;        // seconds, or kNdpForEver
  std::span<const std::byte> names;  // as in RFC 1035, 3.1, uncompressed, with padding behind them
};

// Parse an option of their type. Nothing when it is of another type, or when its length or a value
// is invalid, for which the option is ignored.

std::optional<MacAddress> parse_link_address(const NdpOption& option);
std::optional<PrefixInformation> parse_prefix_information(const NdpOption& option);
/// Whatever is written there: whether the link can have such an MTU is the caller's to say.
std::optional<std::uint32_t> parse_mtu(const NdpOption& option);
std::optional<RouteInformation> parse_route_information(const NdpOption& option);
std::optional<Rdnss> parse_rdnss(const NdpOption& option);
std::optional<Dnssl> parse_dnssl(const NdpOption& option);

/// The nonce of a solicitation (RFC 3971, 5.3.2; RFC 7527, 4.1), of the length that we send.
using NdpNonce = std::array<std::byte, 6>;

/// RFC 4861, 4.1.
struct RouterSolicitation {
  std::optional<MacAddress> source_link;  // never when sent from the unspecified address
};
/// RFC 4861, 4.2, with the preference of RFC 4191, 2.2.
struct RouterAdvertisement {
  std::uint8_t hop_limit = 0;  // 0: not said
  bool managed = false, other = false;
  std::int8_t preference = 0;      // of the default router: 1 high, 0 medium, -1 low
  std::uint16_t lifetime = 0;      // seconds as a default router; 0: is none
  std::uint32_t reachable = 0;     // milliseconds; 0: not said
  std::uint32_t retransmit = 0;    // milliseconds; 0: not said
  std::optional<MacAddress> link;  // of the router
  std::optional<std::uint32_t> mtu;
  NdpOptions options;  // all of them
};
/// RFC 4861, 4.3.
struct NeighbourSolicitation {
  IpAddress target;
  std::optional<MacAddress> source_link;
  std::optional<NdpNonce> nonce;  // nothing also where it is of another length than ours
};
/// RFC 4861, 4.4.
struct NeighbourAdvertisement {
  IpAddress target;
  bool router = false, solicited = false, override_entry = false;
  std::optional<MacAddress> target_link;
};
/// RFC 4861, 4.5. That it comes from the router in use is the caller's to check (8.1).
struct Redirect {
  IpAddress target, destination;  // equal: the destination is on the link
  std::optional<MacAddress> target_link;
};

/// RFC 4861, 6.1.1.
std::optional<RouterSolicitation> parse_router_solicitation(const Icmp6Message& message,
                                                            const Ipv6Packet& packet);
/// RFC 4861, 6.1.2.
std::optional<RouterAdvertisement> parse_router_advertisement(const Icmp6Message& message,
                                                              const Ipv6Packet& packet);
/// RFC 4861, 7.1.1.
std::optional<NeighbourSolicitation> parse_neighbour_solicitation(const Icmp6Message& message,
                                                                  const Ipv6Packet& packet);
/// RFC 4861, 7.1.2.
std::optional<NeighbourAdvertisement> parse_neighbour_advertisement(const Icmp6Message& message,
                                                                    const Ipv6Packet& packet);
/// RFC 4861, 8.1.
std::optional<Redirect> parse_redirect(const Icmp6Message& message, const Ipv6Packet& packet);

// Write a whole ICMP message with its checksum, and return its length: at most kNdpMostBytes.

std::size_t emit_router_solicitation(const RouterSolicitation& message, const IpAddress& source,
                                     const IpAddress& destination, std::span<std::byte> out);
std::size_t emit_neighbour_solicitation(const NeighbourSolicitation& message,
                                        const IpAddress& source, const IpAddress& destination,
                                        std::span<std::byte> out);
std::size_t emit_neighbour_advertisement(const NeighbourAdvertisement& message,
                                         const IpAddress& source, const IpAddress& destination,
                                         std::span<std::byte> out);

}  // namespace conker
