// Output, once a turn: every dirty connection sends what its windows, its timers and RFC 9293, 3.8,
// allow.
#include "stack/tcp/transmit.hpp"

#include <algorithm>

#include "stack/tcp/diagram.hpp"

namespace conker {

void Transmitter::output(TcpTables& t) {
  t.fresh_dirty = false;
  t.written_this_turn = 0;
  for (auto all = t.dirty.take(); !all.empty();) {
    const std::uint32_t slot = all.pop(t.connections);
    Connection& c = t.connections[slot];
    if (transmit(t, slot) == Sent::kBusy) {
      t.dirty.push(t.connections, slot);  // the link is full: the next turn goes on here
      continue;
    }
    c.listed.dirty = false;
    Lifetime::mark_active(t, slot, c);
    Lifetime::offer_to_reaper(t, slot);
  }
}

Sent Transmitter::transmit(TcpTables& t, std::uint32_t slot) {
  Connection& c = t.connections[slot];
  if (c.state == State::kDestroy) return transmit_final(t, c);
  if (c.pending.keepalive && Liveness::transmit_keepalive(t, c) == Sent::kBusy) return Sent::kBusy;
  const Sent sent = in_state(c.state, states(State::kSynSent, State::kSynReceived))
                        ? transmit_syn(t, slot)
                        : transmit_data(t, slot);
  if (sent != Sent::kBusy) {
    PoolRelief::tell_of_room(t, slot);
    rearm_after_output(t, slot);
    Liveness::guard_user_timeout(t, slot);
  }
  return sent;
}

// Sends the final segments of a connection in Destroy. A pending ACK precedes the RST: where it
// completes the peer's handshake, the RST is acceptable there.
Sent Transmitter::transmit_final(TcpTables& t, Connection& c) {
  if (c.pending.ack && Emit::send_pure_ack(t, c) == Sent::kBusy) return Sent::kBusy;
  if (!c.pending.reset) return Sent::kSent;
  if (Emit::send_segment(t, c, Emit::bare_sequence(c), 0, TcpFlags::kRst | TcpFlags::kAck) ==
      Sent::kBusy)
    return Sent::kBusy;
  c.pending.reset = false;
  return Sent::kSent;
}

Sent Transmitter::transmit_syn(TcpTables& t, std::uint32_t slot) {
  Connection& c = t.connections[slot];
  if (c.snd.cursor == c.snd.iss) {
    const bool again = c.snd.nxt != c.snd.iss;
    std::uint8_t flags = TcpFlags::kSyn;
    if (c.state == State::kSynReceived) flags |= TcpFlags::kAck;
    c.rcv.adv =
        c.rcv.nxt + Limits::first_window(t);  // windows of SYNs are never scaled (RFC 7323, 2.2)
    TcpSegment syn{.sequence = c.snd.iss, .acknowledgment = c.rcv.nxt, .flags = flags};
    syn.window = static_cast<std::uint16_t>(c.rcv.wnd());
    syn.mss = Limits::our_mss(t, c.tuple);
    if (c.state == State::kSynReceived) {
      confirm(t.settings, c.negotiated, syn);
    } else {
      offer(t.settings, syn);
      // A SYN sent again does not ask for ECN: a middlebox may drop SYNs with these flags (RFC
      // 3168, 6.1.1.1).
      if (c.retransmits.of_syn)
        syn.flags &= static_cast<std::uint8_t>(~(TcpFlags::kEce | TcpFlags::kCwr));
    }
    if (t.settings.user_timeout_option) syn.user_timeout = Emit::advertised_user_timeout(t, &c);
    if (syn.timestamps)
      syn.timestamps = t.timestamps_now(c.timestamps.offset, c.negotiated.ts_recent);
    if (Emit::send_bare(t, c.tuple, syn) == Sent::kBusy) return Sent::kBusy;
    c.rcv.last_ack = c.rcv.nxt;
    c.snd.cursor = c.snd.nxt = c.snd.iss + 1;
    c.pending.ack = false;
    if (again) {
      ++c.retransmits.total;
      t.counters.add(Count::segments_retransmitted);
    } else {
      c.timing.start(c.snd.nxt, t.now);
    }
  }
  return c.pending.ack ? Emit::send_pure_ack(t, c) : Sent::kSent;
}

Sent Transmitter::transmit_data(TcpTables& t, std::uint32_t slot) {
  Connection& c = t.connections[slot];
  for (; c.pending.duplicate_acks > 0; --c.pending.duplicate_acks) {
    if (Emit::send_pure_ack(t, c) == Sent::kBusy) return Sent::kBusy;
  }
  if (c.pending.fast_retransmit || c.pending.window_probe) {
    const Sent sent = retransmit_or_probe(t, slot);
    if (sent == Sent::kBusy) return sent;
  }
  if (c.pending.tail_probe && transmit_tail_probe(t, slot) == Sent::kBusy) return Sent::kBusy;
  if (c.snd.all_acknowledged()) {
    PathMtu::reconsider_path_mtu(t, c);
  } else if (transmit_lost(t, slot) == Sent::kBusy) {
    return Sent::kBusy;
  }
  for (;;) {
    const std::uint32_t offset = c.snd.cursor_offset();
    const bool fin_next = c.fin.queued && !c.fin.acked && in_state(c.state, kFinishing);
    const bool only_fin = fin_next && offset == c.send_queue.size();
    const std::uint32_t length = sendable(t, c, offset);
    if (length == 0 && !only_fin) break;
    if (c.snd.all_acknowledged()) Held::begin_flight(t, c);
    const Sent sent =
        transmit_range(t, slot, c.snd.cursor, length, fin_next, Resend::kTimeout, c.snd.cursor);
    if (sent == Sent::kBusy) {
      if (c.snd.all_acknowledged())
        Held::end_flight(t, c);  // begin_flight() comes again when the link has room
      return sent;
    }
  }
  return c.pending.ack ? Emit::send_pure_ack(t, c) : Sent::kSent;
}

// Sends what the recovery has marked lost, as far as the congestion window allows.
Sent Transmitter::transmit_lost(TcpTables& t, std::uint32_t slot) {
  Connection& c = t.connections[slot];
  for (;;) {
    const Recovery::Range lost = Held::recovery(t, c).next_lost(c, Held::context(t));
    if (lost.empty()) return Sent::kSent;
    if (transmit_again(t, slot, lost.begin, lost.end, lost.why) == Sent::kBusy) return Sent::kBusy;
  }
}

// Sends [begin, end) again, or as much of it as one segment carries now.
Sent Transmitter::transmit_again(TcpTables& t, std::uint32_t slot, Seq begin, Seq end, Resend why) {
  Connection& c = t.connections[slot];
  const Seq data_end = min(end, c.snd.una + c.send_queue.size());
  const auto length =
      std::min<std::uint32_t>(static_cast<std::uint32_t>(data_end - begin), c.path.mss);
  Seq sent_end;
  return transmit_range(t, slot, begin, length, c.fin.in_flight(), why, sent_end);
}

// Tail loss probe (RFC 8985, 7.3): one segment of new data, whatever the congestion window, or the
// last segment again.
Sent Transmitter::transmit_tail_probe(TcpTables& t, std::uint32_t slot) {
  Connection& c = t.connections[slot];
  const std::uint32_t offset = c.snd.cursor_offset();
  const std::uint32_t left = c.send_queue.size() > offset ? c.send_queue.size() - offset : 0;
  const std::uint32_t room = c.snd.wnd > offset ? c.snd.wnd - offset : 0;
  const std::uint32_t length = std::min({std::uint32_t{c.path.mss}, left, room});
  const Recovery::Range last = Held::recovery(t, c).probe(c, Held::context(t));
  const Sent sent = length > 0 ? transmit_range(t, slot, c.snd.cursor, length, c.fin.queued,
                                                Resend::kProbe, c.snd.cursor)
                               : transmit_again(t, slot, last.begin, last.end, Resend::kProbe);
  if (sent == Sent::kBusy) return sent;
  Held::recovery(t, c).on_probe_sent(c, Held::context(t), length == 0);
  c.pending.tail_probe = false;
  return sent;
}

// Sends the first unacknowledged segment again, or a probe into a window that is closed or too
// small. The cursor stays.
Sent Transmitter::retransmit_or_probe(TcpTables& t, std::uint32_t slot) {
  Connection& c = t.connections[slot];
  const Seq cursor = c.snd.cursor;
  std::uint32_t length = std::min<std::uint32_t>(c.path.mss, c.send_queue.size());
  if (c.pending.fast_retransmit) {
    // Only what was sent before: new data may not fit the window.
    length = std::min(length, c.snd.in_flight());
  } else if (c.pending.window_probe) {
    length = std::min(length, std::max<std::uint32_t>(c.snd.wnd, 1));
  }
  const bool fin_next = c.fin.in_flight();
  if (length > 0 || fin_next) {
    Seq end;
    const Sent sent =
        transmit_range(t, slot, c.snd.una, length, fin_next,
                       c.pending.fast_retransmit ? Resend::kLost : Resend::kProbe, end);
    if (sent == Sent::kBusy) return sent;
    if (c.pending.window_probe) t.counters.add(Count::zero_window_probes);
    if (c.pending.fast_retransmit) c.snd.cursor = max(cursor, end);
  }
  c.pending.fast_retransmit = c.pending.window_probe = false;
  return Sent::kSent;
}

/// The most data of `left` bytes that one frame carries: a segment, or several where the link cuts
/// them (segmentation offload). Retransmissions, and new data with CWR, go segment by segment.
std::uint32_t Transmitter::frame_data(const TcpTables& t, const Connection& c, std::uint32_t left) {
  constexpr std::uint32_t kHeaders = 40 + kTcpHeaderMax;
  if (left <= c.path.mss || c.snd.cursor < c.snd.nxt || c.pending.cwr || c.path.may_fragment)
    return c.path.mss;
  const std::uint32_t packet = std::max(t.network.segmentation(c.tuple.remote), kHeaders);
  const std::uint32_t segments =
      std::min(packet - kHeaders, Limits::data_in_pieces(t)) / c.path.mss;
  return std::max<std::uint32_t>(segments, 1) * c.path.mss;
}

/// How many bytes at `offset` from SND.UNA may be sent in one frame now.
std::uint32_t Transmitter::sendable(const TcpTables& t, const Connection& c, std::uint32_t offset) {
  const std::uint32_t queued = c.send_queue.size();
  if (offset >= queued) return 0;
  const std::uint32_t window = Held::usable_window(t, c, offset);
  if (offset >= window) return 0;
  const std::uint32_t left = queued - offset;
  const std::uint32_t length = std::min({frame_data(t, c, left), left, window - offset});
  if (length > c.path.mss) {
    // The part behind the last full segment is a small segment and may have to wait.
    const std::uint32_t rest = length % c.path.mss;
    return length < left || waits_for_small(c, rest) ? length - rest : length;
  }
  // Sender's silly window avoidance (RFC 9293, 3.8.6.2.1); the persist timer overrides it.
  const bool sliver = length < c.path.mss && length < left && length < c.snd.max_wnd / 2;
  return sliver || waits_for_small(c, length) ? 0 : length;
}

// The Nagle algorithm (RFC 9293, 3.7.4), loosened: two small segments may be unacknowledged, not
// one, so that an application that writes, writes and reads does not wait for a delayed ACK between
// its writes.
bool Transmitter::waits_for_small(const Connection& c, std::uint32_t length) {
  if (length >= c.path.mss || c.application.no_delay || c.fin.queued || c.snd.una == c.snd.cursor)
    return false;
  return c.snd.two_small_out();
}

// Sends [sequence, sequence + length) and, where the data ends there, the FIN, and records it as
// sent. `end` is the sequence number behind it.
Sent Transmitter::transmit_range(TcpTables& t, std::uint32_t slot, Seq sequence,
                                 std::uint32_t length, bool fin_next, Resend why, Seq& end) {
  Connection& c = t.connections[slot];
  const auto offset = static_cast<std::uint32_t>(sequence - c.snd.una);
  const bool last = offset + length == c.send_queue.size();
  std::uint8_t flags = TcpFlags::kAck;
  if (last && length > 0) flags |= TcpFlags::kPsh;
  if (last && fin_next) flags |= TcpFlags::kFin;
  const Sent sent = Emit::send_segment(t, c, sequence, length, flags);
  if (sent == Sent::kBusy) return sent;

  end = sequence + length + ((flags & TcpFlags::kFin) != 0 ? 1 : 0);
  if ((flags & TcpFlags::kFin) != 0) c.fin.sent = true;
  if (sequence < c.snd.nxt) {
    c.retransmits.count(why);
    t.counters.add(Count::segments_retransmitted);
    if (c.timing.running && sequence < c.timing.end)
      c.timing.stop();  // Karn's algorithm (RFC 6298, 3)
  } else {
    if (length % c.path.mss != 0) c.snd.note_small(end);
  }
  Held::recovery(t, c).on_sent(c, Held::context(t), sequence, end);
  c.recovery.last_sent = Tick::floor(t.now);
  c.snd.nxt = max(c.snd.nxt, end);
  return sent;
}

// Arms the retransmission timer while something is in flight, else the persist timer while data
// waits for the window.
void Transmitter::rearm_after_output(TcpTables& t, std::uint32_t slot) {
  Connection& c = t.connections[slot];
  const bool in_flight = c.snd.cursor > c.snd.una;
  const bool waiting =
      !c.send_queue.empty() && !in_state(c.state, states(State::kSynSent, State::kSynReceived));
  if (in_flight) {
    c.timers.disarm(Timer::kPersist);
    const bool armed = c.timers.is_armed(Timer::kRetransmit);
    const Duration in = Held::recovery(t, c).wait(c, Held::context(t), armed);
    if (in > Duration(0)) Deadlines::arm(t, slot, Timer::kRetransmit, in);
  } else if (waiting) {
    c.timers.disarm(Timer::kRetransmit);
    if (!c.timers.is_armed(Timer::kPersist))
      Deadlines::arm(t, slot, Timer::kPersist, Deadlines::rto(t, c));
  } else {
    c.timers.disarm(Timer::kPersist);
    c.timers.disarm(Timer::kRetransmit);
  }
}

}  // namespace conker
