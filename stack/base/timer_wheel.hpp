// A hierarchical timer wheel with O(1) arm and cancel.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/arena.hpp"
#include "stack/base/chunk_pool.hpp"
#include "stack/base/time.hpp"

namespace conker {

/// Four levels of 64 slots, each slot of a level as long as the whole level below it: 4.7 hours in
/// all. A timer that is further away goes round once more. A timer is named by an index that its
/// owner chooses; arming an armed timer moves it.
class TimerWheel {
 public:
  TimerWheel(Arena& arena, std::uint32_t timers) : nodes_(arena.take<Node>(timers)) {}

  /// Sets the current time; before the first arm().
  void start(Tick now) { current_ = now; }

  /// Sets the timer to expire at `at`, or at the next call of pop_due() where `at` is not in the
  /// future.
  void arm(std::uint32_t timer, Tick at);
  void cancel(std::uint32_t timer);
  bool armed(std::uint32_t timer) const { return nodes_[timer].place != 0; }
  /// When the timer expires. Only where it is armed.
  Tick deadline(std::uint32_t timer) const { return nodes_[timer].at; }
  /// The timer behind this one in its list, counted from one; 0 where there is none. Only where it
  /// is armed.
  std::uint32_t behind(std::uint32_t timer) const { return nodes_[timer].next; }

  /// Advances to `now` from `then`, when the wheel was used last, perhaps weeks ago: timers that
  /// expired meanwhile are due at the next pop_due(). Looks at every timer.
  void leap(Instant then, Instant now);

  /// Advances the wheel up to `now` and takes out one timer that is due; false when there is none
  /// left.
  bool pop_due(Tick now, std::uint32_t& timer);
  /// A time no later than the earliest deadline; earlier at most once for each level that a timer
  /// falls through. Nothing when no timer is armed.
  std::optional<Tick> next() const;

  /// The number of armed timers, counted by walking.
  std::uint32_t armed_count() const;

 private:
  static constexpr int kLevels = 4;
  static constexpr int kSlotBits = 6;
  static constexpr std::uint32_t kSlots = 1u << kSlotBits;
  static constexpr std::uint32_t kDue =
      kLevels * kSlots;  // the list of timers that are due, behind all slots

  struct Node {
    std::uint32_t next;  // counted from one; zero ends a list
    std::uint32_t previous;
    Tick at;
    std::uint32_t place;  // the list that it is in, counted from one; zero when not armed
  };

  void insert(std::uint32_t timer, std::uint32_t place);
  void place(std::uint32_t timer);
  /// The first tick after current_ at which a slot of this level comes up, if it has any.
  std::optional<Tick> next_of(int level) const;
  void turn_to(Tick tick);

  std::span<Node> nodes_;
  std::array<std::uint32_t, kDue + 1> heads_{};
  std::array<std::uint64_t, kLevels> occupied_{};
  Tick current_{};
};

}  // namespace conker
