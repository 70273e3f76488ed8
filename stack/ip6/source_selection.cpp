#include "stack/ip6/source_selection.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace conker {
namespace {

struct PolicyEntry {
  Prefix prefix;
  AddressPolicy policy;
};

constexpr IpAddress beginning(std::uint32_t first) {
  return IpAddress({first, 0, 0, 0});
}

// RFC 6724, 2.1, the longest prefix first.
constexpr std::array<PolicyEntry, 8> kPolicies{{
    {{IpAddress({0, 0, 0, 1}), 128}, {50, 0}},
    {{IpAddress({0, 0, 0xffff, 0}), 96}, {35, 4}},
    {{IpAddress(), 96}, {1, 3}},
    {{beginning(0x20010000), 32}, {5, 5}},
    {{beginning(0x20020000), 16}, {30, 2}},
    {{beginning(0x3ffe0000), 16}, {1, 12}},
    {{beginning(0xfec00000), 10}, {1, 11}},
    {{beginning(0xfc000000), 7}, {3, 13}},
}};
constexpr AddressPolicy kOthers{40, 1};  // ::/0

/// Compares by one rule: 1 where it prefers `a`, -1 where it prefers `b`, 0 where it does not say.
constexpr int prefer(bool a, bool b) {
  return a == b ? 0 : a ? 1 : -1;
}

/// Rule 2, prefer the appropriate scope: the smallest that is at least the destination's or, where
/// both are smaller, the larger.
int by_scope(const IpAddress& a, const IpAddress& b, const IpAddress& destination) {
  const auto of_a = a.scope(), of_b = b.scope();
  if (of_a == of_b) return 0;
  const bool b_is_larger = of_a < of_b;
  const auto smaller = b_is_larger ? of_a : of_b;
  const bool take_larger = smaller < destination.scope();
  return prefer(take_larger != b_is_larger, take_larger == b_is_larger);
}

}  // namespace

AddressPolicy policy_of(const IpAddress& address) {
  for (const PolicyEntry& entry : kPolicies) {
    if (common_prefix_length(entry.prefix.address, address) >= entry.prefix.length)
      return entry.policy;
  }
  return kOthers;
}

std::uint8_t common_prefix_length(const IpAddress& a, const IpAddress& b) {
  const auto left = a.without_zone().words(), right = b.without_zone().words();
  int length = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    const int same = std::countl_zero(left[i] ^ right[i]);
    length += same;
    if (same < 32) break;
  }
  return static_cast<std::uint8_t>(length);
}

bool may_be_source(const SourceCandidate& candidate, const SourceRequest& request) {
  const IpAddress& address = candidate.address;
  if (address.is_v4() != request.destination.is_v4()) return false;
  if (address.is_unspecified() || address.is_multicast()) return false;
  if (candidate.interface == request.interface) return true;
  // Per section 4, for multicast and link-local destinations only addresses of the interface.
  return !address.is_link_local() && !request.destination.is_link_local() &&
         !request.destination.is_multicast();
}

bool is_better_source(const SourceCandidate& a, const SourceCandidate& b,
                      const SourceRequest& request) {
  const IpAddress& to = request.destination;
  // Rule 1: the same address. (A packet of the host to itself.)
  if (const int by = prefer(a.address == to, b.address == to)) return by > 0;
  if (const int by = by_scope(a.address, b.address, to)) return by > 0;
  // Rule 3: avoid deprecated addresses. Rule 4 is about home addresses, which there are none of.
  if (const int by = prefer(!a.deprecated, !b.deprecated)) return by > 0;
  // Rule 5: the outgoing interface; 5.5: a prefix that the next hop has advertised.
  if (const int by = prefer(a.interface == request.interface, b.interface == request.interface))
    return by > 0;
  if (const int by = prefer(a.of_next_hop, b.of_next_hop)) return by > 0;
  // Rule 6: the matching label.
  const std::uint8_t label = policy_of(to).label;
  if (const int by =
          prefer(policy_of(a.address).label == label, policy_of(b.address).label == label))
    return by > 0;
  // Rule 7: temporary addresses.
  if (const int by =
          prefer(a.temporary != request.prefer_public, b.temporary != request.prefer_public))
    return by > 0;
  // Rule 8: the longest matching prefix, of a source no longer than its own (2.2).
  const auto matching = [&to](const SourceCandidate& candidate) {
    return std::min(common_prefix_length(candidate.address, to), candidate.length);
  };
  return matching(a) > matching(b);
}

std::optional<std::size_t> select_source(std::span<const SourceCandidate> candidates,
                                         const SourceRequest& request) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!may_be_source(candidates[i], request)) continue;
    if (!best || is_better_source(candidates[i], candidates[*best], request)) best = i;
  }
  return best;
}

}  // namespace conker
