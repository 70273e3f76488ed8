// What a connection holds of the pool of chunks beside its queues: the log of what is out, data
// beyond holes; and where in the send queue a segment's data lies.
#include <algorithm>

#include "stack/tcp/duplicate_ack_recovery.hpp"
#include "stack/tcp/tcp.hpp"

namespace conker {

const CongestionControl& Tcp::control(const Connection& c) const {
  static constexpr NewReno kNewReno;
  const CongestionControl* handed_in =
      controls_[static_cast<std::size_t>(c.application.congestion)];
  return handed_in != nullptr ? *handed_in : kNewReno;
}

const Recovery& Tcp::recovery(const Connection& c) const {
  static constexpr DuplicateAckRecovery kDuplicateAcks;
  if (c.recovery.scoreboard == 0) return kDuplicateAcks;
  return *sack_recovery_;
}

// Nothing is out: whether what follows is watched segment by segment, and how much of the window is
// still good.
void Tcp::begin_flight(Connection& c) {
  // After a silence nobody knows what the way bears (RFC 5681, 4.1).
  if (!c.recovery.last_sent.never() && c.recovery.last_sent.age(now_) > rto(c)) {
    c.congestion.cwnd = std::min(c.congestion.cwnd, initial_window(c.path.mss));
    control(c).after_idle(c.congestion);
  }
  if (sack_recovery_ != nullptr && c.negotiated.sack)
    c.recovery.scoreboard = SentLog::open(chunks_, c.snd.una);
}

/// Whether segments were watched one by one.
bool Tcp::end_flight(Connection& c) {
  const bool watched = c.recovery.scoreboard != 0;
  SentLog::close(chunks_, c.recovery.scoreboard);
  c.recovery.scoreboard = 0;
  c.pending.tail_probe = false;
  return watched;
}

void Tcp::forget_out_of_order(std::uint32_t slot) {
  Connection& c = connections_[slot];
  if (c.out_of_order.empty()) return;
  c.out_of_order.clear(chunks_);
  c.sack.forget_blocks();
  list_hole(slot);
}

/// Keeps the connection in the list of those with data beyond a hole for as long as it has some.
void Tcp::list_hole(std::uint32_t slot) {
  Connection& c = connections_[slot];
  const bool has = !c.out_of_order.empty();
  if (has == c.listed.holes) return;
  c.listed.holes = has;
  if (has) {
    holes_.push(connections_, slot);
  } else {
    holes_.remove(connections_, slot);
  }
}

// New data is sent in order, and mostly what is lost, too: each search begins where the last one of
// its kind ended. That chunk is still in the queue if what was its first byte is not acknowledged.
std::uint32_t Tcp::gather(Connection& c, Seq sequence, std::uint32_t& length) {
  const auto offset = static_cast<std::uint32_t>(sequence - c.snd.una);
  const auto out = pieces_.subspan(1);
  Flight* f = SentLog::flight_of(chunks_, c.recovery.scoreboard);
  if (f == nullptr) return c.send_queue.gather(chunks_, offset, length, out);
  SentFrom& last = sequence < c.snd.nxt ? f->resent_from : f->new_from;
  ByteQueue::Place near;
  if (last.chunk != kNone && last.begin >= c.snd.una) {
    near = {last.chunk, static_cast<std::uint32_t>(last.begin - c.snd.una)};
  }
  const std::uint32_t pieces = c.send_queue.gather(chunks_, offset, length, out, near);
  last = {near.chunk, c.snd.una + near.offset};
  return pieces;
}

}  // namespace conker
