#include "daemon/control/looks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/text.hpp"

namespace conker::daemon {
namespace {

using protocol::LookHow;
using protocol::PeerIs;

/// Whether the target takes connections and keeps them.
bool serves(const protocol::Look& look) {
  return look.peer == PeerIs::kAlive || look.peer == PeerIs::kSlow;
}

const char* in_words(PeerIs peer) {
  switch (peer) {
    case PeerIs::kAlive:
      return "alive";
    case PeerIs::kSlow:
      return "slow";
    case PeerIs::kRefuses:
      return "refuses connections";
    case PeerIs::kAcceptsAndResets:
      return "accepts connections and resets them";
    case PeerIs::kSilent:
      return "silent";
    case PeerIs::kGone:
      break;
  }
  return "gone";
}

}  // namespace

void Looks::before(const Endpoint& target, LookHow how, Then then) {
  look_.cancel();
  target_ = target;
  how_ = how;
  hurried_ = waits_ = false;
  seen_.clear();
  if (how == LookHow::kNone) return then();
  then_ = std::move(then);
  look_.begin(target_, [this](protocol::Look look) {
    look.before = true;
    seen_.push_back(look);
    std::exchange(then_, nullptr)();
  });
}

void Looks::after(Then then) {
  ended_ = engine_.stack().now();
  next_ = 0;
  then_ = std::move(then);
  waits_ = true;
  (void)step();
}

void Looks::abandon() {
  look_.cancel();
  waits_ = false;
  then_ = nullptr;
}

Instant Looks::step() {
  if (!waits_) return look_.due();
  if (!wants(next_)) {
    waits_ = false;
    std::exchange(then_, nullptr)();
    return kNever;
  }
  const Instant now = engine_.stack().now();
  const Instant due = ended_ + kAfter[next_];
  if (now < due) return due;
  waits_ = false;
  const Duration after = kAfter[next_++];
  look_.begin(target_, [this, after](protocol::Look look) {
    look.after = after;
    seen_.push_back(look);
    waits_ = true;
  });
  return look_.due();
}

/// Whether the look of this number after the strike is to be: the first always, the others until
/// the target is what it was.
bool Looks::wants(std::size_t next) const {
  if (how_ == LookHow::kNone || next == kAfter.size()) return false;
  if (next == 0) return true;
  if (hurried_) return false;
  return how_ == LookHow::kFull || (serves(seen_.front()) && !serves(seen_.back()));
}

std::string loss(const std::vector<protocol::Look>& looks) {
  if (looks.size() < 2 || !looks[0].before || !serves(looks[0]) || serves(looks[1])) return "";
  const auto back = std::find_if(looks.begin() + 1, looks.end(), serves);
  const std::string end = back == looks.end()
                              ? fmt::format("not back after {}", to_string(looks.back().after))
                              : fmt::format("back within {}", to_string(back->after));
  return fmt::format("the peer was {} before and {} right after the strike: {}",
                     in_words(looks[0].peer), in_words(looks[1].peer), end);
}

}  // namespace conker::daemon
