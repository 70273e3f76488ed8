#include "stack/strike/origins.hpp"

#include <algorithm>

#include "stack/strike/random.hpp"

namespace conker {

bool Origins::within(const Settings& settings, std::uint32_t from) {
  const Port port{static_cast<std::uint16_t>(from % kRound)};
  return from == 0 || (settings.first_port <= port && port <= settings.last_port);
}

void Origins::begin(const Network& network, const IpAddress& target, std::uint64_t seed,
                    std::uint32_t from) {
  random_ = seed;
  count_ = first_ended_ = ended_count_ = 0;
  fresh_next_ = false;
  const std::uint32_t count = std::min<std::uint32_t>(network.address_count(), 65536);
  for (std::uint32_t i = 0; i < count && count_ < kMaxAddresses; ++i)
    if (network.leads_to(i, target)) addresses_[count_++] = static_cast<std::uint16_t>(i);
  port_ = Port{static_cast<std::uint16_t>(from % kRound)};
  round_ = static_cast<std::uint16_t>(count_ == 0 ? 0 : from / kRound % count_);
}

Endpoint Origins::next(const Network& network) const {
  if (count_ == 0) return {IpAddress(), port_};
  std::uint32_t index = 0;
  if (count_ > 1) {
    constexpr std::uint64_t kOfThePort = 0x9e3779b97f4a7c15;  // makes another seed of each
    std::uint64_t random = random_ ^ port_.value * kOfThePort;
    index = (random_below(random, count_) + round_) % count_;
  }
  return {network.address(addresses_[index]), port_};
}

void Origins::pass_over(const Settings& settings) {
  if (port_.value == 0) {
    if (count_ > 1) (void)random_below(random_, count_);
    return;
  }
  if (port_ != settings.last_port) {
    ++port_.value;
    return;
  }
  port_ = settings.first_port;
  if (++round_ >= count_) round_ = 0;
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
