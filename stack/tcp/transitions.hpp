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
    next_ = next_ + 1 == entries_.size() ? 0 : next_ + 1;
    if (used_ < entries_.size()) ++used_;
  }

  /// Calls f(transition) for each, oldest first.
  template <typename F>
  void for_each(F&& f) const {
    for (std::uint32_t i = 0; i < used_; ++i) {
      const std::uint32_t at = used_ < entries_.size() ? i : (next_ + i) % used_;
      f(entries_[at]);
    }
  }

 private:
  std::span<Transition> entries_;
  std::uint32_t next_ = 0;
  std::uint32_t used_ = 0;
};

}  // namespace conker
