// A strike while it runs: the look before it, its turns, the judge and what is kept of it, the
// probes and looks after it, and its report.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/control/dead_probe.hpp"
#include "daemon/control/ending.hpp"
#include "daemon/control/evidence.hpp"
#include "daemon/control/findings.hpp"
#include "daemon/control/journal.hpp"
#include "daemon/control/looks.hpp"
#include "daemon/control/passive.hpp"
#include "daemon/control/payload_check.hpp"
#include "daemon/control/strike_ports.hpp"
#include "daemon/control/watch.hpp"
#include "daemon/engine.hpp"
#include "daemon/log_field.hpp"
#include "protocol/strikes.hpp"
#include "stack/strike/history.hpp"
#include "stack/strike/ladder.hpp"
#include "stack/strike/probes.hpp"
#include "stack/strike/reception.hpp"
#include "stack/strike/strike.hpp"

namespace conker::daemon {

/// What is to be struck, and where it is kept.
struct StrikeOrder {
  std::uint64_t id = 0;
  bool detached = false;
  protocol::Strike::Parameters parameters;
  Endpoint target;
  std::uint32_t most = 1;        // connections in flight, where parameters ask to learn how many
  Descriptor evidence, journal;  // where parameters ask for them
};

/// One strike at a time.
class StrikeRun final : public Client {
 public:
  static constexpr double kProgressEvery = 0.2;  // seconds

  /// Who is told what becomes of it, in a turn or between turns.
  class Owner {
   public:
    /// Cycles begin.
    virtual void on_begin(StrikeRun& run) = 0;
    virtual void on_progress(StrikeRun& run, const protocol::Progress& progress) = 0;
    /// Its end. `failed`: why it did not begin; empty where it did, and there is a result.
    virtual void on_end(StrikeRun& run, const protocol::Strike::Result& result,
                        const std::string& failed) = 0;

   protected:
    ~Owner() = default;
  };

  StrikeRun(Engine& engine, StrikePorts& ports, Owner& owner);
  ~StrikeRun();

  /// Not to be called while it is busy.
  void start(StrikeOrder order);
  /// From the look before the strike until the owner is told of its end.
  bool busy() const { return order_.has_value(); }
  const StrikeOrder& order() const { return *order_; }  // while it is busy
  /// Starts no more cycles; those in flight complete or time out. `why`: in one line.
  void stop(std::string_view why);
  /// Stops the strike and reports it at once: what is in flight is not finished, and no failure.
  void cut(std::string_view why);
  /// Its figures; none before it has begun.
  protocol::StrikeSoFar so_far() const {
    return strike_ ? protocol::StrikeSoFar::of(strike_->report()) : protocol::StrikeSoFar{};
  }
  /// What is known of it, while it is busy.
  protocol::StrikeEntry entry() const;
  /// The same in figures that can be added to those of other strikes.
  protocol::StrikeTimes::Result times() const;
  /// What is known of it, with its result, for its owner's on_end().
  protocol::StrikeEntry ended(const protocol::Strike::Result& made) const;

 private:
  void begin();
  void fail(const std::string& why);
  void on_event(const Event& event) override;
  Instant step() override;
  const char* name() const override { return "strike"; }
  void progress();
  void heartbeat();
  std::string loss_of_link();
  bool observe();
  void unobserve();
  Instant turn();
  Instant probe();
  void end();
  void finish();
  void release();
  protocol::Strike::Result result();
  /// The parameters, with the port that is chosen where they name none.
  protocol::Strike::Parameters as_begun() const;
  /// Writes to the log, and to the journal, that the strike has begun.
  LogField field_of_log() const;
  void tell_begin();
  void tell_loss();
  void tell_found(const protocol::Strike::Finding& finding);
  void tell_end(const protocol::Strike::Result& made);

  Engine& engine_;
  StrikePorts& all_ports_;
  Owner& owner_;
  Looks looks_;
  std::optional<Edits> edits_;  // where one of the ways needs them
  std::optional<Probes> probes_;
  TimerWatch progress_, heartbeat_;
  std::vector<Strike::Slot> slots_;
  std::optional<Ladder> ladder_;  // where concurrency is to be learnt
  std::unique_ptr<StrikeHistory> history_;
  std::optional<PayloadCheck> payloads_;  // where something is expected of them
  StrikePorts::Chosen ports_;
  AllowedGuests guests_;
  std::optional<Reception> reception_;  // where peers open the connections
  std::optional<Strike> strike_;
  std::optional<StrikeOrder> order_;  // while it is busy
  protocol::Strike::Begin begin_;
  std::unique_ptr<Evidence> evidence_;  // null where none was asked for
  std::unique_ptr<Journal> journal_;    // likewise
  Before before_;                       // where the strike is resumed
  std::optional<Findings> findings_;
  std::optional<verdict::Judge> judge_;
  std::optional<Ending> ending_;
  std::optional<DeadProbe> dead_;
  EngineLink* link_ = nullptr;     // the link that leads to the target, while it is observed
  std::uint64_t link_losses_ = 0;  // how often it had ceased to be up at the last heartbeat
  bool journal_lost_ = false;      // and the log says so
  bool interrupted_ = false;       // by a client, or with the daemon
  protocol::Progress newest_;
  Instant progress_before_{};
};

}  // namespace conker::daemon
