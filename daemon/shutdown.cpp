#include "daemon/shutdown.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>
#include <vector>

#include "protocol/text.hpp"
#include "stack/tcp/tcp.hpp"

namespace conker::daemon {
namespace {

/// The ids of all connections: the table must not change during its walk.
std::vector<ConnectionId> all_connections(const Stack& stack) {
  std::vector<ConnectionId> ids;
  stack.tcp().for_each_connection([&](const ConnectionInfo& info) { ids.push_back(info.id); });
  return ids;
}

}  // namespace

Shutdown::Shutdown(Engine& engine, std::function<bool()> last)
    : engine_(engine), last_(std::move(last)) {
  ev_timer_init(
      &timer_,
      [](struct ev_loop*, ev_timer* timer, int) { static_cast<Shutdown*>(timer->data)->hurry(); },
      0, 0);
  timer_.data = this;
  // The lowest priority runs it after the engine's watcher, when the turn has been made.
  ev_prepare_init(&prepare_, [](struct ev_loop*, ev_prepare* prepare, int) {
    static_cast<Shutdown*>(prepare->data)->check();
  });
  ev_set_priority(&prepare_, EV_MINPRI);
  prepare_.data = this;
}

Shutdown::~Shutdown() {
  ev_timer_stop(engine_.loop(), &timer_);
  ev_prepare_stop(engine_.loop(), &prepare_);
}

void Shutdown::begin(Duration timeout) {
  if (begun()) return;
  phase_ = Phase::kClosing;
  engine_.enter();
  for (const ConnectionId id : all_connections(engine_.stack()))
    static_cast<void>(engine_.stack().close(id));
  ev_prepare_start(engine_.loop(), &prepare_);
  if (timeout <= Duration{0}) return hurry();
  ev_timer_set(&timer_, std::chrono::duration<double>(timeout).count(), 0);
  ev_timer_start(engine_.loop(), &timer_);
}

void Shutdown::hurry() {
  if (phase_ != Phase::kClosing) return;
  phase_ = Phase::kResetting;
  engine_.enter();
  const auto left = all_connections(engine_.stack());
  for (const ConnectionId id : left) static_cast<void>(engine_.stack().abort(id));
  if (!left.empty())
    spdlog::warn("{} did not close in time: reset", counted(left.size(), "connection"));
}

void Shutdown::check() {
  // In kResetting the last turn has sent the RSTs.
  if (phase_ != Phase::kResetting && engine_.stack().tcp().connection_count() != 0) return;
  if (last_()) {
    ev_prepare_stop(engine_.loop(), &prepare_);
    ev_timer_stop(engine_.loop(), &timer_);
    ev_break(engine_.loop(), EVBREAK_ALL);
  }
}

}  // namespace conker::daemon
