// A table of records that are named from outside by {slot, generation}.
#pragma once

#include <cstdint>
#include <span>

#include "stack/base/arena.hpp"
#include "stack/base/chunk_pool.hpp"

namespace conker {

/// Taking a slot increments its generation, so that a stale id never finds a record: a slot whose
/// generations are used up is retired. A slot that was never taken is never touched.
template <typename Record, typename Id>
class SlotTable {
 public:
  SlotTable(Arena& arena, std::uint32_t capacity)
      : marks_(arena.take<Mark>(capacity)), records_(arena.take<Record>(capacity)) {}

  /// Takes a slot with a fresh record; kNone when the table is full.
  std::uint32_t take() {
    std::uint32_t slot = free_;
    if (slot != kNone) {
      free_ = marks_[slot].next_free;
    } else if (fresh_ < marks_.size()) {
      slot = fresh_++;
    } else {
      return kNone;
    }
    marks_[slot].next_free = kTaken;
    ++marks_[slot].generation;
    records_[slot] = Record{};
    ++live_;
    return slot;
  }

  void free(std::uint32_t slot) {
    Mark& mark = marks_[slot];
    --live_;
    if (mark.generation == kLastGeneration) {
      mark.next_free = kNone;
      ++retired_;
      return;
    }
    mark.next_free = free_;
    free_ = slot;
  }

  /// The record that the id names; null when the id is stale or was never given out.
  Record* find(Id id) { return holds(id) ? &records_[id.slot] : nullptr; }
  const Record* find(Id id) const { return holds(id) ? &records_[id.slot] : nullptr; }

  Record& operator[](std::uint32_t slot) { return records_[slot]; }
  const Record& operator[](std::uint32_t slot) const { return records_[slot]; }
  Id id(std::uint32_t slot) const { return Id{slot, marks_[slot].generation}; }
  bool live(std::uint32_t slot) const { return slot < fresh_ && marks_[slot].next_free == kTaken; }

  std::uint32_t capacity() const { return static_cast<std::uint32_t>(marks_.size()); }
  /// The end of the slots that were ever taken: the bound for a walk over the table.
  std::uint32_t end() const { return fresh_; }
  std::uint32_t size() const { return live_; }
  std::uint32_t retired() const { return retired_; }
  /// Calls f(slot) for each free slot that was taken before, in the order in which they will be
  /// taken again, until f returns false.
  template <typename F>
  void for_each_free(F&& f) const {
    for (std::uint32_t at = free_; at != kNone && f(at);) at = marks_[at].next_free;
  }
  bool full() const { return free_ == kNone && fresh_ == marks_.size(); }

  /// For tests of what happens when generations run out: sets the slot's generation.
  void age(std::uint32_t slot, std::uint32_t generation) { marks_[slot].generation = generation; }

  static constexpr std::uint32_t kLastGeneration = 0xffffffff;

 private:
  static constexpr std::uint32_t kTaken = kNone - 1;  // instead of a next free slot

  struct Mark {
    std::uint32_t generation;
    std::uint32_t next_free;
  };

  bool holds(Id id) const { return live(id.slot) && marks_[id.slot].generation == id.generation; }

  std::span<Mark> marks_;
  std::span<Record> records_;
  std::uint32_t free_ = kNone;
  std::uint32_t fresh_ = 0;
  std::uint32_t live_ = 0;
  std::uint32_t retired_ = 0;
};

}  // namespace conker
