// The resolver's cache.
#pragma once

#include <cstdint>
#include <span>

#include "stack/base/arena.hpp"
#include "stack/base/index_list.hpp"
#include "stack/base/siphash.hpp"
#include "stack/base/time.hpp"
#include "stack/dns/types.hpp"
#include "stack/wire/dns.hpp"

namespace conker {

/// Addresses by name and family, with negative answers (RFC 2308). A full cache evicts the entry
/// that was unused longest. Expired entries stay until then, and are not found.
class DnsCache {
 public:
  DnsCache(Arena& arena, std::uint32_t entries, const SipKey& key);

  struct Entry {
    DnsName name;
    DnsFamily family;
    DnsStatus status;
    DnsAddresses addresses;
    Instant expires;
    std::uint32_t chain;  // the next in the same hash chain, counted from one
    std::uint32_t used_next, used_previous;
  };

  /// The entry of a name; null when there is none that is valid. Good until the next call.
  const Entry* find(const DnsName& name, DnsFamily family, Instant now);
  /// Enters an answer; it replaces the name's entry.
  void put(const DnsName& name, DnsFamily family, DnsStatus status, const DnsAddresses& addresses,
           Instant expires);
  /// Empties the cache, as for other servers, which may give other answers.
  void clear();
  std::uint32_t size() const { return used_.size(); }

 private:
  std::uint32_t& bucket(const DnsName& name);
  std::uint32_t lookup(const DnsName& name, DnsFamily family);
  std::uint32_t create(const DnsName& name, DnsFamily family);
  void touch(std::uint32_t index);

  std::span<Entry> entries_;
  std::span<std::uint32_t> heads_;  // heads of hash chains, counted from one
  SipKey key_;
  std::uint32_t fresh_ = 0;  // entries from here on were never used
  IndexList<Entry, &Entry::used_next, &Entry::used_previous> used_;  // least recently used first
};

}  // namespace conker
