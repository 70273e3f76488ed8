// What a connection holds of the pool of chunks beside its queues: the scoreboard of what is out,
// data beyond holes; and where in the send queue a segment's data lies.
#include "stack/tcp/held.hpp"

#include <algorithm>

#include "stack/tcp/duplicate_ack_recovery.hpp"

namespace conker {

const Recovery& Held::recovery(const TcpTables& t, const Connection& c) {
  static constexpr DuplicateAckRecovery kDuplicateAcks;
  if (c.recovery.scoreboard == 0) return kDuplicateAcks;
  return *t.sack_recovery;
}

// Nothing is out: whether what follows is watched segment by segment, and how much of the window is
// still good.
void Held::begin_flight(TcpTables& t, Connection& c) {
  // After a silence nobody knows what the way bears (RFC 5681, 4.1).
  if (!c.recovery.last_sent.never() && c.recovery.last_sent.age(t.now) > Deadlines::rto(t, c)) {
    c.congestion.cwnd = std::min(c.congestion.cwnd, initial_window(c.path.mss));
    context(t).control(c).after_idle(c.congestion);
  }
  if (t.sack_recovery != nullptr && c.negotiated.sack)
    c.recovery.scoreboard = Scoreboard::open(t.chunks, c.snd.una);
}

/// Whether segments were watched one by one.
bool Held::end_flight(TcpTables& t, Connection& c) {
  const bool watched = c.recovery.scoreboard != 0;
  Scoreboard::close(t.chunks, c.recovery.scoreboard);
  c.recovery.scoreboard = 0;
  c.pending.tail_probe = false;
  return watched;
}

/// How far from SND.UNA data may reach that goes now, where all that has gone reaches to `offset`.
std::uint32_t Held::usable_window(const TcpTables& t, const Connection& c, std::uint32_t offset) {
  return std::min(c.snd.wnd, recovery(t, c).window(c, context(t), offset));
}

void Held::forget_out_of_order(TcpTables& t, std::uint32_t slot) {
  Connection& c = t.connections[slot];
  if (c.out_of_order.empty()) return;
  c.out_of_order.clear(t.chunks);
  c.sack.forget_blocks();
  list_hole(t, slot);
}

/// Keeps the connection in the list of those with data beyond a hole for as long as it has some.
void Held::list_hole(TcpTables& t, std::uint32_t slot) {
  Connection& c = t.connections[slot];
  const bool has = !c.out_of_order.empty();
  if (has == c.listed.holes) return;
  c.listed.holes = has;
  if (has) {
    t.holes.push(t.connections, slot);
  } else {
    t.holes.remove(t.connections, slot);
  }
}

// New data is sent in order, and mostly what is lost, too: each search begins where the last one of
// its kind ended. That chunk is still in the queue if what was its first byte is not acknowledged.
std::uint32_t Held::gather(TcpTables& t, Connection& c, Seq sequence, std::uint32_t& length) {
  const auto offset = static_cast<std::uint32_t>(sequence - c.snd.una);
  const auto out = t.pieces.subspan(1);
  Flight* f = Scoreboard::flight_of(t.chunks, c.recovery.scoreboard);
  if (f == nullptr) return c.send_queue.gather(t.chunks, offset, length, out);
  SentFrom& last = sequence < c.snd.nxt ? f->resent_from : f->new_from;
  ByteQueue::Place near;
  if (last.chunk != kNone && last.begin >= c.snd.una) {
    near = {last.chunk, static_cast<std::uint32_t>(last.begin - c.snd.una)};
  }
  const std::uint32_t pieces = c.send_queue.gather(t.chunks, offset, length, out, near);
  last = {near.chunk, c.snd.una + near.offset};
  return pieces;
}

}  // namespace conker
