// TIME-WAIT records: what is kept of a connection for 2 MSL, in compact form, ordered by their end.
#pragma once

#include <cstdint>
#include <span>

#include "stack/base/arena.hpp"
#include "stack/base/seq.hpp"
#include "stack/base/time.hpp"
#include "stack/tcp/tuple_index.hpp"

namespace conker {

struct TimeWait {
  FourTuple tuple;
  Seq snd_nxt;
  Seq rcv_nxt;
  Tick ends;
  std::uint32_t ts_recent = 0;  // TS.Recent (RFC 7323), where `timestamps`
  std::uint16_t sent_at = 0;    // time of the last segment sent: the lower half of a Tick
  bool timestamps : 1 = false;
  std::uint8_t rcv_wscale : 4 = 0;
  bool live : 1 = false;      // set by the table
  bool answered : 1 = false;  // the segment sent at that time was an answer

  void note_sent(Tick now) { sent_at = static_cast<std::uint16_t>(now.value()); }
  /// Ticks since the last segment sent, modulo 67 seconds.
  std::uint16_t since_sent(Tick now) const {
    return static_cast<std::uint16_t>(now.value() - sent_at);
  }
};

/// A ring of records: all live equally long, so the order of creation is the order of their ends. A
/// record removed from the middle leaves an empty place until the ring comes round.
class TimeWaitTable {
 public:
  /// `key` is that of the hashes passed to this table.
  TimeWaitTable(Arena& arena, std::uint32_t capacity, const SipKey& key)
      : records_(arena.take<TimeWait>(capacity)), index_(arena, capacity), key_(key) {}

  std::uint32_t find(std::uint32_t hash, const FourTuple& tuple) const {
    if (live_ == 0) return kNone;
    return index_.find(hash, [&](std::uint32_t at) { return records_[at].tuple == tuple; });
  }
  /// Only when not full().
  void add(const TimeWait& record, std::uint32_t hash);
  void remove(std::uint32_t index);
  /// Restarts the timeout of a record, since the peer did not receive the last ACK (RFC 9293,
  /// 3.10.7.4, eighth). In a full table a record cannot move back and keeps its end. Indices of
  /// other records stay.
  void restart(std::uint32_t index, Tick ends);
  /// Notes that an ACK was sent for the record, in answer to a segment.
  void answered(std::uint32_t index, Tick now) {
    records_[index].note_sent(now);
    records_[index].answered = true;
  }

  /// Prefetches for a search for this hash.
  [[gnu::always_inline]] void prefetch(std::uint32_t hash) const { index_.prefetch(hash); }
  /// Prefetches for evictions of the oldest records, one after the other.
  [[gnu::always_inline]] void prefetch_eviction() const {
    constexpr std::uint32_t kAhead = 8;
    if (kAhead < span_) index_.prefetch(hash_of(key_, records_[place(kAhead)].tuple));
  }
  /// Whether the oldest record must be evicted before another is added.
  bool full() const { return span_ == capacity(); }
  /// The record that ends first; kNone when there is none.
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
  /// Places in use, including empty ones in between.
  std::uint32_t span() const { return span_; }
  std::uint32_t indexed() const { return index_.size(); }

 private:
  /// The index of the place `ahead` behind the first.
  std::uint32_t place(std::uint32_t ahead) const {
    const std::uint32_t to_end = capacity() - first_;
    return ahead < to_end ? first_ + ahead : ahead - to_end;
  }

  std::span<TimeWait> records_;
  TupleIndex index_;
  SipKey key_;
  std::uint32_t first_ = 0;  // a live record, unless the table is empty
  std::uint32_t span_ = 0;   // places from there to the newest, empty ones included
  std::uint32_t live_ = 0;
};

// Small, so that a million records need little memory.
static_assert(sizeof(TimeWait) == 56);

}  // namespace conker
