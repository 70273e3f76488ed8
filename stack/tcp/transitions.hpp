// The last state changes of all connections: a ring, the oldest is overwritten.
#pragma once

#include <cstdint>
#include <span>

#include "stack/base/arena.hpp"
#include "stack/tcp/types.hpp"

namespace conker {

class TransitionRing {
 public:
  TransitionRing(Arena& arena, std::uint32_t capacity)
      : entries_(arena.take<Transition>(capacity)) {}

  void record(Instant at, ConnectionId id, State from, State to, Cause cause) {
    if (entries_.empty()) return;
    Transition& entry = entries_[next_];
    entry.at = at;
    entry.id = id;
    entry.from = from;
    entry.to = to;
    entry.cause = cause;
    if (++next_ < entries_.size()) return;
    next_ = 0;
    ++laps_;
  }

  /// How many were recorded so far, with those that are overwritten.
  std::uint64_t recorded() const { return std::uint64_t{laps_} * entries_.size() + next_; }

  /// Calls f(transition) for each, oldest first.
  template <typename F>
  void for_each(F&& f) const {
    for_each_since(0, f);
  }
  /// The same without the first `seen` that were ever recorded. Returns how many of the others are
  /// overwritten.
  template <typename F>
  std::uint64_t for_each_since(std::uint64_t seen, F&& f) const {
    const std::uint64_t all = recorded();
    const std::uint64_t kept = laps_ == 0 ? next_ : entries_.size();
    const std::uint64_t wanted = all < seen ? 0 : all - seen;
    for (std::uint64_t left = wanted < kept ? wanted : kept; left > 0; --left) {
      f(entries_[left <= next_ ? next_ - left : next_ + entries_.size() - left]);
    }
    return wanted < kept ? 0 : wanted - kept;
  }

 private:
  std::span<Transition> entries_;
  std::uint32_t next_ = 0;  // where the next one goes
  std::uint32_t laps_ = 0;  // how often the ring was filled
};

}  // namespace conker
