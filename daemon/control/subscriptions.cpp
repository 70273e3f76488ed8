#include "daemon/control/subscriptions.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

namespace conker::daemon {
namespace {

using protocol::Code;
using protocol::EventKind;

constexpr Events::Kinds kAll = (1U << std::variant_size_v<protocol::AnyEvent>)-1;

/// The kinds in "connection,link"; all for an empty text. `wrong` gets the first word that is none.
Events::Kinds kinds_in(std::string_view text, std::string& wrong) {
  if (text.empty()) return kAll;
  Events::Kinds kinds = 0;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view word = text.substr(0, comma);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    const auto kind = protocol::choice_named<EventKind>(word);
    if (!kind && wrong.empty()) wrong = word.substr(0, 40);
    if (kind) kinds |= Events::bit(*kind);
  }
  return kinds;
}

std::string names_of(Events::Kinds kinds) {
  std::string names;
  for (std::size_t i = 0; i < std::variant_size_v<protocol::AnyEvent>; ++i) {
    const auto kind = static_cast<EventKind>(i);
    if ((kinds & Events::bit(kind)) == 0) continue;
    names += (names.empty() ? "" : ",") + std::string(protocol::name_of(kind));
  }
  return names;
}

template <typename E>
std::string event_line(std::string_view kind, std::string time, const E& event) {
  json line = protocol::to_json(protocol::EventHead{std::string(kind), std::move(time)});
  line.update(protocol::to_json(event));
  return notification_line(protocol::kEvent, line);
}

}  // namespace

Subscriptions::Subscriptions(Engine& engine, Verbs& verbs)
    : engine_(engine), connections_(engine), gather_(engine.loop(), [this] { flush(); }) {
  verbs.serve<protocol::Watch>([this](CallOf<protocol::Watch> call) { watch(std::move(call)); });
  verbs.on_gone([this](SessionId session) { on_gone(session); });
}

void Subscriptions::watch(CallOf<protocol::Watch> call) {
  const protocol::Watch::Parameters parameters = call.parameters();
  std::string wrong;
  const Events::Kinds kinds = kinds_in(parameters.kinds, wrong);
  if (!wrong.empty()) {
    return call.fail(Code::kInvalidParameters,
                     fmt::format("watch: there are no events of the kind {}: there are {}", wrong,
                                 names_of(kAll)));
  }
  const bool reader = call.of_reader();
  const auto beside = std::ranges::count_if(
      subscribers_, [&](const Subscriber& one) { return one.call.of_reader() == reader; });
  if (static_cast<std::size_t>(beside) >= kMost) {
    return call.fail(
        Code::kBusy,
        fmt::format("{} clients watch at this socket: try again when one has gone", kMost));
  }
  if (std::ranges::any_of(subscribers_, [&](const Subscriber& one) {
        return one.call.session() == call.session();
      }))
    return call.fail(Code::kBusy, "watch: this client watches already");
  call.notify(protocol::Watching{names_of(kinds)});
  if (!call.wanted()) return;
  if (!engine_.events().wanted(EventKind::kConnection)) connections_.begin();
  subscribers_.push_back(
      {.call = std::move(call), .kinds = kinds, .wanted = parameters.count, .pending = {}});
  listen();
}

/// Has the events told that anybody wants.
void Subscriptions::listen() {
  Events::Kinds wanted = 0;
  for (const Subscriber& one : subscribers_) wanted |= one.kinds;
  engine_.events().listen(*this, wanted);
}

void Subscriptions::on_event(const protocol::AnyEvent& event) {
  const auto kind = static_cast<EventKind>(event.index());
  std::string line;  // made once for all, where it is wanted
  for (Subscriber& one : subscribers_) {
    if ((one.kinds & Events::bit(kind)) == 0 || one.done()) continue;
    if (one.pending.size() >= kMostPending) {
      drop(one, 1);
      continue;
    }
    if (line.empty()) {
      line = std::visit(
          [&](const auto& it) { return event_line(protocol::name_of(kind), time(), it); }, event);
    }
    one.pending += line;
    ++one.told;
  }
  if (!gather_.active()) gather_.start(kGather);
}

void Subscriptions::on_dropped(EventKind kind, std::uint64_t count) {
  for (Subscriber& one : subscribers_) {
    if ((one.kinds & Events::bit(kind)) != 0 && !one.done()) drop(one, count);
  }
  if (!gather_.active()) gather_.start(kGather);
}

void Subscriptions::drop(Subscriber& one, std::uint64_t count) {
  one.dropped += count;
  dropped_ += count;
}

void Subscriptions::flush() {
  bool waits = false;
  for (auto it = subscribers_.begin(); it != subscribers_.end();) {
    const auto one = it++;  // a client that has gone is removed meanwhile
    if (one->call.unsent() >= kMostPending) {
      waits = true;
    } else {
      flush(one);
    }
  }
  if (waits) gather_.start(kGather);
}

void Subscriptions::flush(std::list<Subscriber>::iterator one) {
  std::string lines = std::exchange(one->pending, {});
  if (one->dropped != one->dropped_before) {
    const protocol::DroppedEvents dropped{one->dropped - one->dropped_before};
    one->dropped_before = one->dropped;
    lines += event_line(protocol::DroppedEvents::kKind, time(), dropped);
  }
  if (lines.empty()) return;
  if (!one->done()) return one->call.notify_lines(std::move(lines));
  Subscriber done = std::move(*one);
  subscribers_.erase(one);
  listen();
  done.call.notify_lines(std::move(lines));
  done.call.reply({done.told, done.dropped});
}

void Subscriptions::on_gone(SessionId session) {
  const auto found = std::ranges::find_if(
      subscribers_, [&](const Subscriber& one) { return one.call.session() == session; });
  if (found == subscribers_.end()) return;
  found->call.reply({found->told, found->dropped});
  subscribers_.erase(found);
  listen();
}

/// Now, as "2026-11-30T19:33:27.123456Z".
std::string Subscriptions::time() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  if (now.tv_sec != second_) {
    second_ = now.tv_sec;
    second_text_ = fmt::format("{:%FT%T}", fmt::gmtime(now.tv_sec));
  }
  return fmt::format("{}.{:06}Z", second_text_, now.tv_nsec / 1000);
}

}  // namespace conker::daemon
