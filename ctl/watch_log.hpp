// What one watch has seen: its last lines, and those that --watch-fail looks for.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "ctl/poll_set.hpp"
#include "protocol/visit.hpp"

namespace conker::ctl {

struct WatchLine {
  Duration at{0};           // from the strike's begin; negative before it
  std::uint64_t cycle = 0;  // about: those begun at the last progress before
  std::string line;

  static constexpr void visit(auto& self, auto&& field) {
    field("at_s", self.at,
          About{.help = "from the strike's begin; negative before it", .unit = Unit::kSeconds});
    field("cycle", self.cycle, About{.help = "about: cycles begun 0.2 s before, at most"});
    field("line", self.line, About{.help = "printable ASCII; other bytes as \\xNN"});
  }
};

struct WatchReport {
  std::string watch;
  std::uint64_t lines = 0, dropped = 0, matched = 0;
  std::string ended;  // why there were no more lines; empty: there could have been
  std::vector<WatchLine> first_matches, log;

  static constexpr void visit(auto& self, auto&& field) {
    field("watch", self.watch, About{.help = "as --watch had it"});
    field("lines", self.lines, About{.help = "that came"});
    field("dropped", self.dropped, About{.help = "older ones that are not in log any more"});
    field("matched", self.matched, About{.help = "lines that --watch-fail looks for"});
    field("ended", self.ended, About{.help = "why it ended before its time; empty: it did not"});
    field("first_matches", self.first_matches, About{.help = "the first 3 of those"});
    field("log", self.log, About{.help = "the last lines"});
  }
};

class WatchLog {
 public:
  static constexpr std::size_t kKept = 500, kShown = 3;  // lines

  struct Stamp {
    Moment at;
    std::uint64_t cycle = 0;
  };
  void add(Stamp stamp, std::string line, bool matched);
  void ended(std::string why) { ended_ = std::move(why); }

  std::uint64_t matched() const { return matched_; }
  /// `begin`: of the strike.
  WatchReport report(std::string watch, Moment begin) const;

 private:
  struct Entry {
    Stamp stamp;
    std::string line;
  };
  static WatchLine line_of(const Entry& entry, Moment begin);

  std::uint64_t lines_ = 0, matched_ = 0;
  std::deque<Entry> last_;
  std::vector<Entry> first_matches_;
  std::string ended_;
};

}  // namespace conker::ctl
