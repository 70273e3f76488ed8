// What a connection holds of the pool of chunks beside its queues: the scoreboard, the out-of-order
// queue; and where in the send queue a segment's data lies.
#include "stack/tcp/held.hpp"

#include <algorithm>

#include "stack/tcp/duplicate_ack_recovery.hpp"

namespace conker {

const Recovery& Held::recovery(const TcpTables& t, const Connection& c) {
  static constexpr DuplicateAckRecovery kDuplicateAcks;
  if (c.recovery.scoreboard == 0) return kDuplicateAcks;
  return *t.sack_recovery;
}

// Begins a flight: nothing is in flight, and the first segment is about to leave. Opens a
// scoreboard where there is SACK and a chunk for it.
void Held::begin_flight(TcpTables& t, Connection& c) {
  // Restart after idle (RFC 5681, 4.1): the congestion window is at most the initial one.
  if (!c.recovery.last_sent.never() && c.recovery.last_sent.age(t.now) > Deadlines::rto(t, c)) {
    c.congestion.cwnd = std::min(c.congestion.cwnd, initial_window(c.path.mss));
    context(t).control(c).after_idle(c.congestion);
  }
  if (t.sack_recovery != nullptr && c.negotiated.sack)
    c.recovery.scoreboard = Scoreboard::open(t.chunks, c.snd.una);
}

/// Ends a flight: everything is acknowledged, or will be sent anew. Returns whether it had a
/// scoreboard.
bool Held::end_flight(TcpTables& t, Connection& c) {
  const bool watched = c.recovery.scoreboard != 0;
  Scoreboard::close(t.chunks, c.recovery.scoreboard);
  c.recovery.scoreboard = 0;
  c.pending.tail_probe = false;
  return watched;
}

/// How far from SND.UNA the windows of peer and congestion control let new data reach, in bytes,
/// where all that was sent reaches to `offset`.
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

/// Lists the connection among those with data beyond a hole, or takes it out.
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

// Finds the pieces of the send queue that hold a segment's data. New data is sent in order, and so
// is most of what is sent again, so each search begins where the last of its kind ended; that chunk
// is still queued if its first byte is unacknowledged.
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
