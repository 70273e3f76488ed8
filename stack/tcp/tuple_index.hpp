// Finds a record by its four-tuple: a hash table whose chains run through the records.
#pragma once

#include <bit>
#include <cstdint>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/arena.hpp"
#include "stack/base/chunk_pool.hpp"
#include "stack/base/siphash.hpp"

namespace conker {

/// Keyed, so that peers cannot make chains long.
inline std::uint32_t hash_of(const SipKey& key, const FourTuple& tuple) {
  const std::uint32_t ports = std::uint32_t{tuple.local_port.value} << 16 | tuple.remote_port.value;
  if (tuple.local.is_v4()) {
    const std::array<std::uint64_t, 2> words{
        std::uint64_t{tuple.local.v4_bits()} << 32 | tuple.remote.v4_bits(), ports};
    return static_cast<std::uint32_t>(siphash13(key, words));
  }
  const auto l = tuple.local.halves();
  const auto r = tuple.remote.halves();
  const std::array<std::uint64_t, 5> words{l[0], l[1], r[0], r[1], ports};
  return static_cast<std::uint32_t>(siphash13(key, words));
}

/// Records have `tuple`, `hash` and `hash_next` (counted from one). A tuple is in it at most once.
class TupleIndex {
 public:
  TupleIndex(Arena& arena, std::uint32_t records)
      : buckets_(arena.take<std::uint32_t>(std::bit_ceil(records < 2 ? 2u : records))) {}

  template <typename Table>
  std::uint32_t find(const Table& table, std::uint32_t hash, const FourTuple& tuple) const {
    for (std::uint32_t at = bucket(hash); at != 0; at = table[at - 1].hash_next) {
      if (table[at - 1].hash == hash && table[at - 1].tuple == tuple) return at - 1;
    }
    return kNone;
  }

  template <typename Table>
  void insert(Table& table, std::uint32_t index) {
    std::uint32_t& head = bucket(table[index].hash);
    table[index].hash_next = head;
    head = index + 1;
  }

  template <typename Table>
  void remove(Table& table, std::uint32_t index) {
    std::uint32_t* link = &bucket(table[index].hash);
    while (*link != 0 && *link != index + 1) link = &table[*link - 1].hash_next;
    if (*link != 0) *link = table[index].hash_next;
  }

  /// Records in the index; walked.
  template <typename Table>
  std::uint32_t size(const Table& table) const {
    std::uint32_t count = 0;
    for (const std::uint32_t head : buckets_) {
      for (std::uint32_t at = head; at != 0; at = table[at - 1].hash_next) ++count;
    }
    return count;
  }

 private:
  std::uint32_t& bucket(std::uint32_t hash) { return buckets_[hash & (buckets_.size() - 1)]; }
  const std::uint32_t& bucket(std::uint32_t hash) const { return buckets_[hash & (buckets_.size() - 1)]; }

  std::span<std::uint32_t> buckets_;
};

}  // namespace conker
