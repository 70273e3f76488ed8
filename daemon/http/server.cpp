#include "daemon/http/server.hpp"

#include <algorithm>

namespace conker::daemon {
namespace {

constexpr std::uint32_t kHttpBacklog = 128, kHttpHalfOpen = 256;
constexpr Duration kEventEvery = 1s;
/// Who has been waited for that long makes room for others.
constexpr Duration kPatience = 1s;

}  // namespace

HttpServer::HttpServer(Stack& stack, const config::Http& config, HttpSite& site)
    : common_{stack, config, site, {}}, places_(config.clients) {}

Error HttpServer::start() {
  ListenRequest request;
  request.local = Endpoint{IpAddress(), common_.config.port};
  request.backlog = kHttpBacklog;
  request.half_open = kHttpHalfOpen;
  request.token = token(kListener);
  const auto listener = common_.stack.listen(request);
  if (!listener) return listener.error();
  listener_ = *listener;
  listening_ = true;
  return Error::kOk;
}

void HttpServer::stop() {
  if (!listening_) return;
  listening_ = false;
  static_cast<void>(common_.stack.unlisten(listener_));
  for (auto& place : places_) {
    if (!place) continue;
    place->close();
    place.reset();
  }
}

protocol::HttpCounters HttpServer::counters() const {
  protocol::HttpCounters now = common_.counters;
  now.clients = connected(nullptr);
  return now;
}

void HttpServer::on_event(const Event& event) {
  if (event.has(Event::kAcceptable)) return accept_all();
  const std::uint32_t at = event.token.value();
  if (at >= places_.size() || !places_[at] || places_[at]->id() != event.connection) return;
  if (event.has(Event::kClosed)) {
    places_[at]->close();
  } else {
    places_[at]->serve();
  }
  look_after(places_[at]);
}

void HttpServer::look_after(std::unique_ptr<HttpClient>& place) {
  if (place->gone()) {
    place.reset();
    return;
  }
  due_ = std::min(due_, place->due());
}

Instant HttpServer::step() {
  const Instant now = common_.stack.now();
  if (due_ <= now) {
    due_ = kNever;
    for (auto& place : places_) {
      if (!place) continue;
      place->step();
      look_after(place);
    }
  }
  if (common_.counters.streams == 0) {
    next_event_ = kNever;
  } else if (next_event_ == kNever) {
    next_event_ = now + kEventEvery;
  } else if (next_event_ <= now) {
    next_event_ = now + kEventEvery;
    tell_streams();
  }
  return std::min(due_, next_event_);
}

void HttpServer::tell_streams() {
  const HttpText event = common_.site.event(common_.stack.now());
  for (auto& place : places_) {
    if (!place || !place->streaming()) continue;
    place->tell(event);
    look_after(place);
  }
}

// ---- Who may come ----

std::size_t HttpServer::connected(const IpAddress* of) const {
  return static_cast<std::size_t>(std::ranges::count_if(places_, [&](const auto& place) {
    return place && (of == nullptr || place->address() == *of);
  }));
}

/// Resets the client that has been waited for the longest, of this address if one is given.
bool HttpServer::make_room(const IpAddress* of) {
  std::unique_ptr<HttpClient>* longest = nullptr;
  Instant since = common_.stack.now() - kPatience;
  for (auto& place : places_) {
    if (!place || (of != nullptr && place->address() != *of)) continue;
    if (place->awaited_since() > since) continue;
    longest = &place;
    since = place->awaited_since();
  }
  if (longest == nullptr) return false;
  ++common_.counters.made_room;
  (*longest)->reset();
  longest->reset();
  return true;
}

void HttpServer::accept_all() {
  while (const auto accepted = common_.stack.accept(listener_)) admit(*accepted);
}

void HttpServer::admit(ConnectionId id) {
  protocol::HttpCounters& counters = common_.counters;
  ++counters.accepted;
  ConnectionInfo info;
  if (!common_.stack.info(id, info)) return;
  const IpAddress address = info.tuple.remote;
  const auto turn_away = [&](std::uint64_t& counter) {
    ++counter;
    static_cast<void>(common_.stack.abort(id));
  };
  if (!common_.config.allows(address)) return turn_away(counters.refused);
  if (connected(&address) >= common_.config.per_address && !make_room(&address))
    return turn_away(counters.turned_away);
  if (connected(nullptr) >= places_.size() && !make_room(nullptr))
    return turn_away(counters.turned_away);
  auto& place = *std::ranges::find_if(places_, [](const auto& free) { return !free; });
  const auto at = static_cast<std::uint32_t>(&place - places_.data());
  static_cast<void>(common_.stack.set_token(id, token(at)));
  static_cast<void>(common_.stack.set_no_delay(id, true));
  place = std::make_unique<HttpClient>(common_, id, address);
  // What came before it was accepted has no event of its own.
  place->serve();
  look_after(place);
}

}  // namespace conker::daemon
