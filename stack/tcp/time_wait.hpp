// TIME-WAIT: what is left of a connection for 2 MSL, in compact records ordered by their end.
#pragma once

#include <cstdint>
#include <span>

#include "stack/base/arena.hpp"
#include "stack/base/seq.hpp"
#include "stack/base/time.hpp"
#include "stack/tcp/tuple_index.hpp"

namespace conker {

struct TimeWait {
  PackedTuple tuple;
  Seq snd_nxt;
  Seq rcv_nxt;
  Tick ends;
  std::uint32_t ts_recent = 0;  // RFC 7323, while `timestamps`
  std::uint16_t spoke_at = 0;   // when we last sent something: the lower half of a Tick
  bool timestamps : 1 = false;
  std::uint8_t rcv_wscale : 4 = 0;
  bool live : 1 = false;      // set by the table
  bool answered : 1 = false;  // what we sent at spoke_at was an answer to a segment

  void spoke(Tick now) { spoke_at = static_cast<std::uint16_t>(now.value()); }
  /// Ticks since then, modulo 67 seconds.
  std::uint16_t silent_for(Tick now) const {
    return static_cast<std::uint16_t>(now.value() - spoke_at);
  }
};

/// Every record lives for the same time, so the order in which they were made is the order in which
/// they end: a ring. What is removed from the middle leaves its place empty until the ring comes
/// round.
class TimeWaitTable {
 public:
  /// `key` is that of the hashes that the table is given.
  TimeWaitTable(Arena& arena, std::uint32_t capacity, const SipKey& key)
      : records_(arena.take<TimeWait>(capacity)), index_(arena, capacity), key_(key) {}

  std::uint32_t find(std::uint32_t hash, const FourTuple& tuple) const {
    if (live_ == 0) return kNone;
    const PackedTuple packed = PackedTuple::of(tuple);
    return index_.find(hash, [&](std::uint32_t at) { return records_[at].tuple == packed; });
  }
  /// Only when not full().
  void add(const TimeWait& record, std::uint32_t hash);
  void remove(std::uint32_t index);
  /// The peer did not hear our last ACK: another full time (RFC 9293, 3.10.7.4, eighth). A full
  /// table cannot move a record back and leaves it its end. Indices of other records stay.
  void restart(std::uint32_t index, Tick ends);
  /// An ACK of ours was sent for it, in answer to a segment.
  void answered(std::uint32_t index, Tick now) {
    records_[index].spoke(now);
    records_[index].answered = true;
  }

  /// A search for this hash follows soon.
  [[gnu::always_inline]] void prefetch(std::uint32_t hash) const { index_.prefetch(hash); }
  /// The oldest are about to be evicted, one after the other: what that takes is on its way for one
  /// of the next.
  [[gnu::always_inline]] void prefetch_eviction() const {
    constexpr std::uint32_t kAhead = 8;
    if (kAhead < span_) index_.prefetch(hash_of(key_, records_[place(kAhead)].tuple.whole()));
  }
  /// Whether the oldest must go before another comes.
  bool full() const { return span_ == capacity(); }
  /// The one that ends first; kNone when there is none.
  std::uint32_t oldest() const { return live_ == 0 ? kNone : first_; }

  const TimeWait& operator[](std::uint32_t index) const { return records_[index]; }
  std::uint32_t size() const { return live_; }
  std::uint32_t capacity() const { return static_cast<std::uint32_t>(records_.size()); }

  /// Calls f(record) for each, oldest first.
  template <typename F>
  void for_each(F&& f) const {
    for (std::uint32_t i = 0; i < span_; ++i) {
      const TimeWait& record = records_[place(i)];
      if (record.live) f(record);
    }
  }
  /// Places in use, empty ones in between included.
  std::uint32_t span() const { return span_; }
  std::uint32_t indexed() const { return index_.size(); }

 private:
  /// The place that is `ahead` behind the first.
  std::uint32_t place(std::uint32_t ahead) const {
    const std::uint32_t to_end = capacity() - first_;
    return ahead < to_end ? first_ + ahead : ahead - to_end;
  }

  std::span<TimeWait> records_;
  TupleIndex index_;
  SipKey key_;
  std::uint32_t first_ = 0;  // a live record, unless there is none
  std::uint32_t span_ = 0;   // places from there to the newest, empty ones included
  std::uint32_t live_ = 0;
};

// A million of them should fit where others keep a hundred thousand.
static_assert(sizeof(TimeWait) == 32);

}  // namespace conker
