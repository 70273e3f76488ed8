// What all strikes of the daemon have done since its start, those included that are running.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/visit.hpp"

namespace conker::protocol {

struct StrikeTotals {
  /// How many of something took no longer than that.
  struct Within {
    Duration longest{0};
    std::uint64_t count = 0;

    static constexpr void visit(auto& self, auto&& field) {
      field("longest_us", self.longest,
            About{.help = "time, to within 1/16", .unit = Unit::kMicroseconds});
      field("count", self.count, About{.help = "that took no longer"});
    }
  };
  struct Times {
    std::uint64_t count = 0;
    Duration sum{0};
    std::vector<Within> within;

    static constexpr void visit(auto& self, auto&& field) {
      field("count", self.count, About{.help = "in all"});
      field("sum_us", self.sum,
            About{.help = "of all, to within 1/32", .unit = Unit::kMicroseconds});
      field("within", self.within, About{.help = "of them, as a histogram"});
    }
  };
  struct Finding {
    std::string rule, severity;
    std::uint64_t count = 0;

    static constexpr void visit(auto& self, auto&& field) {
      field("rule", self.rule, About{.help = "its name"});
      field("severity", self.severity, About{.help = "fault, weakness or note"});
      field("count", self.count, About{.help = "connections in which it was broken"});
    }
  };
  std::uint64_t running = 0, passed = 0, failed = 0, inconclusive = 0, not_begun = 0;
  std::uint64_t cycles = 0, cycles_completed = 0, cycles_failed = 0;
  Times connect, closing;
  std::vector<Finding> findings;

  static constexpr void visit(auto& self, auto&& field) {
    field("running", self.running, About{.help = "strikes now", .now = true});
    field("passed", self.passed, About{.help = "strikes with the verdict pass"});
    field("failed", self.failed, About{.help = "strikes with the verdict fail"});
    field("inconclusive", self.inconclusive, About{.help = "strikes with neither"});
    field("not_begun", self.not_begun, About{.help = "strikes that could not begin"});
    field("cycles", self.cycles, About{.help = "begun"});
    field("cycles_completed", self.cycles_completed, About{.help = "opened and closed as asked"});
    field("cycles_failed", self.cycles_failed, About{.help = "that were not"});
    field("connect", self.connect, About{.help = "SYN to established"});
    field("close", self.closing, About{.help = "close to the connection's end"});
    field("findings", self.findings, About{.help = "by rule"});
  }
};

}  // namespace conker::protocol
