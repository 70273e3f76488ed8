// Default address selection (RFC 6724): which of the host's addresses is the source of a packet.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/address.hpp"
#include "stack/settings.hpp"

namespace conker {

/// What the policy table says of an address (RFC 6724, 2.1).
struct AddressPolicy {
  std::uint8_t precedence = 0;  // of a destination: the higher is preferred
  std::uint8_t label = 0;       // a source whose label is that of the destination is preferred
};
/// The entry of the default policy table whose prefix is the longest that matches.
AddressPolicy policy_of(const IpAddress& address);

/// The number of leading bits that two addresses have in common, 0 to 128 (RFC 6724, 2.2), zones
/// left aside.
std::uint8_t common_prefix_length(const IpAddress& a, const IpAddress& b);

/// One of the host's addresses that may be a source: assigned, neither tentative nor duplicate.
struct SourceCandidate {
  IpAddress address;
  std::uint8_t length = 64;  // of its prefix
  InterfaceId interface;
  bool deprecated = false;   // its preferred lifetime has ended (RFC 4862, 5.5.4)
  bool temporary = false;    // RFC 8981
  bool of_next_hop = false;  // its prefix was advertised by the router that is the next hop (5.5)
};

/// Where a packet is to go.
struct SourceRequest {
  IpAddress destination;
  InterfaceId interface;       // over which it leaves
  bool prefer_public = false;  // the other way round than rule 7 has it: stable before temporary
};

/// Whether `candidate` belongs to the candidate set of a destination (RFC 6724, 4): a unicast
/// address of the outgoing interface. Of other interfaces, which the RFC allows for destinations of
/// global scope, only those that are no link-local address.
bool may_be_source(const SourceCandidate& candidate, const SourceRequest& request);

/// Whether rules 1 to 8 prefer `a` to `b` (RFC 6724, 5). False where they are equal, so that of
/// equal ones the earlier is kept. Both may be sources.
bool is_better_source(const SourceCandidate& a, const SourceCandidate& b,
                      const SourceRequest& request);

/// The index of the best candidate; nothing where none may be a source.
std::optional<std::size_t> select_source(std::span<const SourceCandidate> candidates,
                                         const SourceRequest& request);

}  // namespace conker
