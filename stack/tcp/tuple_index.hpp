// Demultiplexing: a hash table beside the records, which holds parts of their hashes, so that a
// search without a result hardly ever touches a record.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/arena.hpp"
#include "stack/base/chunk_pool.hpp"
#include "stack/base/siphash.hpp"

namespace conker {

namespace detail {

/// Calls hash(words) or hash(first, last) with the contents of a four-tuple.
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

/// The hash for the table; keyed, so that peers cannot make searches long.
constexpr std::uint32_t hash_of(const SipKey& key, const FourTuple& tuple) {
  return static_cast<std::uint32_t>(
      detail::hash_tuple(tuple, [&](auto... parts) { return siphash13(key, parts...); }));
}

/// A hash for values that an attacker must not predict.
constexpr std::uint64_t strong_hash_of(const SipKey& key, const FourTuple& tuple) {
  return detail::hash_tuple(tuple, [&](auto... parts) { return siphash24(key, parts...); });
}

/// Buckets of one cache line, each with fifteen bits of the hash of each entry, all compared at
/// once: nearly every search reads one line without a loop. An entry whose bucket is full goes into
/// the next that is not. A tuple is in the index at most once.
class TupleIndex {
 public:
  TupleIndex(Arena& arena, std::uint32_t records)
      : buckets_(arena.take<Bucket>(records / kRecordsPerBucket + 1, sizeof(Bucket))) {}

  /// The record with this hash for which `same` returns true; kNone when there is none. `same` may
  /// be called for other records, too.
  template <typename Same>
  std::uint32_t find(std::uint32_t hash, Same&& same) const {
    const Found found = search(hash, same);
    return found.bucket == kNowhere ? kNone : buckets_[found.bucket].records[found.place];
  }

  void insert(std::uint32_t hash, std::uint32_t record) {
    std::size_t at = home(hash);
    for (;; at = after(at)) {
      const Places free = buckets_[at].with(kFree);
      if (free.any()) {
        buckets_[at].tags[free.first()] = tag(hash);
        buckets_[at].records[free.first()] = record;
        return;
      }
      ++buckets_[at].passed_by;
    }
  }

  void remove(std::uint32_t hash, std::uint32_t record) {
    const Found found = search(hash, [record](std::uint32_t other) { return other == record; });
    if (found.bucket == kNowhere) return;
    buckets_[found.bucket].tags[found.place] = kFree;
    for (std::size_t at = home(hash); at != found.bucket; at = after(at)) --buckets_[at].passed_by;
  }

  /// Prefetches for a search for this hash. (Inline, since gcc 12 removes calls of a function that
  /// only prefetches.)
  [[gnu::always_inline]] void prefetch(std::uint32_t hash) const {
    __builtin_prefetch(&buckets_[home(hash)], 1);
  }

  /// Records in the index, counted by walking.
  std::uint32_t size() const {
    std::uint32_t count = 0;
    for (const Bucket& bucket : buckets_) {
      for (const Tag tag : bucket.tags) count += tag != kFree ? 1 : 0;
    }
    return count;
  }

 private:
  static constexpr std::size_t kPlaces = 10;
  /// With all records in use, one bucket in twenty has overflowed.
  static constexpr std::size_t kRecordsPerBucket = 6;
  using Tag = std::uint16_t;
  static constexpr Tag kFree = 0;

  /// A set of a bucket's places: bit 16i + j for place 4j + i.
  class Places {
   public:
    explicit Places(std::uint64_t bits) : bits_(bits) {}
    bool any() const { return bits_ != 0; }
    std::size_t first() const {
      const auto bit = static_cast<std::size_t>(std::countr_zero(bits_));
      return bit / 16 + bit % 16 * 4;
    }
    void drop_first() { bits_ &= bits_ - 1; }

   private:
    std::uint64_t bits_;
  };

  struct Bucket {
    std::array<Tag, kPlaces> tags;
    std::uint32_t passed_by;  // entries that are in a later bucket because this one was full
    std::array<std::uint32_t, kPlaces> records;

    Places with(Tag tag) const {
      std::uint64_t first = 0, second = 0;
      std::uint32_t third = 0;
      std::memcpy(&first, &tags[0], sizeof first);
      std::memcpy(&second, &tags[4], sizeof second);
      std::memcpy(&third, &tags[8], sizeof third);
      constexpr std::uint64_t kAll = 0x0001000100010001;
      constexpr std::uint32_t kHalf = 0x00010001;
      return Places(zeros(first ^ kAll * tag) >> 15 | zeros(second ^ kAll * tag) >> 14 |
                    (zeros(third ^ kHalf * tag) >> 13 & kHalf << 2));
    }
  };
  static_assert(sizeof(Bucket) == 64 && std::endian::native == std::endian::little);

  /// The highest bit of each 16-bit group that is zero, and no other bits.
  static constexpr std::uint64_t zeros(std::uint64_t word) {
    constexpr std::uint64_t kLow = 0x7fff7fff7fff7fff;
    return ~(((word & kLow) + kLow) | word | kLow);
  }

  static constexpr std::size_t kNowhere = ~std::size_t{0};
  struct Found {
    std::size_t bucket = kNowhere;
    std::size_t place = 0;
  };
  template <typename Same>
  Found search(std::uint32_t hash, Same&& same) const {
    const std::size_t first = home(hash);
    for (std::size_t at = first;;) {
      const Bucket& bucket = buckets_[at];
      for (Places places = bucket.with(tag(hash)); places.any(); places.drop_first()) {
        if (same(bucket.records[places.first()])) return {at, places.first()};
      }
      if (bucket.passed_by == 0) return {};
      at = after(at);
      if (at == first) return {};
    }
  }

  /// The bits that are most independent of the home bucket.
  static constexpr Tag tag(std::uint32_t hash) { return static_cast<Tag>(hash | 0x8000); }
  std::size_t home(std::uint32_t hash) const {
    return static_cast<std::size_t>((std::uint64_t{hash} * buckets_.size()) >> 32);
  }
  std::size_t after(std::size_t at) const { return at + 1 == buckets_.size() ? 0 : at + 1; }

  std::span<Bucket> buckets_;
};

}  // namespace conker
