// Finds the record of one of our endpoints: a hash table of fixed size beside the records, which
// are numbered. It holds hashes and no endpoints, so that it is small enough to stay in the cache;
// whoever has the records compares.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "stack/base/address.hpp"

namespace conker::verdict {

class EndpointIndex {
 public:
  /// Room for `capacity` endpoints, 1 at least.
  explicit EndpointIndex(std::size_t capacity);

  /// The number of the endpoint's record, for which same(number) returns true; nothing where it is
  /// not in the index. `same` may be called for other records, too.
  template <typename Same>
  std::optional<std::uint32_t> find(const Endpoint& endpoint, Same&& same) const {
    const std::uint32_t hash = hash_of(endpoint);
    for (std::size_t at = home(hash); places_[at].number != kFree; at = after(at)) {
      if (places_[at].hash == hash && same(places_[at].number)) return places_[at].number;
    }
    return std::nullopt;
  }
  /// Adds an endpoint that is not in the index. No more than `capacity` may be.
  void insert(const Endpoint& endpoint, std::uint32_t number);
  /// Removes an endpoint that is in the index with this number.
  void remove(const Endpoint& endpoint, std::uint32_t number);
  /// Allocated.
  std::size_t bytes() const { return places_.capacity() * sizeof(Place); }

 private:
  static constexpr std::uint32_t kFree = UINT32_MAX;
  struct Place {
    std::uint32_t hash = 0, number = kFree;
  };

  static std::uint32_t hash_of(const Endpoint& endpoint);
  /// The first place where a search for the hash looks.
  std::size_t home(std::uint32_t hash) const { return (hash * 0x9e3779b9) >> shift_; }
  std::size_t after(std::size_t at) const { return (at + 1) & (places_.size() - 1); }

  std::vector<Place> places_;  // a power of two, twice the capacity at least
  unsigned shift_;
};

}  // namespace conker::verdict
