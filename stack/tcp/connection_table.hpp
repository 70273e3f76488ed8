// The connections, named from outside by {slot, generation}: those at work in full, those at rest
// folded small (resting.hpp). Only the table knows which is which.
#pragma once

#include <algorithm>
#include <cstdint>

#include "stack/base/record_pool.hpp"
#include "stack/base/slot_table.hpp"
#include "stack/settings.hpp"
#include "stack/tcp/connection.hpp"
#include "stack/tcp/resting.hpp"

namespace conker {

class ConnectionTable {
 public:
  ConnectionTable(Arena& arena, const Capacities& capacities)
      : slots_(arena, capacities.connections),
        at_work_(arena, capacities.connections),
        at_rest_(arena, std::min(capacities.resting, capacities.connections)) {}

  /// A fresh connection, at work; kNone when the table is full.
  std::uint32_t take() {
    const std::uint32_t slot = slots_.take();
    if (slot != kNone) slots_[slot] = at_work_.take();
    return slot;
  }
  /// Only one at work.
  void free(std::uint32_t slot) {
    at_work_.give_back(slots_[slot]);
    slots_.free(slot);
  }

  /// Folds it, if there is room; from now on references to it are void. Only where may_rest().
  bool rest(std::uint32_t slot);
  bool resting(std::uint32_t slot) const { return (slots_[slot] & kResting) != 0; }

  /// The connection, which is at work from now on.
  Connection& operator[](std::uint32_t slot) {
    if (resting(slot)) [[unlikely]]
      wake(slot);
    return at_work_[slots_[slot]];
  }
  /// A copy: who only looks wakes nobody.
  Connection operator[](std::uint32_t slot) const;
  /// Null when it is at rest, and so has nothing to look at in place.
  const Connection* at_work(std::uint32_t slot) const {
    return resting(slot) ? nullptr : &at_work_[slots_[slot]];
  }

  bool is(std::uint32_t slot, const FourTuple& tuple) const {
    return resting(slot) ? at_rest_[slots_[slot] & ~kResting].tuple == PackedTuple::of(tuple)
                         : at_work_[slots_[slot]].tuple == tuple;
  }

  /// Calls f with every Connection at work and every Resting one, in place.
  template <typename F>
  void for_each_in_place(F&& f) {
    for (std::uint32_t slot = 0; slot < slots_.end(); ++slot) {
      if (!slots_.live(slot)) continue;
      if (resting(slot)) {
        f(at_rest_[slots_[slot] & ~kResting]);
      } else {
        f(at_work_[slots_[slot]]);
      }
    }
  }

  bool holds(ConnectionId id) const { return slots_.find(id) != nullptr; }
  ConnectionId id(std::uint32_t slot) const { return slots_.id(slot); }
  bool live(std::uint32_t slot) const { return slots_.live(slot); }
  std::uint32_t capacity() const { return slots_.capacity(); }
  /// Slots from here on were never taken: the end for those who walk the table.
  std::uint32_t end() const { return slots_.end(); }
  std::uint32_t size() const { return slots_.size(); }
  std::uint32_t resting() const { return at_rest_.taken(); }
  /// Whether every connection is in one of the two pools; counted, not walked.
  bool balanced() const { return at_work_.taken() + at_rest_.taken() == slots_.size(); }
  template <typename F>
  void for_each_free(F&& f) const {
    slots_.for_each_free(f);
  }

 private:
  static constexpr std::uint32_t kResting = 1u << 31;

  void wake(std::uint32_t slot);

  // Of each connection its place in one of the two pools. The first has room for all of them, so
  // that waking cannot fail; pages of it that are never needed are never touched.
  SlotTable<std::uint32_t, ConnectionId> slots_;
  RecordPool<Connection, &Connection::hash> at_work_;
  RecordPool<Resting, &Resting::hash> at_rest_;
};

}  // namespace conker
