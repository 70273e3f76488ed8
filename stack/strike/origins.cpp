#include "stack/strike/origins.hpp"

#include <algorithm>

#include "stack/strike/random.hpp"

namespace conker {

void Origins::begin(const Network& network, const IpAddress& target, std::uint64_t seed) {
  random_ = seed;
  count_ = 0;
  const std::uint32_t count = std::min<std::uint32_t>(network.address_count(), 65536);
  for (std::uint32_t i = 0; i < count && count_ < kMaxAddresses; ++i)
    if (network.leads_to(i, target)) addresses_[count_++] = static_cast<std::uint16_t>(i);
}

IpAddress Origins::choose(const Network& network) {
  if (count_ == 0) return IpAddress();
  if (count_ == 1) return network.address(addresses_[0]);
  return network.address(addresses_[random_below(random_, count_)]);
}

}  // namespace conker
