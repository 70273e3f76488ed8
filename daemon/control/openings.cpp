#include "daemon/control/openings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/text.hpp"

namespace conker::daemon {

using protocol::Code;

void Openings::begin(CallOf<protocol::Open> call, const ConnectRequest& request,
                     std::vector<Endpoint> remotes) {
  const auto opening =
      std::make_shared<Opening>(Opening{std::move(call), request, std::move(remotes)});
  try_next(opening);
  if (opening->due != kNever) waiting_.push_back(opening);
}

/// Begins the next attempt that can be made; without one, and when none is under way, the call has
/// failed.
void Openings::try_next(const Shared& opening) {
  opening->due = kNever;
  while (opening->next < opening->remotes.size()) {
    const Endpoint& remote = opening->remotes[opening->next++];
    opening->request.remote = remote;
    const auto id = engine_.stack().connect(opening->request);
    if (id) {
      attempts_.emplace(key_of(*id), opening);
      opening->under_way.push_back(key_of(*id));
      if (opening->next < opening->remotes.size())
        opening->due = engine_.stack().now() + kAttemptDelay;
      return;
    }
    const std::string why = id.error() == Error::kNoSuchAddress
                                ? to_string(opening->request.local) +
                                      " is not an address of this stack: status shows them"
                                : refusal(engine_, remote.address, id.error());
    add_failure(*opening,
                {Code::kFailed, fmt::format("cannot open {}: {}", to_string(remote), why)});
  }
  if (opening->under_way.empty())
    opening->call.fail(opening->failure->code, opening->failure->text);
}

void Openings::add_failure(Opening& opening, NotOpened why) {
  if (opening.failure) why.text = opening.failure->text + "; " + why.text;
  opening.failure = std::move(why);
}

std::optional<CallOf<protocol::Open>> Openings::on_event(const Event& event) {
  const auto found = attempts_.find(key_of(event.connection));
  if (found == attempts_.end()) return std::nullopt;
  if (!event.has(Event::kConnected) && !event.has(Event::kClosed)) return std::nullopt;
  const Shared opening = std::move(found->second);
  std::erase(opening->under_way, found->first);
  attempts_.erase(found);
  if (event.has(Event::kConnected) && !event.has(Event::kClosed)) {
    abort_all(*opening);
    return std::move(opening->call);
  }
  add_failure(*opening, why_not_opened(engine_, event));
  if (opening->under_way.empty()) try_next(opening);
  return std::nullopt;
}

void Openings::abort_all(Opening& opening) {
  for (const ConnectionKey key : opening.under_way) {
    attempts_.erase(key);
    (void)engine_.stack().abort(id_of(key));
  }
  opening.under_way.clear();
  opening.next = opening.remotes.size();
  opening.due = kNever;
}

void Openings::on_gone(SessionId session) {
  std::vector<Shared> gone;
  for (const auto& [key, opening] : attempts_) {
    if (opening->call.session() == session) gone.push_back(opening);
  }
  for (const Shared& opening : gone) abort_all(*opening);
}

Instant Openings::step() {
  const Instant now = engine_.stack().now();
  Instant next = kNever;
  for (const Shared& opening : waiting_) {
    if (opening->due <= now) try_next(opening);
    next = std::min(next, opening->due);
  }
  std::erase_if(waiting_,
                [](const Shared& opening) { return opening->next == opening->remotes.size(); });
  return next;
}

}  // namespace conker::daemon
