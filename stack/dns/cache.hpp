// What has been answered, for as long as it may be kept.
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

/// Addresses by name, and names and addresses that there are none of (RFC 2308). When it is full
/// the entry unused longest is forgotten. Entries that have run out stay until then, and are not
/// found.
class DnsCache {
 public:
  DnsCache(Arena& arena, std::uint32_t entries, const SipKey& key);

  struct Entry {
    DnsName name;
    DnsStatus status;
    DnsAddresses addresses;
    Instant expires;
    std::uint32_t chain;  // the next of the same hash, counted from one
    std::uint32_t used_next, used_previous;
  };

  /// Null when nothing that still holds is known of the name. Good until the next call.
  const Entry* find(const DnsName& name, Instant now);
  /// Takes the place of what was known of the name.
  void put(const DnsName& name, DnsStatus status, const DnsAddresses& addresses, Instant expires);
  /// Forgets everything: other servers may know other things.
  void clear();
  std::uint32_t size() const { return used_.size(); }

 private:
  std::uint32_t& bucket(const DnsName& name);
  std::uint32_t lookup(const DnsName& name);
  std::uint32_t create(const DnsName& name);
  void touch(std::uint32_t index);

  std::span<Entry> entries_;
  std::span<std::uint32_t> heads_;  // hash chains, counted from one
  SipKey key_;
  std::uint32_t fresh_ = 0;  // entries from here on were never used
  IndexList<Entry, &Entry::used_next, &Entry::used_previous> used_;  // the one unused longest first
};

}  // namespace conker
