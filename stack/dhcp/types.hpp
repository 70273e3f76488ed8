// What the users of the DHCP client see.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/time.hpp"
#include "stack/settings.hpp"
#include "stack/wire/dhcp.hpp"

namespace conker {

/// The states of RFC 2131, 4.4 (figure 5), one between the server's word and its use, and one at
/// the end.
enum class DhcpState : std::uint8_t {
  kStopped,
  kInit,  // waits before it begins (again)
  kSelecting,
  kRequesting,
  kRebooting,  // asks for an address that it had before
  kChecking,   // the stack probes for the address (4.4.1, RFC 5227)
  kBound,
  kRenewing,   // asks the server for more time
  kRebinding,  // asks any server for more time
  kReleasing,  // has said good-bye, and waits for ARP to let it out
};
/// As the RFC writes them: "BOUND"; "CHECKING" and "RELEASING" for those that it has no name for.
const char* to_string(DhcpState state);

struct DhcpLease {
  Prefix address;
  IpAddress server = IpAddress::v4(0), router = IpAddress::v4(0);  // 0.0.0.0: none
  std::array<IpAddress, DhcpMessage::kMostServers> dns{};
  std::uint8_t dns_count = 0;
  Instant renew_at = kNever, rebind_at = kNever, expires = kNever;  // never: a lease for ever

  std::span<const IpAddress> dns_servers() const { return std::span(dns).first(dns_count); }
};

struct DhcpSettings {
  InterfaceId interface;
  std::uint8_t tag = 0;        // the upper 8 bits of its socket's cookie
  bool use_router = true;      // becomes the stack's gateway
  bool link_local = true;      // an address of our own making while no server answers (RFC 3927)
  Duration patience = 10s;     // with the servers before that
  Duration begin_within = 1s;  // before the first message, at random; RFC 2131, 4.4.1 says 1 to 10
                               // s, for houses full of machines that are switched on at once
};

/// What has happened since it was last asked.
struct DhcpNews {
  enum Bits : std::uint8_t {
    kLease = 1,      // lease() is in use, or has new servers or times
    kLost = 2,       // the address `lost` is not ours any more: its connections are best reset
    kLinkLocal = 4,  // link_local() has changed
  };
  std::uint8_t mask = 0;
  IpAddress lost = IpAddress::v4(0);

  constexpr bool has(Bits bit) const { return (mask & bit) != 0; }
};

}  // namespace conker
