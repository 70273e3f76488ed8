// What a strike was like over time, as its result has it: ways to close, failures by phase, runs of
// failures, and a row for each second. Not in strike.hpp, which the firmware uses: lists need
// memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/text.hpp"
#include "protocol/visit.hpp"
#include "stack/strike/history.hpp"
#include "stack/strike/summary.hpp"
#include "stack/strike/trends.hpp"

namespace conker::protocol {

struct StrikeTimeline {
  struct Failure {
    StrikeFailure name{};
    StrikePhase phase{};
    std::uint64_t count = 0;

    static constexpr void visit(auto& self, auto&& field) {
      field("name", self.name, About{.help = "what was on the wire, or was not"});
      field("phase", self.phase, About{.help = "connecting, established or closing"});
      field("count", self.count, About{.help = "cycles"});
    }
  };
  struct Way {
    WayToClose name{};
    std::uint64_t begun = 0, completed = 0, failed = 0;
    std::vector<Failure> failures;

    static constexpr void visit(auto& self, auto&& field) {
      field("name", self.name, About{.help = "the way to close"});
      field("begun", self.begun, About{.help = "cycles"});
      field("completed", self.completed, About{.help = "of them: opened and closed as asked"});
      field("failed", self.failed, About{.help = "of them: that were not"});
      field("failures", self.failures, About{.help = "by phase, where there are any"});
    }
  };
  struct First {
    std::uint64_t cycle = 0;
    Duration at{0};
    WayToClose way{};
    StrikeFailure failure{};
    StrikePhase phase{};
    Endpoint ours;
    std::optional<Endpoint> peer;

    static constexpr void visit(auto& self, auto&& field) {
      field("cycle", self.cycle, About{.help = "which cycle, from 1"});
      field("at_s", self.at, About{.help = "when, from the begin", .unit = Unit::kSeconds});
      field("way", self.way, About{.help = "how it was to be closed"});
      field("failure", self.failure, About{.help = "what was on the wire, or was not"});
      field("phase", self.phase, About{.help = "connecting, established or closing"});
      field("local", self.ours, About{.help = "our address and port"});
      field("peer", self.peer,
            About{.help = "of a passive strike: who opened it; null", .left_out = true});
    }
  };
  struct Run {
    std::uint64_t cycles = 0;
    Duration at{0}, lasted{0};
    bool to_the_end = false;

    static constexpr void visit(auto& self, auto&& field) {
      field("cycles", self.cycles, About{.help = "that failed one after the other"});
      field("at_s", self.at, About{.help = "from when on", .unit = Unit::kSeconds});
      field("lasted_s", self.lasted, About{.help = "for how long", .unit = Unit::kSeconds});
      field("to_the_end", self.to_the_end, About{.help = "none was completed after it"});
    }
  };
  struct InFlight {
    std::uint32_t max = 0, opening = 0;
    double mean = 0;

    static constexpr void visit(auto& self, auto&& field) {
      field("max", self.max, About{.help = "at a time, at most"});
      field("mean", self.mean, About{.help = "on average"});
      field("opening", self.opening, About{.help = "in SYN-SENT at a time, at most"});
    }
  };
  struct Row {
    std::uint64_t begun = 0, completed = 0, failed = 0;
    std::uint32_t connect_p50 = 0, connect_p99 = 0;
    // Rows of an earlier version do not have these.
    std::uint64_t failed_connecting = 0, failed_established = 0, failed_closing = 0;
    std::uint32_t close_p50 = 0, close_p99 = 0, most_in_flight = 0, most_opening = 0;

    static constexpr void visit(auto& self, auto&& field) {
      constexpr About kTime{.help = "SYN to established", .unit = Unit::kMicroseconds};
      constexpr About kClose{
          .help = "close to the connection's end", .unit = Unit::kMicroseconds, .left_out = true};
      field("begun", self.begun, About{.help = "cycles"});
      field("completed", self.completed, About{.help = "cycles"});
      field("failed", self.failed, About{.help = "cycles"});
      field("connect_p50_us", self.connect_p50, kTime);
      field("connect_p99_us", self.connect_p99, kTime);
      field("failed_connecting", self.failed_connecting,
            About{.help = "of failed: before they were established", .left_out = true});
      field("failed_established", self.failed_established,
            About{.help = "of failed: before they were closed", .left_out = true});
      field("failed_closing", self.failed_closing,
            About{.help = "of failed: while they were closed", .left_out = true});
      field("close_p50_us", self.close_p50, kClose);
      field("close_p99_us", self.close_p99, kClose);
      field("most_in_flight", self.most_in_flight,
            About{.help = "at a time, at most", .left_out = true});
      field("most_opening", self.most_opening,
            About{.help = "in SYN-SENT at a time, at most", .left_out = true});
    }
  };

