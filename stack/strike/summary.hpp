// What a strike comes to: its figures, and the words for them. The daemon answers it, conkerctl and
// the chip print it.
#pragma once

#include <cstdint>
#include <optional>

#include "stack/base/field.hpp"
#include "stack/base/per_second.hpp"
#include "stack/base/print.hpp"
#include "stack/strike/strike.hpp"

namespace conker {

/// The words for what became of the cycles, as "good" or "3 of 10 cycles failed: ...".
struct StrikeSummary;
struct StrikeOutcome {
  const StrikeSummary& of;
};

/// Half of the cycles took no longer than p50, and so on.
struct Quantiles {
  std::uint32_t p50 = 0, p90 = 0, p99 = 0, p999 = 0, max = 0;  // microseconds

  static Quantiles of(const Histogram& histogram);
  static constexpr void visit(auto& self, auto&& field) {
    constexpr About kTime{.help = "no more than this took", .unit = Unit::kMicroseconds};
    field("p50", self.p50, kTime);
    field("p90", self.p90, kTime);
    field("p99", self.p99, kTime);
    field("p999", self.p999, kTime);
    field("max", self.max, About{.help = "the longest", .unit = Unit::kMicroseconds});
  }
};

struct StrikeSummary {
  struct Failed {
    std::uint64_t refused = 0, timed_out = 0, reset = 0, other = 0;

    std::uint64_t all() const { return refused + timed_out + reset + other; }
    static constexpr void visit(auto& self, auto&& field) {
      field("refused", self.refused, About{.help = "reset while connecting"});
      field("timed_out", self.timed_out, About{.help = "not answered in time"});
      field("reset", self.reset, About{.help = "reset by the peer once established"});
      field("other", self.other, About{.help = "for other reasons"});
    }
  };
  struct TimeWait {
    std::uint64_t evicted = 0, reused = 0;

    static constexpr void visit(auto& self, auto&& field) {
      field("evicted", self.evicted, About{.help = "records that made room for others"});
      field("reused", self.reused, About{.help = "records that a new connection took over"});
    }
  };
  /// How the connections ended.
  struct Ends {
    std::uint64_t opened = 0, closed = 0, reset = 0, aborted = 0, timed_out = 0, refused = 0,
                  other = 0, live = 0;
    bool balanced = false;
    const char* fault = nullptr;  // the first thing that is wrong with the stack's own audit

    static constexpr void visit(auto& self, auto&& field) {
      field("opened", self.opened, About{.help = "connections"});
      field("closed", self.closed, About{.help = "of them: in order"});
      field("reset", self.reset, About{.help = "of them: by the peer"});
      field("aborted", self.aborted, About{.help = "of them: reset, as the cycle has it"});
      field("timed_out", self.timed_out, About{.help = "of them: the peer did not answer"});
      field("refused", self.refused, About{.help = "of them: while connecting"});
      field("other", self.other, About{.help = "of them: for other reasons"});
      field("live", self.live, About{.help = "of them: counted by walking"});
      field("balanced", self.balanced, About{.help = "whether all that adds up, and the stack"});
      field("fault", self.fault, About{.help = "what the stack's audit found; null"});
    }
  };

  Endpoint target;
  bool passive = false;  // peers have opened the connections, to `target`
  Mix mix = Mix::only(WayToClose::kFin);
  std::uint32_t concurrency = 0;
  std::uint64_t seed = 0;
  std::uint64_t cycles = 0, completed = 0;
  Failed failed;
  Duration elapsed{0};
  Quantiles connect, closing;
  std::uint64_t retransmits = 0;
  TimeWait time_wait;
  Ends audit;

  static StrikeSummary of(const StrikeRequest& request, const StrikeReport& report,
                          const Audit& audit);
  bool good() const;
  /// Completed cycles, over the whole duration.
  double cycles_per_second() const { return per_second(static_cast<double>(completed), elapsed); }

  static constexpr void visit(auto& self, auto&& field) {
    field("target", self.target, About{.help = "whom; of a passive strike where peers came to"});
    field("passive", self.passive, About{.help = "whether peers opened the connections"});
    field("close", self.mix, About{.help = "how they were ended: fin, or a mix as fin=60,rst=20"});
    field("concurrency", self.concurrency, About{.help = "connections in flight at a time"});
    field("seed", self.seed, About{.help = "the seed"});
    field("cycles", self.cycles, About{.help = "begun"});
    field("completed", self.completed, About{.help = "opened and closed as asked"});
    field("failed", self.failed, About{.help = "cycles that were not"});
    field("duration_s", self.elapsed,
          About{.help = "from the first SYN to the last end", .unit = Unit::kSeconds});
    field("cycles_per_second", self.cycles_per_second(),
          About{.help = "completed, over the whole duration", .unit = Unit::kPerSecond});
    field("connect_us", self.connect,
          About{.help = "SYN to established", .unit = Unit::kMicroseconds});
    field("close_us", self.closing,
          About{.help = "close to the connection's end", .unit = Unit::kMicroseconds});
    field("retransmits", self.retransmits, About{.help = "segments of its connections sent again"});
    field("time_wait", self.time_wait, About{.help = "TIME-WAIT records while it ran"});
    field("audit", self.audit,
          About{.help = "opened = closed + reset + aborted + timed_out + refused + other + live"});
    field("outcome", StrikeOutcome{self}, About{.help = "good, or what became of the cycles"});
  }
};

/// One line without its end.
void print(Printer& out, const StrikeOutcome& verdict);
/// The rate and the verdict first, then what became of the cycles, a line each.
void print(Printer& out, const StrikeSummary& summary);
/// "audit  5,000 opened = 5,000 closed + ...: balanced", of the whole stack.
void print(Printer& out, const Audit& audit);

}  // namespace conker
