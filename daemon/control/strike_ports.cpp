#include "daemon/control/strike_ports.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/engine.hpp"
#include "stack/strike/origins.hpp"
#include "stack/strike/random.hpp"

namespace conker::daemon {
namespace {

std::uint32_t range_of(const Settings& settings) {
  return settings.last_port.value - settings.first_port.value + 1u;
}

/// So many ports behind the first one of round 0; rounds begin anew after the last address.
std::uint32_t port_at(std::uint64_t n, const Settings& settings) {
  const std::uint64_t round = n / range_of(settings) % Origins::kMaxAddresses;
  return static_cast<std::uint32_t>(settings.first_port.value + n % range_of(settings) +
                                    round * Origins::kRound);
}

}  // namespace

std::string StrikePorts::complaint(const protocol::Strike::Parameters& parameters,
                                   const Settings& settings) {
  const std::uint32_t from = parameters.from_port.value_or(0);
  if (Origins::within(settings, from)) return {};
  return fmt::format(
      "strike: from_port {} is not within tcp.first_port to last_port of the "
      "configuration, {} to {}",
      from, settings.first_port.value, settings.last_port.value);
}

StrikePorts::Chosen StrikePorts::choose(const Endpoint& target,
                                        const protocol::Strike::Parameters& parameters,
                                        const Settings& settings) const {
  const std::uint32_t all = range_of(settings);
  Chosen chosen{.named = true};
  if (parameters.from_port.value_or(0) != 0) {
    chosen.begun_from = *parameters.from_port;
  } else if (parameters.seed && !parameters.from_port) {
    std::uint64_t random = *parameters.seed;
    chosen.begun_from = port_at(random_below(random, all), settings);
  } else {
    const auto known = std::ranges::find(next_, target, &Next::target);
    chosen.named = false;
    chosen.begun_from =
        known != next_.end() ? known->port : port_at(draw_entropy().words[0] % all, settings);
  }
  chosen.first = chosen.begun_from;
  if (parameters.resumed_cycles == 0) return chosen;
  chosen.named = false;
  const std::uint64_t before = std::uint64_t{chosen.begun_from / Origins::kRound} * all +
                               chosen.begun_from % Origins::kRound - settings.first_port.value;
  chosen.first = port_at(before + parameters.resumed_cycles, settings);
  return chosen;
}

void StrikePorts::ended(const Endpoint& target, const Chosen& chosen, std::uint32_t next) {
  if (chosen.named || next == 0) return;
  std::erase_if(next_, [&](const Next& known) { return known.target == target; });
  if (next_.size() == kTargets) next_.erase(next_.begin());
  next_.push_back({target, next});
}

}  // namespace conker::daemon
