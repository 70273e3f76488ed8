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
/// What emit_dhcp() writes at most.
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
  static constexpr std::uint32_t kForEver = 0xffffffff;  // of a lease (RFC 2131, 3.3)

  DhcpType type = DhcpType::kDiscover;
  std::uint32_t transaction = 0;
  std::uint16_t seconds = 0;  // since the client began
  bool broadcast = false;     // the answer is to go to everybody
  MacAddress hardware;        // of the client
  IpAddress client;           // ciaddr: what the client has; 0.0.0.0 while it has none
  IpAddress yours;            // yiaddr: what it may have
  // Options. Addresses that were not given are unspecified.
  IpAddress server;       // 54: who speaks, or who is meant
  IpAddress requested;    // 50
  std::uint8_t mask = 0;  // 1: the length of the prefix; 0 when it was not given
  IpAddress router;       // 3: the first that can be a host, of the first kMostRouters
  std::array<IpAddress, kMostServers> dns{};  // 6: the first ones
  std::uint8_t dns_count = 0;
  std::optional<std::uint32_t> lease, renew, rebind;  // 51, 58, 59: seconds
  std::uint8_t skipped = 0;  // options that were cut, empty, or of a length or value that cannot be
};

/// Reads an answer of a server. Nothing when it is none, or not for Ethernet; when it ends before
/// its options; when there is no message type; or when it names a client identifier other than that
/// of `ours` (RFC 6842, 3). Any other option that is cut, empty, or of a length or value that its
/// kind cannot have is skipped as if it had not been given, and counted: which ones are needed is
/// for the client to say. Options in the fields for names count where option 52 says so, once. Of
/// options given twice the first good one counts; lists go on in the next (RFC 3396).
std::optional<DhcpMessage> parse_dhcp(std::span<const std::byte> bytes, const MacAddress& ours);

/// Writes a message of a client and says how long it is: at least 300 bytes, which some relays want
/// (RFC 1542, 2.1). Of the options only server and requested are written, and those that every
/// client sends.
std::size_t emit_dhcp(const DhcpMessage& message, std::uint16_t longest, std::span<std::byte> out);

}  // namespace conker
