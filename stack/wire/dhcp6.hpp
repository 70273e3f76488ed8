// DHCPv6 messages (RFC 8415), as a client reads and writes them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/address.hpp"

namespace conker {

inline constexpr Port kDhcp6ClientPort{546}, kDhcp6ServerPort{547};
/// All_DHCP_Relay_Agents_and_Servers, ff02::1:2, whose zone is the interface.
inline constexpr IpAddress kDhcp6Servers{{0xff020000, 0, 0, 0x00010002}};
/// The most bytes that emit_dhcp6() writes.
inline constexpr std::size_t kDhcp6MostBytes = 256;

enum class Dhcp6Type : std::uint8_t {
  kSolicit = 1,
  kAdvertise = 2,
  kRequest = 3,
  kConfirm = 4,
  kRenew = 5,
  kRebind = 6,
  kReply = 7,
  kRelease = 8,
  kDecline = 9,
  kInformationRequest = 11,
};

/// Status codes (RFC 8415, 21.13). A server may send others.
struct Dhcp6Status {
  static constexpr std::uint16_t kSuccess = 0, kUnspecified = 1, kNoAddresses = 2, kNoBinding = 3,
                                 kNotOnLink = 4;
};

/// The DUID of a server: 3 to 130 bytes that mean nothing to a client (RFC 8415, 11.1).
struct Dhcp6Identifier {
  static constexpr std::size_t kMost = 130;

  std::array<std::byte, kMost> bytes{};
  std::uint8_t length = 0;  // 0: none

  bool empty() const { return length == 0; }
  std::span<const std::byte> span() const { return std::span(bytes).first(length); }
  bool operator==(const Dhcp6Identifier& other) const {
    return std::ranges::equal(span(), other.span());
  }
};

/// An address with its lifetimes in seconds (RFC 8415, 21.6).
struct Dhcp6Address {
  static constexpr std::uint32_t kForEver = 0xffffffff;  // 7.7

  IpAddress address;
  std::uint32_t preferred = 0, valid = 0;
};

/// The client's identity association for non-temporary addresses (RFC 8415, 21.4).
struct Dhcp6Association {
  static constexpr std::size_t kMost = 4;

  std::uint32_t renew = 0, rebind = 0;  // T1 and T2 in seconds; 0: the client's choice
  std::uint16_t status = Dhcp6Status::kSuccess;
  std::array<Dhcp6Address, kMost> addresses{};  // the first ones
  std::uint8_t count = 0;

  std::span<const Dhcp6Address> all() const { return std::span(addresses).first(count); }
};

struct Dhcp6Message {
  static constexpr std::size_t kMostServers = 3;

  Dhcp6Type type = Dhcp6Type::kSolicit;
  std::uint32_t transaction = 0;  // 24 bits
  MacAddress client;              // 1: the client's DUID is made of it (11.4, DUID-LL)
  Dhcp6Identifier server;         // 2
  std::optional<Dhcp6Association> association;   // 3
  std::uint16_t elapsed = 0;                     // 8: hundredths of a second
  std::uint8_t preference = 0;                   // 7
  std::uint16_t status = Dhcp6Status::kSuccess;  // 13, of the whole message
  std::array<IpAddress, kMostServers> dns{};     // 23 (RFC 3646): the first that can be a host's
  std::uint8_t dns_count = 0;
  std::optional<std::uint32_t> refresh;          // 32: seconds until information is asked for anew
  std::optional<std::uint32_t> solicit_max;      // 82: SOL_MAX_RT in seconds, within its range
  std::optional<std::uint32_t> information_max;  // 83: INF_MAX_RT in seconds, within its range
  std::uint8_t skipped = 0;  // options that were cut short, or of an invalid length or value
};

/// Parses a server's message to the client whose DUID is made of `ours` and whose identity
/// association has the number `association`. Nothing when it is no Advertise or Reply, when the
/// identifier of the client or the server is missing (RFC 8415, 16.3 and 16.10), or when it is for
/// another client. Any other option that is cut short, or of an invalid length or value, is treated
/// as absent, and counted. Of an option that occurs twice the first valid one counts.
std::optional<Dhcp6Message> parse_dhcp6(std::span<const std::byte> bytes, const MacAddress& ours,
                                        std::uint32_t association);

/// Writes a client's message and returns its length, at most kDhcp6MostBytes. Of the options those
/// are written that the client's message type has: identifiers, the association with its first
/// address, the elapsed time, and which options are asked for.
std::size_t emit_dhcp6(const Dhcp6Message& message, std::uint32_t association,
                       std::span<std::byte> out);

}  // namespace conker
