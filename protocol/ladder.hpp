// What a strike has learnt of how many connections at a time its target bears (concurrency_auto).
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/visit.hpp"
#include "stack/base/time.hpp"

namespace conker::protocol {

struct LadderClimbed {
  struct Rung {
    std::uint32_t concurrency = 0;
    Duration lasted{0};
    std::uint64_t rate = 0;
    std::uint32_t connect_p99 = 0;
    std::uint64_t completed = 0, refused = 0, unanswered = 0, failed = 0;

    static constexpr void visit(auto& self, auto&& field) {
      field("concurrency", self.concurrency, About{.help = "connections in flight at a time"});
      field("lasted_s", self.lasted, About{.help = "for how long", .unit = Unit::kSeconds});
      field("cycles_per_second", self.rate,
            About{.help = "completed while it lasted", .unit = Unit::kPerSecond});
      field("connect_p99_us", self.connect_p99,
            About{.help = "SYN to established", .unit = Unit::kMicroseconds});
      field("completed", self.completed, About{.help = "of the cycles that were begun in it"});
      field("refused", self.refused, About{.help = "of them: reset while connecting"});
      field("unanswered", self.unanswered, About{.help = "of them: whose SYN was not answered"});
      field("failed", self.failed, About{.help = "of them: in another way"});
    }
  };

  std::uint32_t chosen = 0, bears = 0;
  bool over = false, fails_beyond = false;
  std::uint64_t excused = 0;
  std::vector<Rung> rungs;

  static constexpr void visit(auto& self, auto&& field) {
    field("chosen", self.chosen,
          About{.help = "in flight from then on: the fewest that were as fast as any, within 5 %, "
                        "and none of which failed"});
    field("bears", self.bears,
          About{.help = "so many at a time did without a failure; 0: not one"});
    field("over", self.over, About{.help = "false where the strike ended before it was known"});
    field("fails_beyond", self.fails_beyond,
          About{.help = "more were tried, and some of them failed"});
    field("excused", self.excused,
          About{.help = "cycles refused or unanswered beyond what the target bears, while that was "
                        "not known: they do not make the verdict"});
    field("rungs", self.rungs, About{.help = "what was tried, one after the other"});
  }
};

}  // namespace conker::protocol
