#include "stack/verdict/endpoint_index.hpp"

#include <bit>

namespace conker::verdict {

EndpointIndex::EndpointIndex(std::size_t capacity)
    : places_(std::bit_ceil(2 * capacity)),
      shift_(64 - static_cast<unsigned>(std::countr_zero(places_.size()))) {}

std::size_t EndpointIndex::home(const Endpoint& endpoint) const {
  const auto halves = endpoint.address.halves();
  const std::uint64_t mixed = halves[0] ^ halves[1] << 16 ^ endpoint.port.value;
  return static_cast<std::size_t>(mixed * 0x9e3779b97f4a7c15 >> shift_);
}

std::optional<std::uint32_t> EndpointIndex::find(const Endpoint& endpoint) const {
  for (std::size_t at = home(endpoint); places_[at].taken; at = after(at)) {
    if (places_[at].endpoint == endpoint) return places_[at].number;
  }
  return std::nullopt;
}

void EndpointIndex::insert(const Endpoint& endpoint, std::uint32_t number) {
  std::size_t at = home(endpoint);
  while (places_[at].taken) at = after(at);
  places_[at] = {endpoint, number, true};
}

void EndpointIndex::remove(const Endpoint& endpoint) {
  std::size_t hole = home(endpoint);
  while (places_[hole].endpoint != endpoint) hole = after(hole);
  // What was passed on by the endpoint moves up, so that a search still ends at the first free one.
  for (std::size_t at = after(hole); places_[at].taken; at = after(at)) {
    const std::size_t wanted = home(places_[at].endpoint), mask = places_.size() - 1;
    if (((at - wanted) & mask) < ((at - hole) & mask)) continue;
    places_[hole] = places_[at];
    hole = at;
  }
  places_[hole].taken = false;
}

}  // namespace conker::verdict
