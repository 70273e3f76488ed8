#include "stack/verdict/endpoint_index.hpp"

#include <bit>

namespace conker::verdict {

EndpointIndex::EndpointIndex(std::size_t capacity)
    : places_(std::bit_ceil(2 * capacity)),
      shift_(32 - static_cast<unsigned>(std::countr_zero(places_.size()))) {}

/// Of IPv4 endpoints that differ in the port or the lower half of the address, no two are equal.
std::uint32_t EndpointIndex::hash_of(const Endpoint& endpoint) {
  const auto halves = endpoint.address.halves();
  const std::uint64_t mixed = halves[0] ^ halves[1] << 16 ^ endpoint.port.value;
  return static_cast<std::uint32_t>(mixed) ^ static_cast<std::uint32_t>(mixed >> 32) * 0x85ebca6b;
}

void EndpointIndex::insert(const Endpoint& endpoint, std::uint32_t number) {
  const std::uint32_t hash = hash_of(endpoint);
  std::size_t at = home(hash);
  while (places_[at].number != kFree) at = after(at);
  places_[at] = {hash, number};
}

void EndpointIndex::remove(const Endpoint& endpoint, std::uint32_t number) {
  std::size_t hole = home(hash_of(endpoint));
  while (places_[hole].number != number) hole = after(hole);
  // What was passed on by the endpoint moves up, so that a search still ends at the first free one.
  for (std::size_t at = after(hole); places_[at].number != kFree; at = after(at)) {
    const std::size_t wanted = home(places_[at].hash), mask = places_.size() - 1;
    if (((at - wanted) & mask) < ((at - hole) & mask)) continue;
    places_[hole] = places_[at];
    hole = at;
  }
  places_[hole].number = kFree;
}

}  // namespace conker::verdict
