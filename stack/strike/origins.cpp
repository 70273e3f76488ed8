#include "stack/strike/origins.hpp"

#include <algorithm>

#include "stack/strike/random.hpp"

namespace conker {

void Origins::begin(const Network& network, const IpAddress& target, std::uint64_t seed) {
  random_ = seed;
  count_ = first_ended_ = ended_count_ = 0;
  fresh_next_ = false;
  const std::uint32_t count = std::min<std::uint32_t>(network.address_count(), 65536);
  for (std::uint32_t i = 0; i < count && count_ < kMaxAddresses; ++i)
    if (network.leads_to(i, target)) addresses_[count_++] = static_cast<std::uint16_t>(i);
}

IpAddress Origins::choose(const Network& network) {
  if (count_ == 0) return IpAddress();
  if (count_ == 1) return network.address(addresses_[0]);
  return network.address(addresses_[random_below(random_, count_)]);
}

void Origins::ended(const Endpoint& ours, Instant ready) {
  if (ended_count_ == kMaxEnded) return;
  ended_[(first_ended_ + ended_count_++) % kMaxEnded] = {ours, ready};
}

std::optional<Endpoint> Origins::reopen(Instant now) {
  const bool none = ended_count_ == 0 || now < ended_[first_ended_].ready;
  fresh_next_ = !fresh_next_ && !none;
  if (!fresh_next_) return std::nullopt;
  const Endpoint ours = ended_[first_ended_].ours;
  first_ended_ = (first_ended_ + 1) % kMaxEnded;
  --ended_count_;
  return ours;
}

}  // namespace conker
