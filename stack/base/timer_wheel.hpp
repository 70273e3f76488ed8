// Deadlines for many: a hierarchical timer wheel with O(1) arm and cancel.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/arena.hpp"
#include "stack/base/chunk_pool.hpp"
#include "stack/base/time.hpp"

namespace conker {

/// Four wheels of 64 slots, each slot of a wheel as long as the whole wheel below it: 4.7 hours.
/// What is further away goes round once more. Each timer is named by an index that its owner
/// chooses; arming an armed timer moves it.
class TimerWheel {
 public:
  TimerWheel(Arena& arena, std::uint32_t timers) : nodes_(arena.take<Node>(timers)) {}

  /// Where time starts; before the first arm.
  void start(Tick now) { current_ = now; }

  /// Fires when the wheel has turned to `at`; at the next turn if that is now or past.
  void arm(std::uint32_t timer, Tick at);
  void cancel(std::uint32_t timer);
  bool armed(std::uint32_t timer) const { return nodes_[timer].place != 0; }
  /// Only where armed.
  Tick deadline(std::uint32_t timer) const { return nodes_[timer].at; }
  /// The one behind it in its list, counted from one; 0 where there is none. Only where armed.
  std::uint32_t behind(std::uint32_t timer) const { return nodes_[timer].next; }

  /// Goes on to `now` from `then`, when it was used last, perhaps weeks ago: what has become due by
  /// then is due at the next turn. Looks at every timer.
  void leap(Instant then, Instant now);

  /// Turns the wheel up to `now` and takes out one timer that is due; false when there is none
  /// left.
  bool pop_due(Tick now, std::uint32_t& timer);
  /// No later than the next deadline; earlier at most once for each wheel that a timer falls
  /// through. Nothing when none is armed.
  std::optional<Tick> next() const;

  /// Timers armed; walked.
  std::uint32_t armed_count() const;

 private:
  static constexpr int kLevels = 4;
  static constexpr int kSlotBits = 6;
  static constexpr std::uint32_t kSlots = 1u << kSlotBits;
  static constexpr std::uint32_t kDue =
      kLevels * kSlots;  // the list of what is due, behind all slots

  struct Node {
    std::uint32_t next;  // counted from one; zero ends a list
    std::uint32_t previous;
    Tick at;
    std::uint32_t place;  // list it is in, counted from one; zero when not armed
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
