// The journal of a strike: a file to which the daemon appends while the strike runs, so that what
// is known up to a moment outlives the client, the daemon and the host. Lines of JSON, each an
// object of one member, whose name says which of these structures it is:
//
//     {"begin":{...}}          first, and again for each part of a strike that is resumed
//     {"second":{...}}         each second; after a day every ten seconds
//     {"finding":{...}}        Strike::Finding: a rule that is found broken, for the first time
//     {"counts":{...}}         how often, where that changed; once a second at most
//     {"first_failure":{...}}  StrikeTimeline::First
//     {"stopped":{...}}        why it is stopped before its time
//     {"report":{...}}         Strike::Result
//     {"ruling":{...}}         by conkerctl: the verdict with what its monitors saw
//     {"ended":{...}}          StrikeEntry: of a detached strike, the last line
//
// Cycles and times go on through all parts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/history.hpp"
#include "protocol/judgement.hpp"

namespace conker::protocol {

inline constexpr std::string_view kJournalFinding = "finding";
inline constexpr std::string_view kJournalFirstFailure = "first_failure";
inline constexpr std::string_view kJournalReport = "report";

using JournalBegin = Strike::Begin;

struct JournalSecond {
  static constexpr std::string_view kName = "second";

  /// From the begin of this part.
  struct Sums {
    std::uint64_t cycles = 0, closed = 0, aborted = 0;
    std::vector<StrikeTimeline::Failure> failures;
    Duration elapsed{0};
    Quantiles connect, closing;
    std::optional<Quantiles> connect_due;
    std::uint64_t missed = 0, open_failed = 0, retransmits = 0, judged = 0;

    static constexpr void visit(auto& self, auto&& field) {
      field("cycles", self.cycles, About{.help = "begun"});
      field("closed", self.closed, About{.help = "of them: completed in order"});
      field("aborted", self.aborted, About{.help = "of them: completed by our RST"});
      field("failures", self.failures, About{.help = "of them: failed, by phase"});
      field("duration_s", self.elapsed, About{.help = "of this part", .unit = Unit::kSeconds});
      field("connect_us", self.connect, About{.help = "SYN to established"});
      field("close_us", self.closing, About{.help = "close to the connection's end"});
      field("connect_due_us", self.connect_due,
            About{.help = "of a rate: from when it was due to established; null without one"});
      field("missed", self.missed, About{.help = "of a rate: not begun in time"});
      field("open_failed", self.open_failed, About{.help = "opens that our own stack refused"});
      field("retransmits", self.retransmits, About{.help = "segments sent again"});
      field("judged", self.judged, About{.help = "segments of the target"});
    }
  };

  Duration at{0};
  StrikeTimeline::Row row;  // since the line before
  std::uint64_t live = 0;
  Sums sums;

  static constexpr void visit(auto& self, auto&& field) {
    field("at_s", self.at, About{.help = "from the begin", .unit = Unit::kSeconds});
    StrikeTimeline::Row::visit(self.row, field);
    field("in_flight", self.live, About{.help = "cycles"});
    field("so_far", self.sums, About{.help = "of this part"});
  }
};

struct JournalCounts {
  static constexpr std::string_view kName = "counts";

  struct Rule {
    std::string rule;
    std::uint64_t count = 0, inconclusive = 0;
    std::string because;

    static constexpr void visit(auto& self, auto&& field) {
      field("rule", self.rule, About{.help = "its name"});
      field("count", self.count, About{.help = "connections in which it was broken"});
      field("inconclusive", self.inconclusive, About{.help = "of them: perhaps by our own side"});
      field("because", self.because, About{.help = "how"});
    }
  };

  Duration at{0};
  std::vector<Rule> rules;

  static constexpr void visit(auto& self, auto&& field) {
    field("at_s", self.at, About{.help = "from the begin", .unit = Unit::kSeconds});
    field("rules", self.rules, About{.help = "those that changed"});
  }
};

struct JournalStopped {
  static constexpr std::string_view kName = "stopped";
  Duration at{0};
  std::string why;

  static constexpr void visit(auto& self, auto&& field) {
    field("at_s", self.at, About{.help = "from the begin", .unit = Unit::kSeconds});
    field("why", self.why, About{.help = "in one line"});
  }
};

struct JournalRuling {
  static constexpr std::string_view kName = "ruling";
  Verdict verdict{};
  std::string why;

  static constexpr void visit(auto& self, auto&& field) {
    field("verdict", self.verdict, About{.help = "of the whole"});
    field("why", self.why, About{.help = "the reason, in one line"});
  }
};

}  // namespace conker::protocol
