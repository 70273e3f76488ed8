// Half-open records: unfinished passive handshakes (SYN-RECEIVED), in a compact table of their own.
#pragma once

#include <cstdint>
#include <span>

#include "stack/base/arena.hpp"
#include "stack/base/index_list.hpp"
#include "stack/base/time.hpp"
#include "stack/tcp/negotiated_options.hpp"
#include "stack/tcp/tuple_index.hpp"

namespace conker {

/// A half-open record. No id of it is given out, so it is freed where its handshake ends.
struct HalfOpen {
  FourTuple tuple;
  std::uint32_t hash = 0;
  std::uint32_t next = kNone;  // in its listener's list or in the free list
  std::uint32_t previous = kNone;
  std::uint32_t listener = kNone;  // slot of the listener; kNone in a free record
  Seq iss;
  Seq irs;
  std::uint32_t ts_offset = 0;  // of the timestamps sent
  NegotiatedOptions negotiated;
  std::uint8_t retransmits = 0;
  bool reopens : 1 = false;   // its SYN is newer than the TIME-WAIT record of the same four-tuple
  bool answered : 1 = false;  // a segment without progress, at answered_at
  std::uint16_t answered_at = 0;  // the lower half of a Tick
  Instant created{};
};

class HalfOpenTable {
 public:
  using List = IndexList<HalfOpen, &HalfOpen::next, &HalfOpen::previous>;

  HalfOpenTable(Arena& arena, std::uint32_t capacity)
      : records_(arena.take<HalfOpen>(capacity)), index_(arena, capacity) {}

  std::uint32_t find(std::uint32_t hash, const FourTuple& tuple) const {
    if (size_ == 0) return kNone;
    return index_.find(hash, [&](std::uint32_t at) { return records_[at].tuple == tuple; });
  }
  /// Adds a record with tuple and hash set, to the list and the index; kNone when the table is
  /// full.
  std::uint32_t add(const FourTuple& tuple, std::uint32_t hash, std::uint32_t listener, List& list);
  void remove(std::uint32_t index, List& list);

  HalfOpen& operator[](std::uint32_t index) { return records_[index]; }
  const HalfOpen& operator[](std::uint32_t index) const { return records_[index]; }
  std::uint32_t size() const { return size_; }
  std::uint32_t capacity() const { return static_cast<std::uint32_t>(records_.size()); }

  /// Calls f(index, record) for each, in no order.
  template <typename F>
  void for_each(F&& f) const {
    for (std::uint32_t i = 0; i < fresh_; ++i) {
      if (records_[i].listener != kNone) f(i, records_[i]);
    }
  }
  std::uint32_t indexed() const { return index_.size(); }

 private:
  std::span<HalfOpen> records_;
  TupleIndex index_;
  std::uint32_t free_ = kNone;
  std::uint32_t fresh_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace conker
