// What leaves: every connection that is marked dirty, once a turn.
#include <algorithm>

#include "stack/tcp/diagram.hpp"
#include "stack/tcp/tcp.hpp"

namespace conker {

void Tcp::output() {
  fresh_dirty_ = false;
  written_ = 0;
  for (auto all = dirty_.take(); !all.empty();) {
    const std::uint32_t slot = all.pop(connections_);
    Connection& c = connections_[slot];
    if (transmit(slot) == Sent::kBusy) {
      dirty_.push(connections_, slot);  // the link is full: the rest next time
      continue;
    }
    c.listed.dirty = false;
    mark_active(slot, c);
    offer_to_reaper(slot);
  }
}

Sent Tcp::transmit(std::uint32_t slot) {
  Connection& c = connections_[slot];
  if (c.state == State::kDestroy) return transmit_last_words(c);
  if (c.pending.keepalive && transmit_keepalive(c) == Sent::kBusy) return Sent::kBusy;
  const Sent sent = in_state(c.state, states(State::kSynSent, State::kSynReceived))
                        ? transmit_syn(slot)
                        : transmit_data(slot);
  if (sent != Sent::kBusy) {
    tell_of_room(slot);
    rearm_after_output(slot);
    guard_user_timeout(slot);
  }
  return sent;
}

// An ACK that is owed goes before the reset: a handshake that it completes makes the reset one of a
// connection.
Sent Tcp::transmit_last_words(Connection& c) {
  if (c.pending.ack && send_pure_ack(c) == Sent::kBusy) return Sent::kBusy;
  if (!c.pending.reset) return Sent::kSent;
  if (send_segment(c, bare_sequence(c), 0, TcpFlags::kRst | TcpFlags::kAck) == Sent::kBusy)
    return Sent::kBusy;
  c.pending.reset = false;
  return Sent::kSent;
}

Sent Tcp::transmit_syn(std::uint32_t slot) {
  Connection& c = connections_[slot];
  if (c.snd.cursor == c.snd.iss) {
    const bool again = c.snd.nxt != c.snd.iss;
    std::uint8_t flags = TcpFlags::kSyn;
    if (c.state == State::kSynReceived) flags |= TcpFlags::kAck;
    c.rcv.adv = c.rcv.nxt + first_window();  // windows of SYNs are never scaled (RFC 7323, 2.2)
    TcpSegment syn{.sequence = c.snd.iss, .acknowledgment = c.rcv.nxt, .flags = flags};
    syn.window = static_cast<std::uint16_t>(c.rcv.wnd());
    syn.mss = our_mss(c.tuple);
    if (c.state == State::kSynReceived) {
      confirm(settings_, c.negotiated, syn);
    } else {
      offer(settings_, syn);
      // Perhaps the flags are what keeps it from arriving (RFC 3168, 6.1.1.1).
      if (c.retransmits.of_syn)
        syn.flags &= static_cast<std::uint8_t>(~(TcpFlags::kEce | TcpFlags::kCwr));
    }
    if (settings_.user_timeout_option) syn.user_timeout = advertised_user_timeout(&c);
    if (syn.timestamps)
      syn.timestamps = timestamps_now(c.timestamps.offset, c.negotiated.ts_recent);
    if (send_bare(c.tuple, syn) == Sent::kBusy) return Sent::kBusy;
    c.rcv.last_ack = c.rcv.nxt;
    c.snd.cursor = c.snd.nxt = c.snd.iss + 1;
    c.pending.ack = false;
    if (again) {
      ++c.retransmits.total;
      counters_.add(Count::segments_retransmitted);
    } else {
      c.timing.start(c.snd.nxt, now_);
    }
  }
  return c.pending.ack ? send_pure_ack(c) : Sent::kSent;
}

Sent Tcp::transmit_data(std::uint32_t slot) {
  Connection& c = connections_[slot];
  for (; c.pending.duplicate_acks > 0; --c.pending.duplicate_acks) {
    if (send_pure_ack(c) == Sent::kBusy) return Sent::kBusy;
  }
  if (c.pending.fast_retransmit || c.pending.window_probe) {
    const Sent sent = transmit_out_of_turn(slot);
    if (sent == Sent::kBusy) return sent;
  }
  if (c.pending.tail_probe && transmit_tail_probe(slot) == Sent::kBusy) return Sent::kBusy;
  if (c.snd.all_acknowledged()) {
    reconsider_path_mtu(c);
  } else if (transmit_lost(slot) == Sent::kBusy) {
    return Sent::kBusy;
  }
  for (;;) {
    const std::uint32_t offset = c.snd.cursor_offset();
    const bool fin_next = c.fin.queued && !c.fin.acked && in_state(c.state, kFinishing);
    const bool only_fin = fin_next && offset == c.send_queue.size();
    const std::uint32_t length = sendable(c, offset);
    if (length == 0 && !only_fin) break;
    if (c.snd.all_acknowledged()) begin_flight(c);
    const Sent sent =
        transmit_range(slot, c.snd.cursor, length, fin_next, Resend::kTimeout, c.snd.cursor);
    if (sent == Sent::kBusy) {
      if (c.snd.all_acknowledged())
        end_flight(c);  // perhaps the window is closed when the link has room
      return sent;
    }
  }
  return c.pending.ack ? send_pure_ack(c) : Sent::kSent;
}

// What the recovery takes for lost, as far as the window lets it go.
Sent Tcp::transmit_lost(std::uint32_t slot) {
  Connection& c = connections_[slot];
  for (;;) {
    const Recovery::Range lost = recovery(c).next_lost(c, context(c));
    if (lost.empty()) return Sent::kSent;
    if (transmit_again(slot, lost.begin, lost.end, lost.why) == Sent::kBusy) return Sent::kBusy;
  }
}

// A segment that was sent before, or as much of it as goes into one now.
Sent Tcp::transmit_again(std::uint32_t slot, Seq begin, Seq end, Resend why) {
  Connection& c = connections_[slot];
  const Seq data_end = min(end, c.snd.una + c.send_queue.size());
  const auto length =
      std::min<std::uint32_t>(static_cast<std::uint32_t>(data_end - begin), c.path.mss);
  Seq sent_end;
  return transmit_range(slot, begin, length, c.fin.in_flight(), why, sent_end);
}

// RFC 8985, 7.3: new data if there is any, whatever the congestion window says; or the last segment
// again.
Sent Tcp::transmit_tail_probe(std::uint32_t slot) {
  Connection& c = connections_[slot];
  const std::uint32_t offset = c.snd.cursor_offset();
  const std::uint32_t left = c.send_queue.size() > offset ? c.send_queue.size() - offset : 0;
  const std::uint32_t room = c.snd.wnd > offset ? c.snd.wnd - offset : 0;
  const std::uint32_t length = std::min({std::uint32_t{c.path.mss}, left, room});
  const Recovery::Range last = recovery(c).probe(c, context(c));
  const Sent sent = length > 0 ? transmit_range(slot, c.snd.cursor, length, c.fin.queued,
                                                Resend::kProbe, c.snd.cursor)
                               : transmit_again(slot, last.begin, last.end, Resend::kProbe);
  if (sent == Sent::kBusy) return sent;
  recovery(c).on_probe_sent(c, context(c), length == 0);
  c.pending.tail_probe = false;
  return sent;
}

// The first unacknowledged segment again, or a probe into a window that is closed or too small:
// snd_cursor stays.
Sent Tcp::transmit_out_of_turn(std::uint32_t slot) {
  Connection& c = connections_[slot];
  const Seq cursor = c.snd.cursor;
  std::uint32_t length = std::min<std::uint32_t>(c.path.mss, c.send_queue.size());
  if (c.pending.fast_retransmit) {
    // Nothing that has not been out: the window may not have let it go yet.
    length = std::min(length, c.snd.in_flight());
  } else if (c.pending.window_probe) {
    length = std::min(length, std::max<std::uint32_t>(c.snd.wnd, 1));
  }
  const bool fin_next = c.fin.in_flight();
  if (length > 0 || fin_next) {
    Seq end;
    const Sent sent =
        transmit_range(slot, c.snd.una, length, fin_next,
                       c.pending.fast_retransmit ? Resend::kLost : Resend::kProbe, end);
    if (sent == Sent::kBusy) return sent;
    if (c.pending.window_probe) counters_.add(Count::zero_window_probes);
    if (c.pending.fast_retransmit) c.snd.cursor = max(cursor, end);
  }
  c.pending.fast_retransmit = c.pending.window_probe = false;
  return Sent::kSent;
}

/// The most data that one frame takes, of so much that is left to send: a segment, or as many as
/// the link cuts from it. What is sent again goes segment by segment, and only one tells of a
/// reduced window.
std::uint32_t Tcp::frame_data(const Connection& c, std::uint32_t left) const {
  constexpr std::uint32_t kHeaders = 40 + kTcpHeaderMax;
  if (left <= c.path.mss || c.snd.cursor < c.snd.nxt || c.pending.cwr || c.path.may_fragment)
    return c.path.mss;
  const std::uint32_t packet = std::max(network_.segmentation(c.tuple.remote), kHeaders);
  const std::uint32_t segments = std::min(packet - kHeaders, data_in_pieces()) / c.path.mss;
  return std::max<std::uint32_t>(segments, 1) * c.path.mss;
}

/// How many bytes at `offset` from snd_una may go in one frame now.
std::uint32_t Tcp::sendable(const Connection& c, std::uint32_t offset) const {
  const std::uint32_t queued = c.send_queue.size();
  const std::uint32_t window = usable_window(c, offset);
  if (offset >= queued || offset >= window) return 0;
  const std::uint32_t left = queued - offset;
  const std::uint32_t length = std::min({frame_data(c, left), left, window - offset});
  if (length > c.path.mss) {
    // All that is behind the last full segment may be a small one.
    const std::uint32_t rest = length % c.path.mss;
    return length < left || waits_for_small(c, rest) ? length - rest : length;
  }
  // Rather wait than send a sliver of what there is (RFC 9293, 3.8.6.2.1); the persist timer
  // overrides.
  const bool sliver = length < c.path.mss && length < left && length < c.snd.max_wnd / 2;
  return sliver || waits_for_small(c, length) ? 0 : length;
}

// Nagle's rule (RFC 9293, 3.7.4), loosened: two small segments may be out, not one. Who writes,
// writes and reads does not wait for the peer's delayed ACK in between; who writes a byte at a time
// still fills no wire.
bool Tcp::waits_for_small(const Connection& c, std::uint32_t length) const {
  if (length >= c.path.mss || c.application.no_delay || c.fin.queued || c.snd.una == c.snd.cursor)
    return false;
  return c.snd.two_small_out();
}

// Sends [sequence, sequence + length) and, where the data ends there, the FIN; then takes note of
// it. `end` is where it ended.
Sent Tcp::transmit_range(std::uint32_t slot, Seq sequence, std::uint32_t length, bool fin_next,
                         Resend why, Seq& end) {
  Connection& c = connections_[slot];
  const auto offset = static_cast<std::uint32_t>(sequence - c.snd.una);
  const bool last = offset + length == c.send_queue.size();
  std::uint8_t flags = TcpFlags::kAck;
  if (last && length > 0) flags |= TcpFlags::kPsh;
  if (last && fin_next) flags |= TcpFlags::kFin;
  const Sent sent = send_segment(c, sequence, length, flags);
  if (sent == Sent::kBusy) return sent;

  end = sequence + length + ((flags & TcpFlags::kFin) != 0 ? 1 : 0);
  if ((flags & TcpFlags::kFin) != 0) c.fin.sent = true;
  if (sequence < c.snd.nxt) {
    c.retransmits.count(why);
    counters_.add(Count::segments_retransmitted);
    if (c.timing.running && sequence < c.timing.end) c.timing.stop();  // Karn (RFC 6298, 3)
  } else {
    if (length % c.path.mss != 0) c.snd.note_small(end);
  }
  recovery(c).on_sent(c, context(c), sequence, end);
  c.recovery.last_sent = Tick::floor(now_);
  c.snd.nxt = max(c.snd.nxt, end);
  return sent;
}

// What is out waits for its ACK; what could not go out waits for the window.
void Tcp::rearm_after_output(std::uint32_t slot) {
  Connection& c = connections_[slot];
  const bool in_flight = c.snd.cursor > c.snd.una;
  const bool waiting =
      !c.send_queue.empty() && !in_state(c.state, states(State::kSynSent, State::kSynReceived));
  if (in_flight) {
    disarm(c, Timer::kPersist);
    const bool armed = c.timers.is_armed(Timer::kRetransmit);
    const Duration in = recovery(c).wait(c, context(c), armed);
    if (in > Duration(0)) arm(slot, Timer::kRetransmit, in);
  } else if (waiting) {
    disarm(c, Timer::kRetransmit);
    if (!c.timers.is_armed(Timer::kPersist)) arm(slot, Timer::kPersist, rto(c));
  } else {
    disarm(c, Timer::kPersist);
    disarm(c, Timer::kRetransmit);
  }
}

}  // namespace conker
