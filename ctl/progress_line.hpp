// What is told of a strike while it runs: on a terminal a line that is written anew with each
// progress, as much of it as fits; elsewhere a line every ten seconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ctl/error.hpp"
#include "ctl/terminal.hpp"
#include "protocol/verbs.hpp"

namespace conker::ctl {

class ProgressLine {
 public:
  /// After so many cycles or so long the strike ends; nothing: that is not known.
  ProgressLine(std::optional<std::uint64_t> cycles, std::optional<std::int64_t> duration_ms);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const Progress& progress);

 private:
  static constexpr Duration kEvery = 10s;

  Terminal terminal_;
  std::optional<std::uint64_t> cycles_;
  std::optional<Duration> duration_;
  bool shown_ = false;
  // Without a terminal: when the last line was, and the next is due.
  Duration since_{0}, next_ = kEvery;
  std::uint64_t completed_ = 0;
};

/// A part of the line.
struct ProgressPart {
  std::string text;
  bool bad = false;  // to be seen first
};
/// The parts, those first that are left out last. `rate`: cycles a second.
std::vector<ProgressPart> progress_parts(const Progress& progress, double rate,
                                         std::optional<std::uint64_t> cycles,
                                         std::optional<Duration> duration);
/// How many of the parts fit, two spaces apart; at least one.
std::size_t parts_that_fit(const std::vector<ProgressPart>& parts, std::size_t width);

}  // namespace conker::ctl
