// DHCP messages (RFC 2131, 2; options of RFC 2132), as a client reads and writes them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/address.hpp"

namespace conker {

inline constexpr Port kDhcpServerPort{67}, kDhcpClientPort{68};
/// The most bytes that emit_dhcp() writes.
inline constexpr std::size_t kDhcpMostBytes = 320;

enum class DhcpType : std::uint8_t {
  kDiscover = 1,
  kOffer = 2,
  kRequest = 3,
  kDecline = 4,
  kAck = 5,
  kNak = 6,
  kRelease = 7,
};

struct DhcpMessage {
  static constexpr std::size_t kMostServers = 3, kMostRouters = 4;
  static constexpr std::uint32_t kForEver = 0xffffffff;  // an infinite lease (RFC 2131, 3.3)

  DhcpType type = DhcpType::kDiscover;
  std::uint32_t transaction = 0;
  std::uint16_t seconds = 0;  // secs: since the client began
  bool broadcast = false;     // the BROADCAST flag (RFC 2131, 4.1)
  MacAddress hardware;        // chaddr, of the client
  IpAddress client;           // ciaddr: the client's address; 0.0.0.0 while it has none
  IpAddress yours;            // yiaddr: the address offered or assigned
  // Options. An address whose option was absent is unspecified.
  IpAddress server;       // 54: the server that sends, or that is addressed
  IpAddress requested;    // 50
  std::uint8_t mask = 0;  // 1: as a prefix length; 0 when absent
  IpAddress router;       // 3: the first that can be a host's, of the first kMostRouters
  std::array<IpAddress, kMostServers> dns{};  // 6: the first ones
  std::uint8_t dns_count = 0;
  std::optional<std::uint32_t> lease, renew, rebind;  // 51, 58, 59: seconds
  std::uint8_t skipped = 0;  // options that were truncated, empty, or of an invalid length or value
};

/// Parses a server's message. Nothing when it is not a BOOTREPLY for Ethernet; when it ends before
/// its options; when there is no message type; or when it has a client identifier other than that
/// of `ours` (RFC 6842, 3). Any other option that is truncated, empty, or of a length or value that
/// is invalid for its kind is treated as absent, and counted: the client decides which options it
/// needs. Options in the `sname` and `file` fields count where option 52 says so, once. Of an
/// option that occurs twice the first valid one counts; lists are concatenated (RFC 3396).
std::optional<DhcpMessage> parse_dhcp(std::span<const std::byte> bytes, const MacAddress& ours);

/// Writes a client's message and returns its length: at least 300 bytes, which some relays demand
/// (RFC 1542, 2.1), and at most kDhcpMostBytes. Of the options only `server` and `requested` are
/// written, and those that every client sends.
std::size_t emit_dhcp(const DhcpMessage& message, std::uint16_t longest, std::span<std::byte> out);

}  // namespace conker