  /// A heuristic: told, and no part of the verdict.
  struct Trend {
    conker::Trend::Kind name{};
    std::string text;
    Duration at{0}, lasted{0};
    std::uint64_t cycles = 0, before = 0, after = 0;
    std::uint32_t per_mille = 0, threshold = 0;

    static constexpr void visit(auto& self, auto&& field) {
      field("name", self.name, About{.help = "what was seen"});
      field("text", self.text, About{.help = "the same in words"});
      field("at_s", self.at,
            About{.help = "from when on; 0 for humps, which have no place in time",
                  .unit = Unit::kSeconds});
      field("lasted_s", self.lasted, About{.help = "for how long", .unit = Unit::kSeconds});
      field("cycles", self.cycles, About{.help = "begun until then"});
      field("before", self.before,
            About{.help = "completed a second before, or in the higher seconds; of humps the end "
                          "of the lower one (microseconds)",
                  .unit = Unit::kNominal});
      field("after", self.after,
            About{.help = "after, or in the lower seconds; of humps the begin of the upper one "
                          "(microseconds)",
                  .unit = Unit::kNominal});
      field("per_mille", self.per_mille,
            About{.help = "after for before; of humps the share of the upper one",
                  .unit = Unit::kNominal});
      field("threshold", self.threshold,
            About{.help = "what per_mille was compared with", .unit = Unit::kNominal});
    }
  };

  struct Reopened {
    std::uint64_t begun = 0, kept = 0;

    static constexpr void visit(auto& self, auto&& field) {
      field("begun", self.begun, About{.help = "cycles from the address and port of another one"});
      field("kept", self.kept,
            About{.help = "of them: completed without a connection, since the target said by ACKs "
                          "that it keeps the one before in TIME-WAIT"});
    }
  };

  struct Unfinished {
    std::uint64_t left = 0, repeated = 0;

    static constexpr void visit(auto& self, auto&& field) {
      field(
          "left", self.left,
          About{.help = "handshakes that ended with the target's SYN-ACK: by us, without a word"});
      field("repeated", self.repeated,
            About{.help = "SYN-ACKs of those that came again, until the last cycle ended"});
    }
  };

  std::optional<std::uint64_t> asked;
  std::uint64_t missed = 0, open_failed = 0;
  std::optional<Reopened> reopened;
  std::optional<Unfinished> unfinished;
  std::optional<std::uint64_t> turned_away;
  std::optional<Quantiles> connect_due;
  InFlight in_flight;
  std::vector<Way> ways;
  std::vector<Failure> failures;
  std::optional<First> first_failure;
  std::optional<Run> longest_run, last_run;
  Duration row_width{0};
  std::vector<Row> seconds;
  std::vector<Trend> trends;

  static constexpr void visit(auto& self, auto&& field) {
    field("asked", self.asked, About{.help = "cycles asked for; null: by time alone"});
    field("missed", self.missed, About{.help = "of a rate: cycles that were not begun in time"});
    field("open_failed", self.open_failed,
          About{.help = "opens that our own stack refused, and that were tried again"});
    field("reopened", self.reopened,
          About{.help = "four-tuples opened again, by the way reopen; null without it"});
    field("unfinished", self.unfinished,
          About{.help = "by the way syn-silence; null without it", .left_out = true});
    field("turned_away", self.turned_away,
          About{.help = "of a passive strike: connections that were reset at once, since "
                        "strike.allow does not name their peers; null",
                .left_out = true});
    field("connect_due_us", self.connect_due,
          About{.help = "of a rate: from when a cycle was due to established; a missed one counts "
                        "as the time that it waited until the next was begun. Null without a rate",
                .unit = Unit::kMicroseconds});
    field("in_flight", self.in_flight, About{.help = "the concurrency that was reached"});
    field("ways", self.ways, About{.help = "cycles, by their way to close"});
    field("failures", self.failures, About{.help = "of all ways, by phase"});
    field("first_failure", self.first_failure, About{.help = "null when there is none"});
    field("longest_run", self.longest_run, About{.help = "of failures; null when there is none"});
    field("last_run", self.last_run, About{.help = "of failures; null when there is none"});
    field("row_s", self.row_width,
          About{.help = "what a row of seconds covers: more than one when there were too many",
                .unit = Unit::kSeconds});
    field("seconds", self.seconds,
          About{.help = "one after the other; of merged rows the higher of two times"});
    field("trends", self.trends,
          About{.help = "a rate that falls, alternates or halts, latency in two humps"});
  }
};

}  // namespace conker::protocol
