// Finds a record by its four-tuple: a hash table beside the records, which has their hashes in it, so that a
// search that finds nothing touches no record.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/arena.hpp"
#include "stack/base/chunk_pool.hpp"
#include "stack/base/siphash.hpp"

namespace conker {

namespace detail {

/// Calls hash(words) or hash(first, last) with what makes up a four-tuple.
template <typename Hash>
constexpr std::uint64_t hash_tuple(const FourTuple& tuple, Hash&& hash) {
  const std::uint32_t ports = std::uint32_t{tuple.local_port.value} << 16 | tuple.remote_port.value;
  if (tuple.local.is_v4()) {
    return hash(std::uint64_t{tuple.local.v4_bits()} << 32 | tuple.remote.v4_bits(), ports);
  }
  const auto l = tuple.local.halves();
  const auto r = tuple.remote.halves();
  const std::array<std::uint64_t, 5> words{l[0], l[1], r[0], r[1], ports};
  return hash(std::span<const std::uint64_t>(words));
}

}  // namespace detail

/// Keyed, so that peers cannot make searches long.
constexpr std::uint32_t hash_of(const SipKey& key, const FourTuple& tuple) {
  return static_cast<std::uint32_t>(
      detail::hash_tuple(tuple, [&](auto... parts) { return siphash13(key, parts...); }));
}

/// For what an attacker must not predict.
constexpr std::uint64_t strong_hash_of(const SipKey& key, const FourTuple& tuple) {
  return detail::hash_tuple(tuple, [&](auto... parts) { return siphash24(key, parts...); });
}

/// A four-tuple as large tables keep it, in 12 bytes. 32 bits are an IPv4 address, and would be enough to
/// name an IPv6 address in a table of those in use.
struct PackedTuple {
  std::uint32_t local = 0;
  std::uint32_t remote = 0;
  Port local_port;
  Port remote_port;

  static constexpr PackedTuple of(const FourTuple& tuple) {
    return {tuple.local.v4_bits(), tuple.remote.v4_bits(), tuple.local_port, tuple.remote_port};
  }
  constexpr FourTuple whole() const {
    return {IpAddress::v4(local), IpAddress::v4(remote), local_port, remote_port};
  }
  constexpr bool operator==(const PackedTuple&) const = default;
};

/// Open addressing with linear probing; what is removed leaves no mark behind. A tuple is in it at most once.
class TupleIndex {
 public:
  TupleIndex(Arena& arena, std::uint32_t records) : entries_(arena.take<Entry>(room_for(records))) {}

  /// The record for which `same` says yes among those of this hash; kNone when there is none.
  template <typename Same>
  std::uint32_t find(std::uint32_t hash, Same&& same) const {
    for (std::size_t at = home(hash); entries_[at].ref != 0; at = after(at)) {
      if (entries_[at].hash == hash && same(entries_[at].ref - 1)) return entries_[at].ref - 1;
    }
    return kNone;
  }

  void insert(std::uint32_t hash, std::uint32_t record) {
    std::size_t at = home(hash);
    while (entries_[at].ref != 0) at = after(at);
    entries_[at] = {hash, record + 1};
  }

  void remove(std::uint32_t hash, std::uint32_t record) {
    std::size_t gap = home(hash);
    while (entries_[gap].ref != record + 1) {
      if (entries_[gap].ref == 0) return;
      gap = after(gap);
    }
    // What lies behind moves up, unless it would come to lie before its home.
    for (std::size_t at = after(gap); entries_[at].ref != 0; at = after(at)) {
      if (distance(home(entries_[at].hash), at) < distance(gap, at)) continue;
      entries_[gap] = entries_[at];
      gap = at;
    }
    entries_[gap] = {};
  }

  /// What a search for this hash reads first is on its way. (Inline, since gcc 12 takes a call that only
  /// prefetches for one without effect.)
  [[gnu::always_inline]] void prefetch(std::uint32_t hash) const {
    __builtin_prefetch(&entries_[home(hash)], 1);
  }

  /// Records in the index; walked.
  std::uint32_t size() const {
    std::uint32_t count = 0;
    for (const Entry& entry : entries_) count += entry.ref != 0 ? 1 : 0;
    return count;
  }

 private:
  struct Entry {
    std::uint32_t hash;
    std::uint32_t ref;  // of the record, counted from one; 0: nothing is here
  };

  /// At most five entries of eight are in use, which keeps searches short, and one never is, which ends them.
  static constexpr std::size_t room_for(std::size_t records) { return records * 8 / 5 + 2; }

  std::size_t home(std::uint32_t hash) const {
    return static_cast<std::size_t>((std::uint64_t{hash} * entries_.size()) >> 32);
  }
  std::size_t after(std::size_t at) const { return at + 1 == entries_.size() ? 0 : at + 1; }
  std::size_t distance(std::size_t from, std::size_t to) const {
    return to >= from ? to - from : to + entries_.size() - from;
  }

  std::span<Entry> entries_;
};

}  // namespace conker
