#include "stack/wire/ndp.hpp"

#include <algorithm>
#include <tuple>

#include "stack/wire/bytes.hpp"

namespace conker {
namespace {

constexpr std::size_t kUnit = 8, kAddress = 16;
constexpr std::uint32_t kRouterFlag = 0x80000000, kSolicitedFlag = 0x40000000,
                        kOverrideFlag = 0x20000000;
constexpr std::uint8_t kManagedFlag = 0x80, kOtherFlag = 0x40, kOnLinkFlag = 0x80,
                       kAutonomousFlag = 0x40;

// Per RFC 4861, 6.1 to 8.1, what holds for every message: no router has forwarded it, its code is
// 0, and its options are whole. `fixed` is the length of what comes before them, behind the second
// word.
std::optional<NdpOptions> valid_options(const Icmp6Message& message, const Ipv6Packet& packet,
                                        std::uint8_t type, std::size_t fixed) {
  if (message.type != type || message.code != 0 || packet.hop_limit != kNdpHopLimit ||
      message.payload.size() < fixed) {
    return std::nullopt;
  }
  return NdpOptions::parse(message.payload.subspan(fixed));
}

std::optional<NdpOption> find(const NdpOptions& options, std::uint8_t type) {
  for (const NdpOption option : options) {
    if (option.type == type) return option;
  }
  return std::nullopt;
}

std::optional<MacAddress> find_link(const NdpOptions& options, std::uint8_t type) {
  const auto option = find(options, type);
  return option ? parse_link_address(*option) : std::nullopt;
}

// Per RFC 4191, 2.1, the reserved value is read as medium for a router, and the caller says what it
// is for a route.
constexpr std::uint8_t kReservedPreference = 2;
std::uint8_t preference_bits(std::uint8_t flags) {
  return flags >> 3 & 3;
}
std::int8_t preference(std::uint8_t bits) {
  return static_cast<std::int8_t>(bits == 1 ? 1 : bits == 3 ? -1 : 0);
}

// Reads the first bits of a prefix, whose other bits are ignored (RFC 4861, 4.6.2). Nothing where
// it cannot be a unicast prefix.
std::optional<Prefix> read_prefix(std::span<const std::byte> bytes, std::uint8_t length) {
  if (length > 128 || bytes.size() * 8 < length) return std::nullopt;
  std::array<std::byte, kAddress> whole{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), whole.size()), whole.begin());
  const auto address = get_ipv6(whole, 0);
  if (!address) return std::nullopt;
  const Prefix prefix{Prefix{*address, length}.network(), length};
  return prefix.address.is_multicast() ? std::nullopt : std::optional(prefix);
}

// Writes a message from its front: the header of ICMP, addresses and options.
class MessageWriter {
 public:
  explicit MessageWriter(std::span<std::byte> out) : out_(out) {}

  void address(const IpAddress& address) {
    put_ipv6(out_, at_, address);
    at_ += kAddress;
  }
  void option(std::uint8_t type, std::span<const std::byte, 6> body) {
    put8(out_, at_, type);
    put8(out_, at_ + 1, 1);
    std::ranges::copy(body, out_.begin() + static_cast<std::ptrdiff_t>(at_ + 2));
    at_ += kUnit;
  }
  void link(std::uint8_t type, const std::optional<MacAddress>& mac) {
    if (mac) option(type, std::as_bytes(std::span(mac->bytes)));
  }
  std::size_t finish(std::uint8_t type, std::uint32_t word, const IpAddress& source,
                     const IpAddress& destination) {
    const auto payload = out_.subspan(kIcmp6Header, at_ - kIcmp6Header);
    emit_icmp6({type, 0, word, payload}, source, destination, out_);
    return at_;
  }

 private:
  std::span<std::byte> out_;
  std::size_t at_ = kIcmp6Header;
};

}  // namespace

NdpOption NdpOptions::Iterator::operator*() const {
  return {get8(rest_, 0), rest_.subspan(2, get8(rest_, 1) * kUnit - 2)};
}

NdpOptions::Iterator& NdpOptions::Iterator::operator++() {
  rest_ = rest_.subspan(get8(rest_, 1) * kUnit);
  return *this;
}

std::optional<NdpOptions> NdpOptions::parse(std::span<const std::byte> bytes) {
  for (auto rest = bytes; !rest.empty();) {
    const std::size_t length = rest.size() < kUnit ? 0 : get8(rest, 1) * kUnit;
    if (length == 0 || length > rest.size()) return std::nullopt;
    rest = rest.subspan(length);
  }
  return NdpOptions(bytes);
}

