#include "daemon/control/strike_ports.hpp"

#include <fmt/format.h>

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

std::uint32_t StrikePorts::first(const protocol::Strike::Parameters& parameters,
                                 const Settings& settings) {
  const std::uint32_t all = range_of(settings);
  named_ = true;
  if (parameters.from_port.value_or(0) != 0) {
    begun_from_ = *parameters.from_port;
  } else if (parameters.seed && !parameters.from_port) {
    std::uint64_t random = *parameters.seed;
    begun_from_ = port_at(random_below(random, all), settings);
  } else {
    named_ = false;
    begun_from_ = next_ != 0 ? next_ : port_at(draw_entropy().words[0] % all, settings);
  }
  if (parameters.resumed_cycles == 0) return begun_from_;
  named_ = false;
  const std::uint64_t before = std::uint64_t{begun_from_ / Origins::kRound} * all +
                               begun_from_ % Origins::kRound - settings.first_port.value;
  return port_at(before + parameters.resumed_cycles, settings);
}

void StrikePorts::ended(std::uint32_t next) {
  if (!named_ && next != 0) next_ = next;
}

}  // namespace conker::daemon
