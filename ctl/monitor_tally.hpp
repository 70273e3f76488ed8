// What the probes of one monitor come to: service kept, degraded or lost, and for how long.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/visit.hpp"
#include "stack/base/histogram.hpp"

namespace conker::ctl {

/// How one probe ended. `why` is for people, unless it was good.
struct ProbeOutcome {
  enum class Kind : std::uint8_t {
    kGood,
    kFailed,
    kOurs,  // says nothing of the target: our own side could not make it
  };
  Kind kind = Kind::kGood;
  Duration latency{0};
  std::string why{};
};

/// From good to bad, behind what is not known.
enum class ServiceState : std::uint8_t {
  kUnknown,  // no probe was made
  kKept,
  kDegraded,  // probes failed, or took long
  kLost,      // an outage beyond the limit
};
constexpr std::string_view choices_of(ServiceState) {
  return "unknown|kept|degraded|lost";
}

/// When a monitor calls a service lost.
struct OutageLimit {
  static constexpr std::uint32_t kMostFailed = 3;  // probes one after the other
  std::optional<Duration> longest{};               // instead of that number
};

/// Of the time while the strike ran, or after it.
struct MonitorPhase {
  ServiceState state = ServiceState::kUnknown;
  std::uint64_t probes = 0, failed = 0, ours = 0;
  Duration p50{0}, worst{0}, outage{0};

  static constexpr void visit(auto& self, auto&& field) {
    field("state", self.state, About{.help = "of the service"});
    field("probes", self.probes, About{.help = "that the target could answer"});
    field("failed", self.failed, About{.help = "of them"});
    field("not_made", self.ours, About{.help = "others: our own side could not make them"});
    field("p50_s", self.p50, About{.help = "latency of good ones", .unit = Unit::kSeconds});
    field("worst_s", self.worst, About{.help = "latency of good ones", .unit = Unit::kSeconds});
    field("longest_outage_s", self.outage,
          About{.help = "from the first that failed to the next good one; from its begin, even "
                        "where that was in the phase before",
                .unit = Unit::kSeconds});
  }
};

struct MonitorReport {
  std::string monitor;
  ServiceState state = ServiceState::kUnknown;
  std::string why;  // the figure and the threshold; empty: kept
  Duration baseline_p50{0}, slow_from{0};
  MonitorPhase during, after;
  Duration longest_outage{0};
  std::uint32_t failed_in_a_row = 0;
  std::optional<Duration> first_failed_at, recovered_after;
  std::string first_failure, not_made;

  static constexpr void visit(auto& self, auto&& field) {
    field("monitor", self.monitor, About{.help = "as --monitor had it"});
    field("state", self.state, About{.help = "the worse of during and after"});
    field("why", self.why, About{.help = "the figure and its threshold; empty: kept"});
    field("baseline_p50_s", self.baseline_p50,
          About{.help = "latency before the strike", .unit = Unit::kSeconds});
    field("slow_from_s", self.slow_from,
          About{.help = "a p50 above it is degraded", .unit = Unit::kSeconds});
    field("during", self.during, About{.help = "while the strike ran"});
    field("after", self.after, About{.help = "after its end"});
    field("longest_outage_s", self.longest_outage,
          About{.help = "from the first probe that failed to the next good one",
                .unit = Unit::kSeconds});
    field("failed_in_a_row", self.failed_in_a_row, About{.help = "probes, at most"});
    field("first_failed_at_s", self.first_failed_at,
          About{.help = "from the strike's begin; null: none failed", .unit = Unit::kSeconds});
    field("recovered_after_s", self.recovered_after,
          About{.help = "from the strike's end to the first good probe behind the last outage; "
                        "0: it was there at the end; null: it never came back",
                .unit = Unit::kSeconds});
    field("first_failure", self.first_failure, About{.help = "in words; empty: none failed"});
    field("not_made", self.not_made,
          About{.help = "why our own side could not make the first such probe; empty: it could"});
  }
};

class MonitorTally {
 public:
  enum class Phase : std::uint8_t { kDuring, kAfter };
  /// Probes that must be good one after the other, before the strike and at the end.
  static constexpr std::uint32_t kSettled = 3;
  /// A median above so many times the baseline's is slow; a baseline below the floor counts as the
  /// floor, so that what a busy machine of ours adds is not held against the target.
  static constexpr int kSlowerBy = 5;
  static constexpr Duration kFloor = 50ms;

  explicit MonitorTally(std::string monitor) : monitor_(std::move(monitor)) {}

  /// A probe before the strike that was good.
  void baseline(Duration latency) { baseline_.add(latency); }
  std::uint64_t baseline_probes() const { return baseline_.count(); }
  /// A probe that began at `at`; times are from the begin of the strike.
  void add(Phase phase, Duration at, const ProbeOutcome& outcome);
  /// Whether service is back: the last probes after the strike were good.
  bool settled() const { return good_after_ >= kSettled; }
  /// The report of a strike that ended at `strike_end`, when the last probe was made.
  MonitorReport report(Duration strike_end, OutageLimit limit) const;

 private:
  struct Tally {
    std::uint64_t probes = 0, failed = 0, ours = 0;
    std::uint32_t in_a_row = 0;  // failed ones, at most
    Duration outage{0};          // the longest
    Histogram latency{};
  };
  void fail(Tally& tally, Duration at, const std::string& why);
  void succeed(Tally& tally, Duration at, Duration latency);
  MonitorPhase phase(const Tally& tally, OutageLimit limit) const;
  bool lost(const Tally& tally, OutageLimit limit) const;
  bool slow(const Tally& tally) const;
  Duration slow_from() const;
  std::string why(const MonitorReport& report, OutageLimit limit) const;

  std::string monitor_;
  Histogram baseline_;
  Tally during_, after_;
  std::optional<Duration> failing_since_;
  std::uint32_t in_a_row_ = 0;    // that fail now
  std::uint32_t good_after_ = 0;  // good ones in a row after the strike
  Duration back_at_{0};           // the first good one behind the last outage
  std::optional<Duration> first_failed_at_;
  std::string first_failure_, not_made_;
};

}  // namespace conker::ctl
