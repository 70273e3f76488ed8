// When a strike ends before its time: at what it was asked to stop on, or since its peer has
// stopped answering.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/control/findings.hpp"
#include "daemon/control/timeline.hpp"
#include "protocol/judgement.hpp"
#include "stack/base/time.hpp"
#include "stack/strike/history.hpp"
#include "stack/verdict/rules.hpp"

namespace conker::daemon {

class Ending {
 public:
  using Parameters = protocol::Strike::Parameters;

  /// For so long at least nothing is completed before a peer has stopped answering; and for as long
  /// as a cycle may take.
  static constexpr Duration kLeastSilence = 5s;
  /// So many cycles at least, and as many as may be in flight, were refused or unanswered
  /// meanwhile.
  static constexpr std::uint32_t kLeastUnanswered = 2;

  Ending(const Parameters& parameters, Instant began, const Before& before = {});

  /// Whether the strike is to stop, from the first time on that it is; why() says the reason.
  /// Called in every turn.
  bool due(const Findings& findings, const StrikeHistory& history, Instant now);
  const std::optional<protocol::Stopped>& why() const { return why_; }

  /// What is wrong with the parameters, in one line; empty when nothing is.
  static std::string complaint(const Parameters& parameters);

 private:
  bool stops_on(verdict::Rule rule) const;
  bool stops_on_failure() const;
  void look_at(const Findings& findings);
  void look_at(const StrikeHistory::First& failure);
  void look_for_silence(const StrikeHistory& history, Instant now);

  std::optional<protocol::StopOn> on_;
  std::optional<verdict::Rule> rule_;
  /// As long as a cycle may take; nothing where it makes no difference.
  std::optional<Duration> silence_;
  std::uint32_t unanswered_;
  Instant began_;
  Before before_;
  std::uint64_t findings_seen_ = 0;
  std::optional<protocol::Stopped> why_;
};

}  // namespace conker::daemon
