#include "ctl/minimize.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ctl/format.hpp"

namespace conker::ctl {
namespace {

using Parameters = protocol::Strike::Parameters;

/// Cycles are as few as can be told to one in so many.
constexpr std::uint64_t kPrecision = 8;

class Search {
 public:
  Search(const Parameters& start, std::optional<std::uint64_t> cycles, const Finds& finds)
      : best_(start), asked_(cycles), finds_(finds) {}

  Minimum run() {
    if (!tried("as recorded", best_)) return {best_, false, !over_};
    if (best_.from_port.value_or(0) != 0) changed("other ports", [](auto& p) { p.from_port = 0; });
    fewer_at_a_time();
    one_way();
    if (best_.payload > 1) changed("1 byte of data", [](Parameters& p) { p.payload = 1; });
    if (holds()) changed("no hold", [](Parameters& p) { p.hold_ms = 0; });
    slower();
    fewer_cycles();
    return {best_, true, !over_};
  }

 private:
  /// Strikes once; whether it was found.
  bool tried(const std::string& what, const Parameters& parameters) {
    if (over_) return false;
    const std::optional<Sighting> sighting = finds_({what, parameters});
    over_ = !sighting;
    if (over_ || !sighting->found) return false;
    cycle_ = sighting->cycle;
    begun_ = std::max(sighting->cycle, sighting->cycles);
    at_ = sighting->at;
    return true;
  }

  /// Strikes with a change, which stays when it was found.
  template <typename F>
  bool changed(const std::string& what, F change) {
    Parameters parameters = best_;
    change(parameters);
    parameters.cycles = asked_.value_or(budget_for(begun_, parameters.concurrency));
    if (parameters.passive) parameters.duration_ms = wait_for(at_);
    if (!tried(what, parameters)) return false;
    best_ = std::move(parameters);
    return true;
  }

  void fewer_at_a_time() {
    const auto at_a_time = [&](std::uint32_t concurrency) {
      return changed(fmt::format("{} at a time", concurrency), [=](Parameters& p) {
        p.concurrency = concurrency;
        p.concurrency_auto.reset();
      });
    };
    if ((best_.concurrency == 1 && !best_.concurrency_auto) || at_a_time(1)) return;
    while (best_.concurrency > 3 && at_a_time(best_.concurrency / 2)) {
    }
  }

  void one_way() {
    const Mix several = best_.ways();
    if (several.sole()) return;
    for (std::size_t i = 0; i < kWaysToClose; ++i) {
      const auto way = static_cast<WayToClose>(i);
      if (several.weights[i] == 0) continue;
      const bool found = changed(fmt::format("{} alone", protocol::name_of(way)), [=](auto& p) {
        p.mix.reset();
        p.close = way;
      });
      if (found) return;
    }
  }

  bool holds() const {
    const Mix all = best_.ways();
    for (std::size_t i = 0; i < kWaysToClose; ++i) {
      if (all.weights[i] == 0) continue;
      for (const auto& step : behaviour_of(static_cast<WayToClose>(i)).steps)
        if (step.when == Behaviour::When::kHeld) return best_.hold_ms != 0;
    }
    return false;
  }

  /// What the target sends long after its cycle is seen only while the strike lasts: where fewer
  /// cycles are begun a second, fewer are needed.
  void slower() {
    constexpr std::uint64_t kLeastRate = 10, kMostRate = 1'000'000;
    const auto rate = static_cast<std::uint32_t>(std::clamp(cycle_, kLeastRate, kMostRate));
    const bool may = !best_.passive && !best_.concurrency_auto && !asked_;
    if (!may || begun_ <= 2 * cycle_ + best_.concurrency || best_.rate.value_or(UINT32_MAX) <= rate)
      return;
    Parameters parameters = best_;
    parameters.cycles = cycle_;
    if (tried("no more than its cycle", parameters)) return;
    parameters.rate = rate;
    parameters.ramp_ms.reset();
    const std::uint64_t meanwhile = static_cast<std::uint64_t>(at_ / 1ms) * rate / 1'000;
    parameters.cycles = 2 * (cycle_ + meanwhile) + parameters.concurrency;
    if (tried(fmt::format("{} a second", grouped(rate)), parameters)) best_ = std::move(parameters);
  }

