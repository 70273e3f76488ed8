// The types in the DHCP client's public calls.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/time.hpp"
#include "stack/base/token.hpp"
#include "stack/settings.hpp"
#include "stack/wire/dhcp.hpp"

namespace conker {

/// The states of RFC 2131, 4.4 (figure 5), with kChecking between the ACK and BOUND, and kReleasing
/// before the end.
enum class DhcpState : std::uint8_t {
  kStopped,
  kInit,  // waits before the first DISCOVER
  kSelecting,
  kRequesting,
  kRebooting,  // requests the address of an earlier lease
  kChecking,   // the stack probes for the address (4.4.1, RFC 5227)
  kBound,
  kRenewing,   // requests an extension from its server
  kRebinding,  // requests an extension from any server
  kReleasing,  // has a RELEASE to send, which waits for ARP
};
/// The RFC's names: "BOUND"; "CHECKING" and "RELEASING" for the two states that it does not have.
const char* to_string(DhcpState state);

struct DhcpLease {
  Prefix address;
  IpAddress server = IpAddress::v4(0), router = IpAddress::v4(0);  // 0.0.0.0: none
  std::array<IpAddress, DhcpMessage::kMostServers> dns{};
  std::uint8_t dns_count = 0;
  Instant renew_at = kNever, rebind_at = kNever, expires = kNever;  // kNever: an infinite lease

  std::span<const IpAddress> dns_servers() const { return std::span(dns).first(dns_count); }
};

struct DhcpSettings {
  InterfaceId interface;
  ClientId client = ClientId::kNobody;  // in the token of its socket
  bool use_router = true;               // sets the stack's default gateway
  bool link_local = true;               // a link-local address while no server answers (RFC 3927)
  Duration patience = 10s;              // wait for a server before that
  Duration begin_within = 1s;  // random delay of the first message; RFC 2131, 4.4.1 says 1 to 10 s,
                               // for many hosts that are switched on at once
};

/// What has happened since the last call of next_event().
struct DhcpEvent {
  enum Bits : std::uint8_t {
    kLease = 1,      // lease() is in use, or has new servers or times
    kLost = 2,       // the address `lost` was removed: its connections are best reset
    kLinkLocal = 4,  // link_local() has changed
  };
  std::uint8_t mask = 0;
  IpAddress lost = IpAddress::v4(0);

  constexpr bool has(Bits bit) const { return (mask & bit) != 0; }
};

}  // namespace conker
