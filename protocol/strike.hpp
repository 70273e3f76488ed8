// The parameters of a strike, and its figures while it runs. Freestanding: the firmware uses them,
// too.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/visit.hpp"
#include "stack/strike/summary.hpp"

namespace conker::protocol {

/// `String` is the target's type: a std::string, or a view where the line outlives the call.
template <typename String>
struct StrikeParameters {
  String target;
  std::optional<std::uint64_t> cycles;
  std::optional<std::int64_t> duration_ms;
  std::uint32_t concurrency = 1;
  std::optional<std::uint32_t> rate;
  StrikeRequest::Close close = StrikeRequest::Close::kFin;
  std::optional<std::uint64_t> seed;

  static constexpr void visit(auto& self, auto&& field) {
    field("target", self.target,
          About{.help = "whom to strike: ADDRESS:PORT or NAME:PORT, allowed by strike.allow",
                .required = true});
    field("cycles", self.cycles,
          About{.help = "connections to open and close",
                .fallback = "no limit; give cycles or duration_ms",
                .min = 1});
    field("duration_ms", self.duration_ms,
          About{.help = "how long to open new ones (milliseconds)",
                .unit = Unit::kMilliseconds,
                .fallback = "no limit; give cycles or duration_ms",
                .min = 1,
                .max = 30LL * 86'400'000});
    field("concurrency", self.concurrency,
          About{.help = "connections in flight at a time", .min = 1, .max = (1 << 24) - 1});
    field("rate", self.rate,
          About{.help = "connections begun a second, evenly spaced",
                .unit = Unit::kPerSecond,
                .fallback = "as fast as the peer bears",
                .min = 1,
                .max = 10'000'000});
    field("close", self.close, About{.help = "how to end each one"});
    field("seed", self.seed,
          About{.help = "decides the order of ways and of our own addresses, and where it is given "
                        "our first port: so the same strike once more",
                .fallback = "1, and other ports than lately"});
  }

  /// What is wrong with the combination of parameters, in one line; empty when nothing is.
  constexpr std::string_view complaint() const {
    return cycles || duration_ms ? "" : "strike: give cycles or duration_ms, or it would never end";
  }
  /// The engine's request, once the target's address is known.
  StrikeRequest request(const Endpoint& at) const {
    StrikeRequest made;
    made.target = at;
    made.cycles = cycles.value_or(0);
    made.duration = Duration(duration_ms.value_or(0) * 1000);
    made.concurrency = concurrency;
    made.rate = rate.value_or(0);
    made.mix = Mix::only(close);
    made.seed = seed.value_or(made.seed);
    return made;
  }
};

inline constexpr std::string_view kStrikeName = "strike";

/// Figures of a running strike, for status and notifications.
struct StrikeSoFar {
  std::uint64_t cycles = 0, completed = 0, failed = 0, live = 0;
  Duration elapsed{0};

  static StrikeSoFar of(const StrikeReport& report) {
    return {report.begun, report.completed(), report.failed(), report.live, report.elapsed};
  }
  static constexpr void visit(auto& self, auto&& field) {
    field("cycles", self.cycles, About{.help = "begun"});
    field("completed", self.completed, About{.help = "opened and closed as asked"});
    field("failed", self.failed, About{.help = "that were not"});
    field("live", self.live, About{.help = "in flight", .now = true});
    field("elapsed_s", self.elapsed, About{.help = "since the first SYN", .unit = Unit::kSeconds});
  }
};

/// The notification that is sent periodically while a strike runs.
struct Progress {
  static constexpr std::string_view kName = "progress";
  std::uint64_t id = 0;
  StrikeSoFar so_far;
  double cycles_per_second = 0;
  std::uint64_t findings = 0;

  static constexpr void visit(auto& self, auto&& field) {
    field("id", self.id, About{.help = "of the strike", .left_out = true});
    StrikeSoFar::visit(self.so_far, field);
    field("cycles_per_second", self.cycles_per_second,
          About{.help = "completed since the last one", .unit = Unit::kPerSecond});
    field("findings", self.findings,
          About{.help = "rules that the target has broken", .left_out = true});
  }
};

}  // namespace conker::protocol
