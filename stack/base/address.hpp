// Addresses of hosts, links and services. IpAddress holds both address families.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace conker {

/// How far an address reaches (RFC 4291, 2.7; RFC 6724, 3.1). The values are those on the wire, and
/// of a multicast address any of 0 to 15 may occur.
enum class Scope : std::uint8_t {
  kInterfaceLocal = 1,
  kLinkLocal = 2,
  kAdminLocal = 4,
  kSiteLocal = 5,
  kOrganizationLocal = 8,
  kGlobal = 14,
};

/// An IPv4 or IPv6 address. IPv4 is kept as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2), so that one
/// comparison and one hash serve both; so no such address may be taken from an IPv6 packet.
///
/// An address that means something else on each link has the number of its zone (RFC 4007, 5)
/// within: bytes 2 and 3, which are zero on the wire, hold it. So every table tells two links apart
/// without a second field. What is received gets it by with_zone(), and what is sent loses it.
class IpAddress {
 public:
  /// The unspecified IPv6 address, ::.
  constexpr IpAddress() = default;
  /// Four groups of 32 bits in host order, most significant first.
  explicit constexpr IpAddress(std::array<std::uint32_t, 4> words) : words_(words) {}

  /// The IPv4 address whose 32 bits, in host order, are `bits`.
  static constexpr IpAddress v4(std::uint32_t bits) { return IpAddress({0, 0, 0xffff, bits}); }
  static constexpr IpAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
    return v4(std::uint32_t{a} << 24 | std::uint32_t{b} << 16 | std::uint32_t{c} << 8 | d);
  }

  /// Parses an IPv4 address in dotted-quad form, without leading zeros, or an IPv6 address as RFC
  /// 4291, 2.2 has it, with the number of its zone if need be: "fe80::1%2" (RFC 4007, 11). Nullopt
  /// for any other text, also one with characters before or behind; for an IPv4 address that is
  /// written as an IPv6 address, since it would have two texts; and where bits are set that hold a
  /// zone.
  static std::optional<IpAddress> parse(std::string_view text);
  /// The same for IPv4 only, so that an image without IPv6 does not link the rest.
  static std::optional<IpAddress> parse_v4(std::string_view text);

  constexpr bool is_v4() const { return words_[0] == 0 && words_[1] == 0 && words_[2] == 0xffff; }
  /// The IPv4 address as 32 bits in host order. Only where is_v4().
  constexpr std::uint32_t v4_bits() const { return words_[3]; }
  constexpr const std::array<std::uint32_t, 4>& words() const& { return words_; }
  constexpr std::array<std::uint32_t, 4> words() const&& { return words_; }
  /// The address as two words of 64 bits, the form that keyed hashes take.
  constexpr std::array<std::uint64_t, 2> halves() const {
    return {std::uint64_t{words_[0]} << 32 | words_[1], std::uint64_t{words_[2]} << 32 | words_[3]};
  }

  constexpr bool is_unspecified() const {
    return words_[3] == 0 && (is_v4() || *this == IpAddress());
  }
  constexpr bool is_loopback() const {
    return is_v4() ? words_[3] >> 24 == 127 : *this == IpAddress({0, 0, 0, 1});
  }
  constexpr bool is_multicast() const {
    return is_v4() ? words_[3] >> 28 == 0xe : words_[0] >> 24 == 0xff;
  }
  constexpr bool is_limited_broadcast() const { return is_v4() && words_[3] == 0xffffffff; }
  /// Whether it lies in fe80::/10 (RFC 4291, 2.5.6).
  constexpr bool is_link_local() const { return words_[0] >> 22 == 0xfe80 >> 6; }
  /// Of IPv4 as RFC 6724, 3.2 has it.
  constexpr Scope scope() const {
    if (is_v4()) {
      const bool on_link = words_[3] >> 24 == 127 || words_[3] >> 16 == 0xa9fe;
      return on_link ? Scope::kLinkLocal : Scope::kGlobal;
    }
    if (is_multicast()) return static_cast<Scope>(words_[0] >> 16 & 0xf);
    if (is_link_local() || is_loopback()) return Scope::kLinkLocal;
    return words_[0] >> 22 == 0xfec0 >> 6 ? Scope::kSiteLocal : Scope::kGlobal;
  }

  /// Whether bytes 2 and 3 hold a zone: those of link-local addresses and of multicast addresses
  /// whose scope is the interface or the link, but for ones that are made of a unicast prefix (RFC
  /// 3306, 4), in which these bytes have a meaning.
  constexpr bool holds_zone() const {
    constexpr std::uint32_t kTransient = 0x10;
    const std::uint32_t kind = words_[0] >> 16 & ~kTransient;
    return is_link_local() || kind == 0xff01 || kind == 0xff02;
  }
  /// The number of its zone, which is that of an interface (zone_of()); 0 where none is given or it
  /// holds none.
  constexpr std::uint16_t zone() const {
    return static_cast<std::uint16_t>(holds_zone() ? words_[0] & 0xffff : 0);
  }
  /// The address in this zone; itself where it holds none.
  constexpr IpAddress with_zone(std::uint16_t zone) const {
    return holds_zone()
               ? IpAddress({(words_[0] & 0xffff0000) | zone, words_[1], words_[2], words_[3]})
               : *this;
  }
  /// The address as it is on the wire.
  constexpr IpAddress without_zone() const { return with_zone(0); }

  constexpr bool operator==(const IpAddress& other) const {
    return ((words_[0] ^ other.words_[0]) | (words_[1] ^ other.words_[1]) |
            (words_[2] ^ other.words_[2]) | (words_[3] ^ other.words_[3])) == 0;
  }
  constexpr auto operator<=>(const IpAddress&) const = default;

  /// The longest text that to_string() writes.
  static constexpr std::size_t kTextSize = 43;
  /// Writes the address in dotted-quad form or as RFC 5952, 4 has it, with "%" and its zone where
  /// it has one, and returns the part of `out` that holds it.
  std::string_view to_string(std::span<char, kTextSize> out) const;

 private:
  std::array<std::uint32_t, 4> words_{};
};

