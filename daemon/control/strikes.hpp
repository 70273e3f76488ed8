// The verbs strike and strike_stop: one strike at a time, whose client gets progress and report.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/control/call.hpp"
#include "daemon/control/dead_probe.hpp"
#include "daemon/control/ending.hpp"
#include "daemon/control/evidence.hpp"
#include "daemon/control/findings.hpp"
#include "daemon/control/journal.hpp"
#include "daemon/control/looks.hpp"
#include "daemon/control/passive.hpp"
#include "daemon/control/payload_check.hpp"
#include "daemon/control/strike_ports.hpp"
#include "daemon/control/targets.hpp"
#include "daemon/control/watch.hpp"
#include "daemon/engine.hpp"
#include "stack/strike/history.hpp"
#include "stack/strike/ladder.hpp"
#include "stack/strike/probes.hpp"
#include "stack/strike/reception.hpp"
#include "stack/strike/strike.hpp"

namespace conker::daemon {

class Strikes final : public Client {
 public:
  static constexpr double kProgressEvery = 0.2;  // seconds

  Strikes(Engine& engine, Targets& targets, Verbs& verbs);
  ~Strikes();

  /// Starts no more cycles; those in flight complete or time out. `why`: in one line.
  void stop(std::string_view why);
  /// Stops the strike and reports it at once: what is in flight is not finished, and no failure.
  void cut(std::string_view why);
  /// The running strike, for the verb status.
  std::optional<protocol::Status::Striking> status() const;

 private:
  using StrikeCall = CallOf<protocol::Strike>;
  void start(StrikeCall call, const Endpoint& target);
  void begin();
  void fail(const std::string& why);
  std::string refused(const protocol::Strike::Parameters& parameters, const Endpoint& target,
                      protocol::Code& code) const;
  void on_event(const Event& event) override;
  Instant step() override;
  const char* name() const override { return "strike"; }
  void progress();
  void heartbeat();
  bool observe(const protocol::Strike::Parameters& parameters);
  void unobserve();
  Instant turn();
  Instant probe();
  void end();
  void finish();
  /// The parameters, with the port that is chosen where they name none.
  protocol::Strike::Parameters as_begun() const;
  /// Writes to the log, and to the journal, that the strike has begun.
  void tell_begin();
  void tell_found(const protocol::Strike::Finding& finding);

  Engine& engine_;
  Targets& targets_;
  Looks looks_;
  std::optional<Edits> edits_;  // where one of the ways needs them
  std::optional<Probes> probes_;
  TimerWatch progress_, heartbeat_;
  std::vector<Strike::Slot> slots_;
  std::optional<Ladder> ladder_;  // where concurrency is to be learnt
  std::unique_ptr<StrikeHistory> history_;
  std::optional<PayloadCheck> payloads_;  // where something is expected of them
  StrikePorts ports_;
  AllowedGuests guests_;
  std::optional<Reception> reception_;  // where peers open the connections
  std::optional<Strike> strike_;
  std::optional<StrikeCall> call_;  // set while the strike runs, and its looks
  Endpoint target_;
  protocol::Strike::Begin begin_;
  Descriptor file_, journal_file_;      // for evidence and journal, until they take it
  std::unique_ptr<Evidence> evidence_;  // null where none was asked for
  std::unique_ptr<Journal> journal_;    // likewise
  Before before_;                       // where the strike is resumed
  std::optional<Findings> findings_;
  std::optional<verdict::Judge> judge_;
  std::optional<Ending> ending_;
  std::optional<DeadProbe> dead_;
  EngineLink* link_ = nullptr;          // the link that leads to the target, while it is observed
  bool interrupted_ = false;            // by its client, or with the daemon
  std::uint64_t completed_before_ = 0;  // at the last notification
  Instant progress_before_{};
};

}  // namespace conker::daemon
