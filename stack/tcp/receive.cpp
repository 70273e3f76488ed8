// Text and FIN that arrive (RFC 9293, 3.10.7.4, seventh and eighth), and the window that opens as
// the application reads.
#include "stack/tcp/receive.hpp"

#include <algorithm>

#include "stack/tcp/diagram.hpp"

namespace conker {

void Receiver::process_text(TcpTables& t, std::uint32_t slot, const TcpSegment& segment) {
  Connection& c = t.connections[slot];
  const Seq end = segment.sequence + static_cast<std::uint32_t>(segment.payload.size());
  if (c.application.closed && !segment.payload.empty() && end > c.rcv.nxt) {
    // After close() new data is lost, and a RST tells the peer (RFC 9293, 3.10.4; RFC 1122,
    // 4.2.2.13).
    Lifetime::reset_and_destroy(t, slot, CloseReason::kAborted, Cause::kDataAfterClose);
    return;
  }
  Seq sequence = segment.sequence;
  auto bytes = segment.payload;
  if (sequence < c.rcv.nxt) {
    const auto old =
        std::min<std::size_t>(bytes.size(), static_cast<std::uint32_t>(c.rcv.nxt - sequence));
    note_duplicate(c, sequence, sequence + static_cast<std::uint32_t>(old));
    bytes = bytes.subspan(old);
    sequence += static_cast<std::uint32_t>(old);
  }
  const std::int32_t room = c.rcv.adv - sequence;
  if (room < static_cast<std::int32_t>(bytes.size()))
    bytes = bytes.first(room > 0 ? static_cast<std::size_t>(room) : 0);
  // A FIN beyond the window is not taken (RFC 9293, 3.10.7.4, seventh).
  if (segment.has(TcpFlags::kFin) && !c.rcv.fin_seen && end <= c.rcv.adv) {
    c.rcv.fin_seen = true;
    c.rcv.fin = end;
  }
  if (!bytes.empty() && sequence == c.rcv.nxt) {
    const bool hole = !c.out_of_order.empty();
    std::uint32_t taken = take_in(t, c, bytes);
    if (hole) {
      // The segment that fills the hole may repeat data beyond it (RFC 2883, 4).
      const SackBlock again = c.out_of_order.first_held(t.chunks, c.rcv.nxt, c.rcv.nxt + taken);
      note_duplicate(c, again.left, again.right);
      taken += c.out_of_order.deliver(t.chunks, c.rcv.nxt + taken, c.receive_queue);
    }
    c.rcv.nxt += taken;
    if (hole) settle_hole(t, slot);
    c.accounting.bytes_received += taken;
    note_round_trip(t, c, segment);
    if (hole || taken < bytes.size() || !ack_may_wait(t, c, segment)) {
      c.pending.ack = true;
    } else if (!c.timers.is_armed(Timer::kDelayedAck)) {
      Deadlines::arm(t, slot, Timer::kDelayedAck, t.settings.delayed_ack);
    }
    if (taken > 0) Lifetime::post(t, slot, Event::kReadable);
  } else if (!bytes.empty()) {
    keep_beyond_hole(t, slot, sequence, bytes);
  } else if (segment.length() > 0) {
    c.pending.ack = true;  // only duplicate text, or a FIN
  }
  if (segment.length() > 0) Lifetime::mark_dirty(t, slot);
  if (c.rcv.fin_seen && c.rcv.nxt > c.rcv.fin)
    c.rcv.fin_seen = false;  // data follows, so the FIN was not valid
  if (c.rcv.at_fin()) process_fin(t, slot);
}

// Queues text beyond a hole in the out-of-order queue; the duplicate ACK leaves at once.
void Receiver::keep_beyond_hole(TcpTables& t, std::uint32_t slot, Seq sequence,
                                std::span<const std::byte> bytes) {
  Connection& c = t.connections[slot];
  const auto insert = [&] {
    return c.out_of_order.insert(t.chunks, sequence, bytes, Limits::out_of_order_limit(t, c));
  };
  Insertion kept = insert();
  // A connection without such data gets the chunks of the one that has had its own for longest.
  if (c.out_of_order.empty() && PoolRelief::discard_oldest_hole(t)) kept = insert();
  Held::list_hole(t, slot);
  const bool all = kept.end == sequence + static_cast<std::uint32_t>(bytes.size());
  t.counters.add(all ? Count::out_of_order_segments : Count::out_of_order_dropped);
  if (c.negotiated.sack && kept.end != sequence) c.sack.add({sequence, kept.end});
  note_duplicate(c, kept.duplicate.left, kept.duplicate.right);
  if (c.pending.duplicate_acks < 255) ++c.pending.duplicate_acks;  // at once, each (RFC 5681, 4.2)
}

// Queues text and FIN of the SYN of a simultaneous open until the connection is established (RFC
// 9293, 3.10.7.3). They are not acknowledged before, so that the peer sends them again where the
// pool has no room.
void Receiver::queue_text_of_syn(TcpTables& t, std::uint32_t slot, const TcpSegment& syn) {
  Connection& c = t.connections[slot];
  c.rcv.adv = c.rcv.nxt + Limits::first_window(t);
  const auto text =
      syn.payload.first(std::min<std::size_t>(syn.payload.size(), Limits::first_window(t)));
  const Insertion kept =
      c.out_of_order.insert(t.chunks, c.rcv.nxt, text, Limits::out_of_order_limit(t, c));
  Held::list_hole(t, slot);
  if (!syn.has(TcpFlags::kFin) ||
      kept.end != c.rcv.nxt + static_cast<std::uint32_t>(syn.payload.size()))
    return;
  c.rcv.fin_seen = true;
  c.rcv.fin = kept.end;
}

// Delivers that text once the connection is established; where RCV.NXT has moved, process_text()
// has done so.
void Receiver::take_text_of_syn(TcpTables& t, std::uint32_t slot) {
  Connection& c = t.connections[slot];
  if (c.rcv.nxt != c.rcv.irs + 1 || !in_state(c.state, kReceiving)) return;
  if (c.application.closed && !c.out_of_order.empty()) {
    return Lifetime::reset_and_destroy(t, slot, CloseReason::kAborted, Cause::kDataAfterClose);
  }
  const std::uint32_t taken = c.out_of_order.deliver(t.chunks, c.rcv.nxt, c.receive_queue);
  c.rcv.nxt += taken;
  settle_hole(t, slot);
  c.accounting.bytes_received += taken;
  if (taken > 0) {
    c.pending.ack = true;
    Lifetime::mark_dirty(t, slot);
    Lifetime::post(t, slot, Event::kReadable);
  }
  if (c.rcv.at_fin()) process_fin(t, slot);
}

// Appends text at RCV.NXT to the receive queue, as much as the budget has room for; the peer sends
// the rest again.
std::uint32_t Receiver::take_in(TcpTables& t, Connection& c, std::span<const std::byte> bytes) {
  std::uint32_t taken = c.receive_queue.append(t.chunks, bytes, Use::kReceive);
  if (taken < bytes.size() && PoolRelief::make_room(t, Use::kReceive)) {
    taken += c.receive_queue.append(t.chunks, bytes.subspan(taken), Use::kReceive);
  }
  if (taken < bytes.size()) {
    t.counters.add(Count::receive_no_buffer);
    if (c.receive_queue.empty()) t.pool_exhausted = true;
  }
  return taken;
}

// Updates SACK blocks and the out-of-order queue after the first hole was filled. Data at RCV.NXT
// for which the receive budget had no room is discarded, since the queue would no longer be beyond
// a hole; the peer sends it again.
void Receiver::settle_hole(TcpTables& t, std::uint32_t slot) {
  Connection& c = t.connections[slot];
  c.sack.forget_before(c.rcv.nxt);
  if (c.out_of_order.begins_at(t.chunks, c.rcv.nxt)) Held::forget_out_of_order(t, slot);
  Held::list_hole(t, slot);
}

// Eighth: the FIN, once all text before it has arrived.
void Receiver::process_fin(TcpTables& t, std::uint32_t slot) {
  Connection& c = t.connections[slot];
  c.rcv.nxt += 1;
  c.rcv.adv = max(c.rcv.adv, c.rcv.nxt);
  Held::forget_out_of_order(t, slot);
  c.pending.duplicate_acks = 0;
  c.pending.ack = true;
  Lifetime::mark_dirty(t, slot);
  Lifetime::post(t, slot, Event::kPeerClosed);
  switch (c.state) {
    case State::kEstablished:
      Lifetime::change_state(t, slot, State::kCloseWait, Cause::kSegmentFin);
      break;
    case State::kFinWait1:
      Lifetime::change_state(t, slot, State::kClosing, Cause::kSegmentFin);
      break;
    case State::kFinWait2:
      Lifetime::enter_time_wait(t, slot, Cause::kSegmentFin);
      break;
    default:
      t.broken = "a FIN was processed in a state that receives nothing";
      break;
  }
}

// Delayed ACKs (RFC 9293, 3.8.6.3): text in order is acknowledged with the next segment sent, with
// every second full-sized segment, or when the timer expires. At once while the peer may be in slow
// start, at the beginning and after a pause; and for a segment that is neither full-sized nor
// pushed, since the window has kept the rest back.
bool Receiver::ack_may_wait(const TcpTables& t, Connection& c, const TcpSegment& segment) {
  if (t.settings.delayed_ack == Duration(0)) return false;
  const auto size = static_cast<std::uint16_t>(
      std::min<std::size_t>(segment.payload.size(), Limits::our_mss(t, c.tuple)));
  c.rcv.mss = std::max(c.rcv.mss, size);
  if (c.rcv.nxt - c.rcv.last_ack >= 2 * std::int32_t{c.rcv.mss}) return false;
  if (size < c.rcv.mss && !segment.has(TcpFlags::kPsh)) return false;
  if (c.rcv.quick_acks == 0) return true;
  --c.rcv.quick_acks;
  return false;
}

// Notes an acceptable segment. After a pause longer than its RTO the peer is in slow start again
// (RFC 5681, 4.1), so ACKs are not delayed for a while.
void Receiver::note_heard(TcpTables& t, Connection& c) {
  if (c.liveness.heard_at.age(t.now) > Deadlines::rto(t, c)) c.rcv.quick_acks = kQuickAcks;
  c.liveness.heard_at = Tick::floor(t.now);
  c.liveness.sent = 0;
}

// Measures the round trip from the receiving side: since the timestamp was sent that the peer's
// data echoes. A connection that only receives has no other sample but the handshake's, and queues
// on the path have grown since.
void Receiver::note_round_trip(const TcpTables& t, Connection& c, const TcpSegment& segment) {
  if (!c.negotiated.timestamps || !segment.timestamps) return;
  const std::uint32_t ticks =
      Tick::floor(t.now).value() + c.timestamps.offset - segment.timestamps->echo;
  c.timing.of_receiver = ticks <= 0xffff ? static_cast<std::uint16_t>(ticks) : 0;
}

// D-SACK tells the peer that it sent a range again in vain (RFC 2883, 4).
void Receiver::note_duplicate(Connection& c, Seq left, Seq right) {
  if (c.negotiated.sack && left != right) c.sack.note_duplicate({left, right});
}

// Doubles the receive buffer, up to settings.receive_buffer, where the application reads half of it
// within a round trip, since the window may limit the peer then; only while a fair share of the
// budget covers it.
void Receiver::tune_window(TcpTables& t, Connection& c, std::uint32_t read) {
  if (!c.negotiated.window_scaling || c.buffer.limit >= t.settings.receive_buffer) return;
  c.buffer.round_bytes += std::min(read, c.buffer.limit);
  const Duration round =
      std::max({c.rtt.srtt(), Duration(c.timing.of_receiver << Tick::kShift), Duration(1)});
  if (c.buffer.round_began.age(t.now) < round) return;
  if (c.buffer.round_bytes >= c.buffer.limit / 2) {
    const std::uint32_t wanted = std::min(2 * c.buffer.limit, t.settings.receive_buffer);
    if (t.chunks.fair_share(Use::kReceive, wanted) == wanted) {
      c.buffer.limit = wanted;
    } else {
      t.counters.add(Count::window_growth_refused);
    }
  }
  c.buffer.round_bytes = 0;
  c.buffer.round_began = Tick::floor(t.now);
}

// Sends a window update after a read: at once where the window was smaller than a segment, and for
// two segments' room while it is below half of the buffer; otherwise the next ACK has it.
void Receiver::note_consumed(TcpTables& t, std::uint32_t slot, std::uint32_t n) {
  Connection& c = t.connections[slot];
  if (!in_state(c.state, kReceiving)) return;
  tune_window(t, c, n);
  const std::uint32_t limit = Limits::receive_limit(t, c);
  if (c.rcv.wnd() >= limit / 2 ||
      !Limits::window_opens(c, limit, c.rcv.wnd() < Limits::our_mss(t, c.tuple) ? 1 : 2))
    return;
  c.pending.ack = true;
  Lifetime::mark_dirty(t, slot);
}

}  // namespace conker