/// The multicast group in which the neighbours of an IPv6 address ask for it: ff02::1:ff00:0/104
/// with its last 24 bits (RFC 4291, 2.7.1). It has no zone yet.
constexpr IpAddress solicited_node(const IpAddress& address) {
  return IpAddress({0xff020000, 0, 1, 0xff000000 | (address.words()[3] & 0xffffff)});
}
/// ff02::1 and ff02::2 (RFC 4291, 2.7.1).
inline constexpr IpAddress kAllNodes{{0xff020000, 0, 0, 1}};
inline constexpr IpAddress kAllRouters{{0xff020000, 0, 0, 2}};

/// An address prefix: `length` is the number of leading bits that count, 0 to 32 for IPv4 and 0 to
/// 128 for IPv6.
struct Prefix {
  IpAddress address;
  std::uint8_t length = 0;

  static constexpr std::uint8_t most_length(const IpAddress& address) {
    return address.is_v4() ? 32 : 128;
  }
  /// Only for IPv4.
  constexpr std::uint32_t v4_mask() const {
    return length == 0 ? 0 : ~std::uint32_t{0} << (32 - length);
  }
  /// Whether an address of the same family begins as the prefix does. A prefix without a zone
  /// contains the addresses of all zones.
  constexpr bool contains(const IpAddress& a) const {
    if (address.is_v4()) return a.is_v4() && ((a.v4_bits() ^ address.v4_bits()) & v4_mask()) == 0;
    return !a.is_v4() && contains_v6(a);
  }
  /// Its first address: that of the network, in the same zone.
  IpAddress network() const;
  /// The directed broadcast address; none for a prefix length of 31 or 32 (RFC 3021).
  constexpr std::optional<IpAddress> broadcast() const {
    if (!address.is_v4() || length > 30) return std::nullopt;
    return IpAddress::v4(address.v4_bits() | ~v4_mask());
  }
  constexpr bool operator==(const Prefix&) const = default;
  /// Parses "10.77.0.0/24", "2001:db8::/32" or "fe80::1%2/64"; nullopt for any other form.
  static std::optional<Prefix> parse(std::string_view text);
  /// The same for IPv4 only.
  static std::optional<Prefix> parse_v4(std::string_view text);

 private:
  bool contains_v6(const IpAddress& a) const;
};