  /// So far it is known only that the budget is enough.
  void fewer_cycles() {
    std::uint64_t enough = *best_.cycles, too_few = 0;
    std::uint64_t next = std::clamp<std::uint64_t>(cycle_, 1, enough);
    while (!over_ && enough - too_few > std::max<std::uint64_t>(1, enough / kPrecision)) {
      Parameters parameters = best_;
      parameters.cycles = next;
      const std::string what = fmt::format("{} cycle{}", grouped(next), next == 1 ? "" : "s");
      if (tried(what, parameters) && tried(what + " again", parameters)) {
        enough = next;
      } else {
        too_few = next;
      }
      next = too_few + (enough - too_few) / 2;
    }
    best_.cycles = enough;
  }

  Parameters best_;
  std::optional<std::uint64_t> asked_;
  const Finds& finds_;
  // Where it was found last: in which cycle, how many had been begun by then, and when that was.
  std::uint64_t cycle_ = 0, begun_ = 0;
  Duration at_{0};
  bool over_ = false;  // no more strikes are made
};

}  // namespace

Minimum minimize(const Parameters& start, std::optional<std::uint64_t> cycles, const Finds& finds) {
  return Search(start, cycles, finds).run();
}

std::string command_of(const Parameters& parameters) {
  const Parameters usual;
  std::string text = "conkerctl strike ";
  text += (parameters.passive ? "--listen " : "") + parameters.target;
  const auto option = [&](const char* name, const auto& value) {
    text += fmt::format(" --{} {}", name, value);
  };
  const auto time = [&](const char* name, std::uint32_t ms, std::uint32_t usual_ms) {
    if (ms != usual_ms) option(name, fmt::format("{}ms", ms));
  };
  if (parameters.cycles) option("cycles", *parameters.cycles);
  if (parameters.duration_ms) option("duration", fmt::format("{}ms", *parameters.duration_ms));
  if (const auto most = parameters.concurrency_auto) {
    option("concurrency", *most == 0 ? "auto" : fmt::format("auto:{}", *most));
  } else if (parameters.concurrency != 1) {
    option("concurrency", parameters.concurrency);
  }
  if (parameters.max_opening) option("max-opening", *parameters.max_opening);
  if (parameters.rate) option("rate", *parameters.rate);
  if (parameters.ramp_ms) time("ramp", *parameters.ramp_ms, 0);
  if (parameters.mix) {
    option("mix", *parameters.mix);
  } else {
    option("close", protocol::name_of(parameters.close));
  }
  time("hold", parameters.hold_ms, usual.hold_ms);
  if (parameters.payload != usual.payload) option("payload", parameters.payload);
  if (parameters.expect != usual.expect) option("expect", protocol::name_of(parameters.expect));
  time("connect-timeout", parameters.connect_timeout_ms, usual.connect_timeout_ms);
  time("close-timeout", parameters.close_timeout_ms, usual.close_timeout_ms);
  if (parameters.seed) option("seed", *parameters.seed);
  // Others than lately are what there is without a seed, too.
  if (parameters.from_port && (parameters.seed || *parameters.from_port != 0))
    option("from-port", *parameters.from_port);
  if (parameters.look != usual.look) option("look", protocol::name_of(parameters.look));
  if (parameters.unjudged) text += " --unjudged";
  if (parameters.keep_going) text += " --keep-going";
  if (parameters.stop_on) option("stop-on", protocol::name_of(*parameters.stop_on));
  if (parameters.stop_on_rule) option("stop-on-rule", *parameters.stop_on_rule);
  return text;
}

}  // namespace conker::ctl
