#include "daemon/control/connection_events.hpp"

#include <string>

#include "daemon/text.hpp"
#include "stack/tcp/tcp.hpp"

namespace conker::daemon {
namespace {

using protocol::EventKind;
using What = protocol::ConnectionEvent::What;

/// What users call this change; nothing where it is none of theirs.
std::optional<What> what_of(const Transition& transition) {
  switch (transition.to) {
    case State::kSynSent:
      return What::kOpened;
    case State::kEstablished:
      return What::kEstablished;
    case State::kDestroy:
      return What::kClosed;
    default:
      return std::nullopt;
  }
}

}  // namespace

ConnectionEvents::ConnectionEvents(Engine& engine) : engine_(engine) {
  engine_.add(*this);
}

void ConnectionEvents::begin() {
  seen_ = engine_.stack().tcp().transitions_recorded();
}

Instant ConnectionEvents::step() {
  Events& events = engine_.events();
  if (!events.wanted(EventKind::kConnection)) return kNever;
  const Tcp& tcp = engine_.stack().tcp();
  std::uint64_t dropped = 0;
  dropped += tcp.for_each_transition_since(seen_, [&](const Transition& transition) {
    const auto what = what_of(transition);
    if (!what) return;
    if (!limit_.take(engine_.stack().now())) {
      ++dropped;
      return;
    }
    events.tell<protocol::ConnectionEvent>([&] { return event_of(transition, *what); });
  });
  seen_ = tcp.transitions_recorded();
  if (dropped != 0) events.dropped(EventKind::kConnection, dropped);
  return kNever;
}

protocol::ConnectionEvent ConnectionEvents::event_of(const Transition& transition,
                                                     What what) const {
  protocol::ConnectionEvent event;
  event.what = what;
  event.id = to_string(transition.id);
  event.cause = to_string(transition.cause);
  ConnectionInfo info;
  // A connection that nobody has accepted may be freed before its end is seen.
  if (!engine_.stack().info(transition.id, info)) return event;
  event.local = to_string(info.local());
  event.remote = to_string(info.remote());
  event.owner = engine_.name_of(info.token.client());
  event.passive = info.passive;
  if (what == What::kClosed) event.reason = to_string(info.reason);
  event.age = transition.at - info.opened_at;
  return event;
}

}  // namespace conker::daemon
