// The verbs strike, strike_start, strike_list, strike_times, strike_attach, strike_stop and
// strike_file: several strikes at a time, each with those who wait for its report.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/control/call.hpp"
#include "daemon/control/strike_archive.hpp"
#include "daemon/control/strike_ports.hpp"
#include "daemon/control/strike_run.hpp"
#include "daemon/control/strike_sum.hpp"
#include "daemon/control/targets.hpp"
#include "daemon/engine.hpp"

namespace conker::daemon {

class Strikes final : private StrikeRun::Owner {
 public:
  Strikes(Engine& engine, Targets& targets, Verbs& verbs);

  /// Stops all strikes and reports them at once: what is in flight is not finished, and no failure.
  void cut(std::string_view why);
  /// Those that are running, for the verb status.
  std::vector<protocol::Status::Striking> status() const;
  /// Those that are running, and of the others the newest.
  protocol::StrikeList::Result list(std::size_t most_ended) const;
  /// All since the start, those that are running included.
  protocol::StrikeTotals totals() const;

 private:
  using StrikeCall = CallOf<protocol::Strike>;
  using StartCall = CallOf<protocol::StrikeStart>;
  using AttachCall = CallOf<protocol::StrikeAttach>;

  /// A run, and those who wait for it: it is the strike of the first, or detached.
  struct Place {
    Place(Engine& engine, StrikePorts& ports, StrikeRun::Owner& owner)
        : run(engine, ports, owner) {}

    StrikeRun run;
    std::optional<StrikeCall> client;
    std::optional<StartCall> starter;  // until it has begun
    std::list<AttachCall> followers;
  };

  void strike(StrikeCall call, const Endpoint& asked);
  void start(StartCall call, const Endpoint& asked);
  void times(CallOf<protocol::StrikeTimes> call);
  void attach(AttachCall call);
  void stop(CallOf<protocol::StrikeStop> call);
  void send_file(CallOf<protocol::StrikeFile> call);
  std::string why_not_running(std::uint64_t id) const;

  std::string refused(const protocol::Strike::Parameters& parameters, const Endpoint& target,
                      protocol::Code& code) const;
  StrikeOrder order_of(const protocol::Strike::Parameters& parameters,
                       const Endpoint& target) const;
  std::uint32_t in_flight_allowed() const;
  /// One whose run is idle.
  Place& free_place();
  Place* place_of(std::uint64_t id);
  Place& place_of(const StrikeRun& run);
  template <typename F>
  void for_each_busy(F&& f) const;

  void on_begin(StrikeRun& run) override;
  void on_progress(StrikeRun& run, const protocol::Progress& progress) override;
  void on_end(StrikeRun& run, const protocol::Strike::Result& result,
              const std::string& failed) override;

  Engine& engine_;
  Targets& targets_;
  StrikePorts ports_;
  StrikeArchive archive_;
  StrikeSum ended_;                             // of those that have ended
  std::vector<std::unique_ptr<Place>> places_;  // strike.at_once at most
};

}  // namespace conker::daemon
