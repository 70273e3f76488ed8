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

/// An IPv4 or IPv6 address. IPv4 is kept as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2), so that one
/// comparison and one hash serve both.
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

  /// Parses an IPv4 address in dotted-quad form; nullopt for any other text, also one with leading
  /// zeros or characters before or behind. IPv6 text is not parsed.
  static std::optional<IpAddress> parse(std::string_view text);

  constexpr bool is_v4() const { return words_[0] == 0 && words_[1] == 0 && words_[2] == 0xffff; }
  /// The IPv4 address as 32 bits in host order. Only where is_v4().
  constexpr std::uint32_t v4_bits() const { return words_[3]; }
  constexpr const std::array<std::uint32_t, 4>& words() const { return words_; }
  /// The address as two words of 64 bits, the form that keyed hashes take.
  constexpr std::array<std::uint64_t, 2> halves() const {
    return {std::uint64_t{words_[0]} << 32 | words_[1], std::uint64_t{words_[2]} << 32 | words_[3]};
  }

  constexpr bool is_unspecified() const {
    return words_[3] == 0 && (is_v4() || *this == IpAddress());
  }
  constexpr bool is_loopback() const { return is_v4() && words_[3] >> 24 == 127; }
  constexpr bool is_multicast() const {
    return is_v4() ? words_[3] >> 28 == 0xe : words_[0] >> 24 == 0xff;
  }
  constexpr bool is_limited_broadcast() const { return is_v4() && words_[3] == 0xffffffff; }

  constexpr bool operator==(const IpAddress& other) const {
    return ((words_[0] ^ other.words_[0]) | (words_[1] ^ other.words_[1]) |
            (words_[2] ^ other.words_[2]) | (words_[3] ^ other.words_[3])) == 0;
  }
  constexpr auto operator<=>(const IpAddress&) const = default;

  /// The longest text that to_string() writes.
  static constexpr std::size_t kTextSize = 40;
  /// Writes the address in dotted-quad form or as RFC 5952, 4 has it, and returns the part of `out`
  /// that holds it.
  std::string_view to_string(std::span<char, kTextSize> out) const;

 private:
  std::array<std::uint32_t, 4> words_{};
};

/// An address prefix: `length` is the number of leading bits that count (for IPv4 0 to 32).
struct Prefix {
  IpAddress address;
  std::uint8_t length = 0;

  constexpr std::uint32_t v4_mask() const {
    return length == 0 ? 0 : ~std::uint32_t{0} << (32 - length);
  }
  constexpr bool contains(IpAddress a) const {
    return a.is_v4() && address.is_v4() && ((a.v4_bits() ^ address.v4_bits()) & v4_mask()) == 0;
  }
  /// The directed broadcast address; none for a prefix length of 31 or 32 (RFC 3021).
  constexpr std::optional<IpAddress> broadcast() const {
    if (!address.is_v4() || length > 30) return std::nullopt;
    return IpAddress::v4(address.v4_bits() | ~v4_mask());
  }
  constexpr bool operator==(const Prefix&) const = default;
  /// Parses "10.77.0.0/24"; nullopt for any other form.
  static std::optional<Prefix> parse(std::string_view text);
};

/// Whether `address` can be that of one host: not in "this" network, loopback, multicast, reserved
/// or limited broadcast (RFC 1122, 3.2.1.3; RFC 6890, 2.2.2). A directed broadcast is recognized
/// only together with its prefix, below.
constexpr bool names_a_host(const IpAddress& address) {
  if (!address.is_v4()) return false;
  const std::uint32_t first = address.v4_bits() >> 24;
  return first != 0 && first != 127 && first < 224;
}
/// Whether `prefix.address` can be a host's address in its prefix: a prefix length of 1 to 32, and
/// neither the all-zeros nor the broadcast address of the prefix, which lengths of 31 and 32 do not
/// have (RFC 3021).
constexpr bool names_a_host(const Prefix& prefix) {
  if (!names_a_host(prefix.address) || prefix.length == 0 || prefix.length > 32) return false;
  return prefix.length > 30 || (prefix.broadcast() != prefix.address &&
                                (prefix.address.v4_bits() & ~prefix.v4_mask()) != 0);
}

/// An Ethernet address (EUI-48).
struct MacAddress {
  std::array<std::uint8_t, 6> bytes{};

  static constexpr MacAddress broadcast() { return {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}; }
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

  /// "10.77.0.1:80" or "[2001:db8::1]:80"; a port from 1 to 65535.
  static std::optional<Endpoint> parse(std::string_view text);
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
};

}  // namespace conker
