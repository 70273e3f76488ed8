// Finds the record of one of our endpoints: a hash table of fixed size beside the records, which
// are numbered.
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

  /// The number of the endpoint's record; nothing where it is not in the index.
  std::optional<std::uint32_t> find(const Endpoint& endpoint) const;
  /// Adds an endpoint that is not in the index. No more than `capacity` may be.
  void insert(const Endpoint& endpoint, std::uint32_t number);
  /// Removes an endpoint that is in the index.
  void remove(const Endpoint& endpoint);

 private:
  struct Place {
    Endpoint endpoint;
    std::uint32_t number = 0;
    bool taken = false;
  };

  /// The first place where a search for the endpoint looks.
  std::size_t home(const Endpoint& endpoint) const;
  std::size_t after(std::size_t at) const { return (at + 1) & (places_.size() - 1); }

  std::vector<Place> places_;  // a power of two, twice the capacity at least
  unsigned shift_;
};

}  // namespace conker::verdict
