// The types in the DHCPv6 client's public calls.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/time.hpp"
#include "stack/ip6/address_host.hpp"
#include "stack/settings.hpp"
#include "stack/wire/dhcp6.hpp"

namespace conker {

/// The exchanges of RFC 8415, 18.2, and what lies between them.
enum class Dhcp6State : std::uint8_t {
  kStopped,
  kInit,        // waits before the first message
  kSoliciting,  // looks for servers
  kRequesting,  // asks one for the address that it has advertised
  kChecking,    // duplicate address detection (18.2.10.1)
  kBound,
  kConfirming,  // asks whether the address fits the link, which has come up again
  kRenewing,    // asks its server to extend the lifetimes
  kRebinding,   // asks any server
  kDeclining,   // tells the server that another host has the address
  kReleasing,
  kAsking,    // for information, without an address
  kInformed,  // has it
};
/// In the RFC's words: "BOUND", "INFORMATION-REQUEST".
const char* to_string(Dhcp6State state);

/// What a server is asked for.
enum class Dhcp6Wants : std::uint8_t {
  kAddress,      // one, and information ("stateful", the M flag of router advertisements)
  kInformation,  // servers of names ("stateless", the O flag)
};

struct Dhcp6Lease {
  IpAddress address;  // unspecified: information alone
  Dhcp6Identifier server;
  std::array<IpAddress, Dhcp6Message::kMostServers> dns{};  // link-local ones with their zone
  std::uint8_t dns_count = 0;
  // kNever: an infinite lifetime. The address is deprecated from `preferred_until` on.
  Instant renew_at = kNever, rebind_at = kNever, preferred_until = kNever, expires = kNever;

  std::span<const IpAddress> dns_servers() const { return std::span(dns).first(dns_count); }
};

struct Dhcp6Settings {
  InterfaceId interface;
  MacAddress mac;              // of the interface; the client's identifier is made of it
  Duration begin_within = 1s;  // random delay of the first message (RFC 8415, 7.6)
};

/// What has happened since the last call of next_event().
struct Dhcp6Event {
  enum Bits : std::uint8_t {
    kLease = 1,        // lease() is in use, or has new servers or times
    kLost = 2,         // the address `lost` was removed: its connections are best reset
    kInformation = 4,  // information() has changed
  };
  std::uint8_t mask = 0;
  IpAddress lost;

  constexpr bool has(Bits bit) const { return (mask & bit) != 0; }
};

/// What the client asks of the host, of its one interface.
class Dhcp6Host : public AddressHost {
 public:
  virtual Instant now() const = 0;
  /// Sends a message from the interface's link-local address and port 546 to all servers of the
  /// link, kDhcp6Servers and port 547. One that cannot be sent is retransmitted like one that is
  /// lost on the way.
  virtual void send_dhcp6(std::span<const std::byte> message) = 0;

 protected:
  ~Dhcp6Host() = default;
};

}  // namespace conker