std::optional<MacAddress> parse_link_address(const NdpOption& option) {
  if (option.type != NdpOption::kSourceLink && option.type != NdpOption::kTargetLink)
    return std::nullopt;
  // Per RFC 2464, 6, that of Ethernet fills one unit.
  if (option.body.size() != kUnit - 2) return std::nullopt;
  const MacAddress mac = get_mac(option.body, 0);
  return mac.is_group() || mac == MacAddress() ? std::nullopt : std::optional(mac);
}

std::optional<PrefixInformation> parse_prefix_information(const NdpOption& option) {
  constexpr std::size_t kLength = 0, kFlags = 1, kValid = 2, kPreferred = 6, kBits = 14;
  if (option.type != NdpOption::kPrefix || option.body.size() != 4 * kUnit - 2) return std::nullopt;
  const auto prefix = read_prefix(option.body.subspan(kBits), get8(option.body, kLength));
  if (!prefix) return std::nullopt;
  const std::uint8_t flags = get8(option.body, kFlags);
  return PrefixInformation{*prefix, (flags & kOnLinkFlag) != 0, (flags & kAutonomousFlag) != 0,
                           get32(option.body, kValid), get32(option.body, kPreferred)};
}

std::optional<std::uint32_t> parse_mtu(const NdpOption& option) {
  if (option.type != NdpOption::kMtu || option.body.size() != kUnit - 2) return std::nullopt;
  return get32(option.body, 2);
}

std::optional<RouteInformation> parse_route_information(const NdpOption& option) {
  constexpr std::size_t kLength = 0, kFlags = 1, kLifetime = 2, kBits = 6;
  if (option.type != NdpOption::kRoute || option.body.size() > 3 * kUnit - 2) return std::nullopt;
  // Per RFC 4191, 2.3, a route of the reserved preference is ignored.
  const std::uint8_t bits = preference_bits(get8(option.body, kFlags));
  const auto prefix = read_prefix(option.body.subspan(kBits), get8(option.body, kLength));
  if (!prefix || bits == kReservedPreference) return std::nullopt;
  return RouteInformation{*prefix, preference(bits), get32(option.body, kLifetime)};
}

std::optional<IpAddress> Rdnss::address(std::size_t i) const {
  const auto address = get_ipv6(addresses, i * kAddress);
  return address && names_a_host(*address) ? address : std::nullopt;
}

std::optional<Rdnss> parse_rdnss(const NdpOption& option) {
  constexpr std::size_t kLifetime = 2, kAddresses = 6;
  // Per RFC 8106, 5.3.1, it has an address, and no half ones.
  if (option.type != NdpOption::kRdnss || option.body.size() < kAddresses + kAddress ||
      (option.body.size() - kAddresses) % kAddress != 0) {
    return std::nullopt;
  }
  return Rdnss{get32(option.body, kLifetime), option.body.subspan(kAddresses)};
}

std::optional<Dnssl> parse_dnssl(const NdpOption& option) {
  constexpr std::size_t kLifetime = 2, kNames = 6;
  if (option.type != NdpOption::kDnssl || option.body.size() < kNames + kUnit) return std::nullopt;
  return Dnssl{get32(option.body, kLifetime), option.body.subspan(kNames)};
}

std::optional<RouterSolicitation> parse_router_solicitation(const Icmp6Message& message,
                                                            const Ipv6Packet& packet) {
  const auto options = valid_options(message, packet, Icmp6Message::kRouterSolicitation, 0);
  if (!options || (packet.source.is_unspecified() && find(*options, NdpOption::kSourceLink)))
    return std::nullopt;
  return RouterSolicitation{find_link(*options, NdpOption::kSourceLink)};
}

std::optional<RouterAdvertisement> parse_router_advertisement(const Icmp6Message& message,
                                                              const Ipv6Packet& packet) {
  constexpr std::size_t kReachable = 0, kRetransmit = 4, kOptions = 8;
  const auto options = valid_options(message, packet, Icmp6Message::kRouterAdvertisement, kOptions);
  if (!options || !packet.source.is_link_local()) return std::nullopt;
  const auto flags = static_cast<std::uint8_t>(message.word >> 16 & 0xff);
  RouterAdvertisement router;
  router.hop_limit = static_cast<std::uint8_t>(message.word >> 24);
  router.managed = (flags & kManagedFlag) != 0;
  router.other = (flags & kOtherFlag) != 0;
  router.preference = preference(preference_bits(flags));
  router.lifetime = static_cast<std::uint16_t>(message.word & 0xffff);
  router.reachable = get32(message.payload, kReachable);
  router.retransmit = get32(message.payload, kRetransmit);
  router.link = find_link(*options, NdpOption::kSourceLink);
  const auto mtu = find(*options, NdpOption::kMtu);
  if (mtu) router.mtu = parse_mtu(*mtu);
  router.options = *options;
  return router;
}

