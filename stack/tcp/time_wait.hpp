// TIME-WAIT: what is left of a connection for 2 MSL, in compact records ordered by their end.
#pragma once

#include <cstdint>
#include <span>

#include "stack/base/arena.hpp"
#include "stack/base/index_list.hpp"
#include "stack/base/time.hpp"
#include "stack/tcp/tuple_index.hpp"

namespace conker {

struct TimeWait {
  FourTuple tuple;
  std::uint32_t hash = 0;
  std::uint32_t hash_next = 0;
  std::uint32_t next = kNone;  // in the order of their end; in the free list
  std::uint32_t previous = kNone;
  Seq snd_nxt;
  Seq rcv_nxt;
  Tick ends;
  Tick spoke_at{};              // when we last sent something
  std::uint32_t ts_recent = 0;  // RFC 7323, while `timestamps`
  bool timestamps = false;
  std::uint8_t rcv_wscale = 0;
};

/// Every record lives for the same time, so the order in which they were made is the order in which they end.
class TimeWaitTable {
 public:
  TimeWaitTable(Arena& arena, std::uint32_t capacity)
      : records_(arena.take<TimeWait>(capacity)), index_(arena, capacity) {}

  std::uint32_t find(std::uint32_t hash, const FourTuple& tuple) const {
    return index_.find(records_, hash, tuple);
  }
  /// A copy of `record`, whose links need not be set. Only when not full().
  void add(const TimeWait& record);
  void remove(std::uint32_t index);
  /// The peer did not hear our last ACK: another full time (RFC 9293, 3.10.7.4, eighth).
  void restart(std::uint32_t index, Tick ends);
  /// An ACK of ours was sent for it.
  void spoke(std::uint32_t index, Tick now) { records_[index].spoke_at = now; }

  bool full() const { return size() == capacity(); }
  /// The one that ends first; kNone when there is none.
  std::uint32_t oldest() const { return order_.head(); }

  const TimeWait& operator[](std::uint32_t index) const { return records_[index]; }
  std::uint32_t size() const { return order_.size(); }
  std::uint32_t capacity() const { return static_cast<std::uint32_t>(records_.size()); }

  /// Calls f(record) for each, oldest first.
  template <typename F>
  void for_each(F&& f) const {
    for (std::uint32_t at = order_.head(); at != kNone; at = records_[at].next) f(records_[at]);
  }
  std::uint32_t indexed() const { return index_.size(records_); }

 private:
  std::span<TimeWait> records_;
  TupleIndex index_;
  IndexList<TimeWait, &TimeWait::next, &TimeWait::previous> order_;
  std::uint32_t free_ = kNone;
  std::uint32_t fresh_ = 0;
};

}  // namespace conker
