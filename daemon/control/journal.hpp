// The journal of a strike (protocol/journal.hpp): what is known of it, appended to a file of the
// client's as it comes.
//
// Bounded: a row a second in the first day and one every ten seconds afterwards, changed counts
// once with each row, kMaxBytes of file. Of what a file does not take the result tells how much and
// from when on.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "daemon/control/appender.hpp"
#include "daemon/control/findings.hpp"
#include "daemon/control/timeline.hpp"
#include "protocol/journal.hpp"
#include "protocol/strikes.hpp"
#include "stack/strike/history.hpp"

namespace conker::daemon {

/// Why a descriptor is refused for a journal; empty when it is accepted. Locks the file.
std::string unfit_for_journal(const Descriptor& file);

class Journal {
 public:
  static constexpr std::uint64_t kMaxBytes = std::uint64_t{256} << 20;

  explicit Journal(Descriptor file, const Before& before = {}, std::uint64_t max_bytes = kMaxBytes);
  /// Waits for the disk, a second at most.
  ~Journal();

  void begin(const protocol::JournalBegin& begin);
  /// Called a few times a second; appends a row, with the counts that changed, when one is due.
  void tick(const StrikeReport& report, StrikeHistory& history, std::uint64_t judged,
            const Findings& findings);
  /// A rule is found broken for the first time.
  void found(const protocol::Strike::Finding& finding);
  /// The strike is stopped before its time. `elapsed`: of this part.
  void stopped(Duration elapsed, std::string_view why);
  /// The last line. Waits for the disk, a moment at most.
  void end(const protocol::Strike::Result& result);
  /// The line after it, of a detached strike.
  void ended(const protocol::StrikeEntry& entry);

  protocol::Strike::Journal result() const;
  /// Why the first line that was lost was lost; empty while none is.
  std::string loss() const;

 private:
  template <typename T>
  void line(std::string_view name, const T& value, Duration at);
  void row(const StrikeReport& report, StrikeHistory& history, std::uint64_t judged);
  void counts(Duration at, const Findings& findings);

  Before before_;
  std::uint64_t max_bytes_, bytes_;  // of the file, with what waits
  Appender appender_;
  Duration next_row_;
  using FailedIn = std::array<std::uint64_t, kStrikePhases>;
  std::uint64_t begun_ = 0, completed_ = 0, failed_ = 0;  // at the last row
  FailedIn failed_in_{};                                  // of failed_, by StrikePhase
  bool first_failure_told_ = false;
  std::map<std::string, std::uint64_t> told_;  // counts by rule
};

}  // namespace conker::daemon