std::optional<NeighbourSolicitation> parse_neighbour_solicitation(const Icmp6Message& message,
                                                                  const Ipv6Packet& packet) {
  const auto options =
      valid_options(message, packet, Icmp6Message::kNeighbourSolicitation, kAddress);
  const auto target = options ? get_ipv6(message.payload, 0) : std::nullopt;
  if (!target || target->is_multicast()) return std::nullopt;
  // Per RFC 4861, 7.1.1, a probe goes to the solicited-node address, from no link-layer address.
  if (packet.source.is_unspecified() &&
      (packet.destination.without_zone() != solicited_node(packet.destination) ||
       find(*options, NdpOption::kSourceLink))) {
    return std::nullopt;
  }
  NeighbourSolicitation solicitation{*target, find_link(*options, NdpOption::kSourceLink), {}};
  const auto nonce = find(*options, NdpOption::kNonce);
  if (nonce && nonce->body.size() == std::tuple_size_v<NdpNonce>) {
    std::ranges::copy(nonce->body, solicitation.nonce.emplace().begin());
  }
  return solicitation;
}

std::optional<NeighbourAdvertisement> parse_neighbour_advertisement(const Icmp6Message& message,
                                                                    const Ipv6Packet& packet) {
  const auto options =
      valid_options(message, packet, Icmp6Message::kNeighbourAdvertisement, kAddress);
  const auto target = options ? get_ipv6(message.payload, 0) : std::nullopt;
  const bool solicited = (message.word & kSolicitedFlag) != 0;
  if (!target || target->is_multicast() || (solicited && packet.destination.is_multicast()))
    return std::nullopt;
  return NeighbourAdvertisement{*target, (message.word & kRouterFlag) != 0, solicited,
                                (message.word & kOverrideFlag) != 0,
                                find_link(*options, NdpOption::kTargetLink)};
}

std::optional<Redirect> parse_redirect(const Icmp6Message& message, const Ipv6Packet& packet) {
  const auto options = valid_options(message, packet, Icmp6Message::kRedirect, 2 * kAddress);
  const auto target = options ? get_ipv6(message.payload, 0) : std::nullopt;
  const auto destination = options ? get_ipv6(message.payload, kAddress) : std::nullopt;
  if (!target || !destination || !packet.source.is_link_local() || destination->is_multicast() ||
      (!target->is_link_local() && *target != *destination)) {
    return std::nullopt;
  }
  return Redirect{*target, *destination, find_link(*options, NdpOption::kTargetLink)};
}

std::size_t emit_router_solicitation(const RouterSolicitation& message, const IpAddress& source,
                                     const IpAddress& destination, std::span<std::byte> out) {
  MessageWriter writer(out);
  writer.link(NdpOption::kSourceLink, message.source_link);
  return writer.finish(Icmp6Message::kRouterSolicitation, 0, source, destination);
}

std::size_t emit_neighbour_solicitation(const NeighbourSolicitation& message,
                                        const IpAddress& source, const IpAddress& destination,
                                        std::span<std::byte> out) {
  MessageWriter writer(out);
  writer.address(message.target);
  writer.link(NdpOption::kSourceLink, message.source_link);
  if (message.nonce) writer.option(NdpOption::kNonce, *message.nonce);
  return writer.finish(Icmp6Message::kNeighbourSolicitation, 0, source, destination);
}

std::size_t emit_neighbour_advertisement(const NeighbourAdvertisement& message,
                                         const IpAddress& source, const IpAddress& destination,
                                         std::span<std::byte> out) {
  MessageWriter writer(out);
  writer.address(message.target);
  writer.link(NdpOption::kTargetLink, message.target_link);
  const std::uint32_t flags = (message.router ? kRouterFlag : 0) |
                              (message.solicited ? kSolicitedFlag : 0) |
                              (message.override_entry ? kOverrideFlag : 0);
  return writer.finish(Icmp6Message::kNeighbourAdvertisement, flags, source, destination);
}

}  // namespace conker
