// The verbs about strikes that outlive their client, or run beside others: strike_start,
// strike_list, strike_times, strike_attach, strike_stop, strike_file.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/history.hpp"
#include "protocol/judgement.hpp"
#include "protocol/strike.hpp"
#include "protocol/verb.hpp"
#include "protocol/visit.hpp"

namespace conker::protocol {

/// A strike that runs, or of which the daemon keeps the report.
struct StrikeEntry {
  /// The last line of a detached strike's journal.
  static constexpr std::string_view kName = "ended";

  /// kLost: the daemon ended before the strike had.
  enum class State : std::uint8_t { kRunning, kEnded, kLost };
  friend constexpr std::string_view choices_of(State) { return "running|ended|lost"; }

  struct Rule {
    std::string rule, severity;
    std::uint64_t count = 0, inconclusive = 0, cycle = 0;

    static constexpr void visit(auto& self, auto&& field) {
      field("rule", self.rule, About{.help = "its name"});
      field("severity", self.severity, About{.help = "fault, weakness or note"});
      field("count", self.count, About{.help = "connections in which it was broken"});
      field("inconclusive", self.inconclusive, About{.help = "of them: perhaps by our own side"});
      field("cycle", self.cycle, About{.help = "the first: in which cycle, from 1"});
    }
  };

  std::uint64_t id = 0;
  State state = State::kRunning;
  bool detached = false;
  std::string target, began;
  StrikeSoFar so_far;
  double cycles_per_second = 0;
  std::uint64_t connect_p50 = 0, connect_p99 = 0;
  std::optional<std::uint64_t> cycles_asked;
  std::optional<std::int64_t> duration_ms;
  std::vector<Rule> findings;
  std::optional<Verdict> verdict;
  std::string why;

  static constexpr void visit(auto& self, auto&& field) {
    field("id", self.id, About{.help = "of the strike"});
    field("state", self.state, About{.help = "lost: the daemon ended before it had"});
    field("target", self.target, About{.help = "whom, as an address"});
    field("began", self.began, About{.help = "time of day, UTC"});
    field("detached", self.detached,
          About{.help = "whether it goes on without its client, and its report is kept"});
    StrikeSoFar::visit(self.so_far, field);
    field("cycles_per_second", self.cycles_per_second,
          About{.help = "completed: lately, or on average of one that has ended",
                .unit = Unit::kPerSecond});
    field("connect_p50_us", self.connect_p50,
          About{.help = "half were established within that time, in the last second",
                .unit = Unit::kMicroseconds});
    field("connect_p99_us", self.connect_p99,
          About{.help = "99 of 100 were", .unit = Unit::kMicroseconds});
    field("cycles_asked", self.cycles_asked, About{.help = "after which it ends; null"});
    field("duration_ms", self.duration_ms,
          About{.help = "after which it ends; null", .unit = Unit::kMilliseconds});
    field("findings", self.findings, About{.help = "rules that the target broke, the worst first"});
    field("verdict", self.verdict, About{.help = "of one that has ended; null"});
    field("why", self.why, About{.help = "the reason, in one line; empty while it runs"});
  }
};

struct StrikeId {
  std::uint64_t id = 0;

  static constexpr void visit(auto& self, auto&& field) {
    field("id", self.id, About{.help = "of the strike: strike_list tells", .required = true});
  }
};

struct StrikeStart {
  static constexpr std::string_view kName = "strike_start";
  static constexpr std::string_view kHelp =
      "Strike without a client: the daemon keeps journal, evidence and report";
  static constexpr std::array kCodes{Code::kNotAllowed, Code::kBusy};
  using Parameters = Strike::Parameters;
  using Result = StrikeId;
};

struct StrikeList {
  static constexpr std::string_view kName = "strike_list";
  static constexpr Effect kEffect = Effect::kReads;
  static constexpr std::string_view kHelp =
      "The strikes that run, and the detached ones of which the report is kept";
  using Parameters = Nothing;

  struct Result {
    std::vector<StrikeEntry> strikes;
    std::string directory;

    static constexpr void visit(auto& self, auto&& field) {
      field("strikes", self.strikes, About{.help = "by their ids"});
      field("directory", self.directory, About{.help = "where the reports are kept"});
    }
  };
};

struct StrikeTimes {
  static constexpr std::string_view kName = "strike_times";
  static constexpr Effect kEffect = Effect::kReads;
  static constexpr std::string_view kHelp =
      "Figures of a running strike since its begin, with its times as histograms that can be added";
  using Parameters = StrikeId;

  /// Durations from `first` to `last`.
  struct Bucket {
    std::uint32_t first = 0, last = 0, count = 0;

    static constexpr void visit(auto& self, auto&& field) {
      field("first_us", self.first, About{.help = "the shortest", .unit = Unit::kMicroseconds});
      field("last_us", self.last, About{.help = "the longest", .unit = Unit::kMicroseconds});
      field("count", self.count, About{.help = "how many took so long"});
    }
  };
  struct Result {
    std::uint64_t id = 0;
    StrikeSoFar so_far;
    std::vector<Bucket> connect, closing;
    std::vector<StrikeTimeline::Failure> failures;
    std::vector<StrikeEntry::Rule> findings;

    static constexpr void visit(auto& self, auto&& field) {
      field("id", self.id, About{.help = "of the strike"});
      StrikeSoFar::visit(self.so_far, field);
      field("connect", self.connect, About{.help = "SYN to established"});
      field("close", self.closing, About{.help = "close to the connection's end"});
      field("failures", self.failures, About{.help = "failed cycles, by phase"});
      field("findings", self.findings, About{.help = "rules that the target broke"});
    }
  };
};

struct StrikeAttach {
  static constexpr std::string_view kName = "strike_attach";
  static constexpr Effect kEffect = Effect::kReads;
  static constexpr std::string_view kHelp =
      "Progress and report of a strike that another client began";
  using Parameters = StrikeId;
  using Result = Strike::Result;
};

struct StrikeStop {
  static constexpr std::string_view kName = "strike_stop";
  static constexpr std::string_view kHelp = "End a strike that is running";

  struct Parameters {
    std::optional<std::uint64_t> id;

    static constexpr void visit(auto& self, auto&& field) {
      field("id", self.id,
            About{.help = "of the strike",
                  .fallback = "the one that this client began, or the only one"});
    }
  };
  struct Result {
    bool stopping = false;

    static constexpr void visit(auto& self, auto&& field) {
      field("stopping", self.stopping, About{.help = "false when it was not running"});
    }
  };
};

struct StrikeFile {
  static constexpr std::string_view kName = "strike_file";
  static constexpr std::string_view kHelp = "A file of a detached strike, as a descriptor to read";
  static constexpr Descriptor kDescriptor = Descriptor::kToClient;

  enum class File : std::uint8_t { kJournal, kEvidence };
  friend constexpr std::string_view choices_of(File) { return "journal|evidence"; }

  struct Parameters {
    std::uint64_t id = 0;
    File file = File::kJournal;

    static constexpr void visit(auto& self, auto&& field) {
      field("id", self.id, About{.help = "of the strike: strike_list tells", .required = true});
      field("file", self.file, About{.help = "which of its files"});
    }
  };
  using Result = StrikeId;
};

/// The notification that carries the descriptor.
struct StrikeFileOpen {
  static constexpr std::string_view kName = "strike_file_open";
  std::uint64_t id = 0;

  static constexpr void visit(auto& self, auto&& field) {
    field("id", self.id, About{.help = "of the strike"});
  }
};

}  // namespace conker::protocol