/// Whether `address` can be that of one host: not in "this" network, loopback, multicast, reserved
/// or limited broadcast (RFC 1122, 3.2.1.3; RFC 6890, 2.2.2); of IPv6 not unspecified, loopback or
/// multicast (RFC 4291, 2.5 and 2.7). A directed broadcast is recognized only together with its
/// prefix, below.
constexpr bool names_a_host(const IpAddress& address) {
  if (!address.is_v4()) {
    return !address.is_multicast() && !address.is_unspecified() && !address.is_loopback();
  }
  const std::uint32_t first = address.v4_bits() >> 24;
  return first != 0 && first != 127 && first < 224;
}
/// Whether `prefix.address` can be a host's address in its prefix: a prefix length of 1 to 32, and
/// neither the all-zeros nor the broadcast address of the prefix, which lengths of 31 and 32 do not
/// have (RFC 3021); of IPv6 a length of 1 to 128, and not the anycast address of the subnet's
/// routers (RFC 4291, 2.6.1), which lengths of 127 and 128 do not have (RFC 6164, 4).
constexpr bool names_a_host(const Prefix& prefix) {
  if (!names_a_host(prefix.address) || prefix.length == 0) return false;
  if (!prefix.address.is_v4()) {
    return prefix.length <= 128 && (prefix.length > 126 || prefix.network() != prefix.address);
  }
  if (prefix.length > 32) return false;
  return prefix.length > 30 || (prefix.broadcast() != prefix.address &&
                                (prefix.address.v4_bits() & ~prefix.v4_mask()) != 0);
}

/// An Ethernet address (EUI-48).
struct MacAddress {
  std::array<std::uint8_t, 6> bytes{};

  static constexpr MacAddress broadcast() { return {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}; }
  /// That of an IPv6 multicast address: 33:33 and its last 32 bits (RFC 2464, 7).
  static constexpr MacAddress of_group(const IpAddress& address) {
    const auto byte = [&](unsigned shift) {
      return static_cast<std::uint8_t>(address.words()[3] >> shift & 0xff);
    };
    return {{0x33, 0x33, byte(24), byte(16), byte(8), byte(0)}};
  }
  constexpr bool is_group() const { return (bytes[0] & 1) != 0; }
  constexpr bool operator==(const MacAddress&) const = default;

  /// Parses "02:00:00:00:00:01"; nullopt for any other form.
  static std::optional<MacAddress> parse(std::string_view text);
  static constexpr std::size_t kTextSize = 18;
  std::string_view to_string(std::span<char, kTextSize> out) const;
};

/// A TCP or UDP port in host order.
struct Port {
  std::uint16_t value = 0;
  constexpr bool operator==(const Port&) const = default;
  constexpr auto operator<=>(const Port&) const = default;
};

struct Endpoint {
  IpAddress address;
  Port port;
  constexpr bool operator==(const Endpoint&) const = default;

  /// "10.77.0.1:80", "[2001:db8::1]:80" or "[fe80::1%2]:80"; a port from 1 to 65535.
  static std::optional<Endpoint> parse(std::string_view text);
  /// The same for IPv4 only.
  static std::optional<Endpoint> parse_v4(std::string_view text);
  static constexpr std::size_t kTextSize = IpAddress::kTextSize + 9;
  /// As parse() reads it; an unspecified address is "*".
  std::string_view to_string(std::span<char, kTextSize> out) const;
};

/// ADDRESS:PORT or NAME:PORT, taken apart and not looked at any closer. An address that has colons
/// itself stands in brackets (RFC 3986, 3.2.2), which are taken off.
struct HostPort {
  std::string_view host;  // not empty
  Port port;              // 1 to 65535

  static std::optional<HostPort> parse(std::string_view text);
};

/// The local and remote address and port that identify a connection (RFC 9293, 3.3.1).
struct FourTuple {
  IpAddress local;
  IpAddress remote;
  Port local_port;
  Port remote_port;
  constexpr bool operator==(const FourTuple&) const = default;

  /// As the frames of a link show it.
  constexpr FourTuple without_zones() const {
    return {local.without_zone(), remote.without_zone(), local_port, remote_port};
  }
};

}  // namespace conker
