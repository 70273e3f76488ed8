// The table of connections, named from outside by {slot, generation}: active ones in full, idle
// ones compact (compact.hpp). Only the table knows which is which.
#pragma once

#include <algorithm>
#include <cstdint>

#include "stack/base/record_pool.hpp"
#include "stack/base/slot_table.hpp"
#include "stack/settings.hpp"
#include "stack/tcp/compact.hpp"
#include "stack/tcp/connection.hpp"

namespace conker {

class ConnectionTable {
 public:
  ConnectionTable(Arena& arena, const Capacities& capacities)
      : slots_(arena, capacities.connections),
        expanded_(arena, capacities.connections),
        compact_(arena, std::min(capacities.compact, capacities.connections)) {}

  /// Takes a slot with a fresh, expanded connection; kNone when the table is full.
  std::uint32_t take() {
    const std::uint32_t slot = slots_.take();
    if (slot != kNone) slots_[slot] = expanded_.take();
    return slot;
  }
  /// Frees a slot. Only where the connection is expanded.
  void free(std::uint32_t slot) {
    expanded_.give_back(slots_[slot]);
    slots_.free(slot);
  }

  /// Makes a connection compact, if there is room; references to it become invalid. Only where
  /// may_compact().
  bool compact(std::uint32_t slot);
  bool is_compact(std::uint32_t slot) const { return (slots_[slot] & kCompact) != 0; }

  /// The connection, expanded if it was compact.
  Connection& operator[](std::uint32_t slot) {
    if (is_compact(slot)) [[unlikely]]
      expand(slot);
    return expanded_[slots_[slot]];
  }
  /// A copy of the connection, without expanding it.
  Connection operator[](std::uint32_t slot) const;
  /// The connection in place; null when it is compact.
  const Connection* expanded(std::uint32_t slot) const {
    return is_compact(slot) ? nullptr : &expanded_[slots_[slot]];
  }

  bool is(std::uint32_t slot, const FourTuple& tuple) const {
    return (is_compact(slot) ? compact_[slots_[slot] & ~kCompact].tuple
                             : expanded_[slots_[slot]].tuple) == tuple;
  }

  /// Calls f with every Connection and every CompactConnection, in place.
  template <typename F>
  void for_each_in_place(F&& f) {
    for (std::uint32_t slot = 0; slot < slots_.end(); ++slot) {
      if (!slots_.live(slot)) continue;
      if (is_compact(slot)) {
        f(compact_[slots_[slot] & ~kCompact]);
      } else {
        f(expanded_[slots_[slot]]);
      }
    }
  }

  bool holds(ConnectionId id) const { return slots_.find(id) != nullptr; }
  ConnectionId id(std::uint32_t slot) const { return slots_.id(slot); }
  bool live(std::uint32_t slot) const { return slots_.live(slot); }
  std::uint32_t capacity() const { return slots_.capacity(); }
  /// The end of the slots that were ever taken: the bound for a walk over the table.
  std::uint32_t end() const { return slots_.end(); }
  std::uint32_t size() const { return slots_.size(); }
  std::uint32_t compact_count() const { return compact_.taken(); }
  /// Whether every connection is in one of the two pools; counted, not walked.
  bool balanced() const { return expanded_.taken() + compact_.taken() == slots_.size(); }
  template <typename F>
  void for_each_free(F&& f) const {
    slots_.for_each_free(f);
  }

 private:
  static constexpr std::uint32_t kCompact = 1u << 31;

  void expand(std::uint32_t slot);

  // For each slot the index of its connection in one of the two pools. The first has room for all
  // of them, so that expanding cannot fail; pages of it that are never needed are never touched.
  SlotTable<std::uint32_t, ConnectionId> slots_;
  RecordPool<Connection, &Connection::hash> expanded_;
  RecordPool<CompactConnection, &CompactConnection::hash> compact_;
};

}  // namespace conker
