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
    c.on_dirty = false;
    touch(slot, c);
    offer_to_reaper(slot);
  }
}

Sent Tcp::transmit(std::uint32_t slot) {
  Connection& c = connections_[slot];
  if (c.state == State::kDestroy) return transmit_last_words(c);
  if (c.keepalive_due && transmit_keepalive(c) == Sent::kBusy) return Sent::kBusy;
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
  if (c.ack_now && send_pure_ack(c) == Sent::kBusy) return Sent::kBusy;
  if (!c.reset_owed) return Sent::kSent;
  if (send_segment(c, bare_sequence(c), 0, TcpFlags::kRst | TcpFlags::kAck) == Sent::kBusy)
    return Sent::kBusy;
  c.reset_owed = false;
  return Sent::kSent;
}

Sent Tcp::transmit_syn(std::uint32_t slot) {
  Connection& c = connections_[slot];
  if (c.snd_cursor == c.iss) {
    const bool again = c.snd_nxt != c.iss;
    std::uint8_t flags = TcpFlags::kSyn;
    if (c.state == State::kSynReceived) flags |= TcpFlags::kAck;
    c.rcv_adv = c.rcv_nxt + first_window();  // windows of SYNs are never scaled (RFC 7323, 2.2)
    TcpSegment syn{.sequence = c.iss, .acknowledgment = c.rcv_nxt, .flags = flags};
    syn.window = static_cast<std::uint16_t>(c.rcv_wnd());
    syn.mss = our_mss(c.tuple);
    if (c.state == State::kSynReceived) {
      confirm(settings_, c.agreed, syn);
    } else {
      offer(settings_, syn);
      // Perhaps the flags are what keeps it from arriving (RFC 3168, 6.1.1.1).
      if (c.syn_resent) syn.flags &= static_cast<std::uint8_t>(~(TcpFlags::kEce | TcpFlags::kCwr));
    }
    if (settings_.user_timeout_option) syn.user_timeout = advertised_user_timeout(&c);
    if (syn.timestamps) syn.timestamps = timestamps_now(c.ts_offset, c.agreed.ts_recent);
    if (send_bare(c.tuple, syn) == Sent::kBusy) return Sent::kBusy;
    c.last_ack = c.rcv_nxt;
    c.snd_cursor = c.snd_nxt = c.iss + 1;
    c.ack_now = false;
    if (again) {
      ++c.retransmits;
      counters_.add(Count::segments_retransmitted);
    } else {
      c.rtt_timing = true;
      c.rtt_seq = c.snd_nxt;
      c.rtt_start = now_;
    }
  }
  return c.ack_now ? send_pure_ack(c) : Sent::kSent;
}

Sent Tcp::transmit_data(std::uint32_t slot) {
  Connection& c = connections_[slot];
  for (; c.duplicate_acks_owed > 0; --c.duplicate_acks_owed) {
    if (send_pure_ack(c) == Sent::kBusy) return Sent::kBusy;
  }
  if (c.resend_first || c.probe) {
    const Sent sent = transmit_out_of_turn(slot);
    if (sent == Sent::kBusy) return sent;
  }
  if (c.tail_probe && transmit_tail_probe(slot) == Sent::kBusy) return Sent::kBusy;
  if (c.log != 0 && transmit_lost(slot) == Sent::kBusy) return Sent::kBusy;
  if (c.snd_una == c.snd_nxt) reconsider_path_mtu(c);
  for (;;) {
    const std::uint32_t offset = c.cursor_offset();
    const bool fin_next = c.fin_queued && !c.fin_acked && in_state(c.state, kFinishing);
    const bool only_fin = fin_next && offset == c.send_queue.size();
    const std::uint32_t length = sendable(c, offset);
    if (length == 0 && !only_fin) break;
    if (c.snd_una == c.snd_nxt) begin_flight(c);
    const Sent sent =
        transmit_range(slot, c.snd_cursor, length, fin_next, Resend::kTimeout, c.snd_cursor);
    if (sent == Sent::kBusy) {
      if (c.snd_una == c.snd_nxt)
        end_flight(c);  // perhaps the window is closed when the link has room
      return sent;
    }
  }
  return c.ack_now ? send_pure_ack(c) : Sent::kSent;
}

// What the recovery takes for lost, as far as the window lets it go.
Sent Tcp::transmit_lost(std::uint32_t slot) {
  Connection& c = connections_[slot];
  for (;;) {
    const Recovery::Range lost = recovery_->next_lost(c, context(c));
    if (lost.empty()) return Sent::kSent;
    const Resend why = SentLog(chunks_, c.log).flight().phase == Flight::Phase::kLoss
                           ? Resend::kTimeout
                           : Resend::kLost;
    if (transmit_again(slot, lost.begin, lost.end, why) == Sent::kBusy) return Sent::kBusy;
  }
}

// A segment that was sent before, or as much of it as goes into one now.
Sent Tcp::transmit_again(std::uint32_t slot, Seq begin, Seq end, Resend why) {
  Connection& c = connections_[slot];
  const Seq data_end = min(end, c.snd_una + c.send_queue.size());
  const auto length = std::min<std::uint32_t>(static_cast<std::uint32_t>(data_end - begin), c.mss);
  Seq sent_end;
  return transmit_range(slot, begin, length, c.fin_in_flight(), why, sent_end);
}

// RFC 8985, 7.3: new data if there is any, whatever the congestion window says; or the last segment
// again.
Sent Tcp::transmit_tail_probe(std::uint32_t slot) {
  Connection& c = connections_[slot];
  if (c.log == 0) return Sent::kSent;
  const std::uint32_t offset = c.cursor_offset();
  const std::uint32_t left = c.send_queue.size() > offset ? c.send_queue.size() - offset : 0;
  const std::uint32_t room = c.snd_wnd > offset ? c.snd_wnd - offset : 0;
  const std::uint32_t length = std::min({std::uint32_t{c.mss}, left, room});
  const Recovery::Range last = recovery_->probe(c, context(c));
  const Sent sent = length > 0 ? transmit_range(slot, c.snd_cursor, length, c.fin_queued,
                                                Resend::kProbe, c.snd_cursor)
                               : transmit_again(slot, last.begin, last.end, Resend::kProbe);
  if (sent == Sent::kBusy) return sent;
  recovery_->on_probe_sent(c, context(c), length == 0);
  c.tail_probe = false;
  return sent;
}

// The first unacknowledged segment again, or a probe into a window that is closed or too small:
// snd_cursor stays.
Sent Tcp::transmit_out_of_turn(std::uint32_t slot) {
  Connection& c = connections_[slot];
  const Seq cursor = c.snd_cursor;
  std::uint32_t length = std::min<std::uint32_t>(c.mss, c.send_queue.size());
  if (c.resend_first) {
    // Nothing that has not been out: the window may not have let it go yet.
    length = std::min(length, c.in_flight());
  } else if (c.probe) {
    length = std::min(length, std::max<std::uint32_t>(c.snd_wnd, 1));
  }
  const bool fin_next = c.fin_in_flight();
  if (length > 0 || fin_next) {
    Seq end;
    const Sent sent = transmit_range(slot, c.snd_una, length, fin_next,
                                     c.resend_first ? Resend::kLost : Resend::kProbe, end);
    if (sent == Sent::kBusy) return sent;
    if (c.probe) counters_.add(Count::zero_window_probes);
    if (c.resend_first) c.snd_cursor = max(cursor, end);
  }
  c.resend_first = c.probe = false;
  return Sent::kSent;
}

/// The most data that one frame takes, of so much that is left to send: a segment, or as many as
/// the link cuts from it. What is sent again goes segment by segment, and only one tells of a
/// reduced window.
std::uint32_t Tcp::frame_data(const Connection& c, std::uint32_t left) const {
  constexpr std::uint32_t kHeaders = 40 + kTcpHeaderMax;
  if (left <= c.mss || c.snd_cursor < c.snd_nxt || c.cwr_owed || c.may_fragment) return c.mss;
  const std::uint32_t packet = std::max(network_.segmentation(c.tuple.remote), kHeaders);
  const std::uint32_t segments = std::min(packet - kHeaders, data_in_pieces()) / c.mss;
  return std::max<std::uint32_t>(segments, 1) * c.mss;
}

/// How many bytes at `offset` from snd_una may go in one frame now.
std::uint32_t Tcp::sendable(const Connection& c, std::uint32_t offset) const {
  const std::uint32_t queued = c.send_queue.size();
  const std::uint32_t window = usable_window(c, offset);
  if (offset >= queued || offset >= window) return 0;
  const std::uint32_t left = queued - offset;
  const std::uint32_t length = std::min({frame_data(c, left), left, window - offset});
  if (length > c.mss) {
    // All that is behind the last full segment may be a small one.
    const std::uint32_t rest = length % c.mss;
    return length < left || waits_for_small(c, rest) ? length - rest : length;
  }
  // Rather wait than send a sliver of what there is (RFC 9293, 3.8.6.2.1); the persist timer
  // overrides.
  const bool sliver = length < c.mss && length < left && length < c.max_snd_wnd / 2;
  return sliver || waits_for_small(c, length) ? 0 : length;
}

// Nagle's rule (RFC 9293, 3.7.4), loosened: two small segments may be out, not one. Who writes,
// writes and reads does not wait for the peer's delayed ACK in between; who writes a byte at a time
// still fills no wire.
bool Tcp::waits_for_small(const Connection& c, std::uint32_t length) const {
  if (length >= c.mss || c.no_delay || c.fin_queued || c.snd_una == c.snd_cursor) return false;
  return c.small_end_before > c.snd_una;
}

// Sends [sequence, sequence + length) and, where the data ends there, the FIN; then takes note of
// it. `end` is where it ended.
Sent Tcp::transmit_range(std::uint32_t slot, Seq sequence, std::uint32_t length, bool fin_next,
                         Resend why, Seq& end) {
  Connection& c = connections_[slot];
  const auto offset = static_cast<std::uint32_t>(sequence - c.snd_una);
  const bool last = offset + length == c.send_queue.size();
  std::uint8_t flags = TcpFlags::kAck;
  if (last && length > 0) flags |= TcpFlags::kPsh;
  if (last && fin_next) flags |= TcpFlags::kFin;
  const Sent sent = send_segment(c, sequence, length, flags);
  if (sent == Sent::kBusy) return sent;

  end = sequence + length + ((flags & TcpFlags::kFin) != 0 ? 1 : 0);
  if ((flags & TcpFlags::kFin) != 0) c.fin_sent = true;
  if (sequence < c.snd_nxt) {
    ++c.retransmits;
    std::uint16_t& of_this_cause = c.resent[static_cast<std::size_t>(why)];
    if (of_this_cause != 0xffff) ++of_this_cause;
    counters_.add(Count::segments_retransmitted);
    if (c.rtt_timing && sequence < c.rtt_seq) c.rtt_timing = false;  // Karn (RFC 6298, 3)
  } else {
    if (!c.rtt_timing && c.log == 0) {
      c.rtt_timing = true;
      c.rtt_seq = end;
      c.rtt_start = now_;
    }
    if (length % c.mss != 0) {
      c.small_end_before = c.small_end;
      c.small_end = end;
    }
  }
  c.last_sent = Tick::floor(now_);
  c.snd_nxt = max(c.snd_nxt, end);
  if (c.log != 0) recovery_->on_sent(c, context(c), sequence, end);
  return sent;
}

// What is out waits for its ACK; what could not go out waits for the window.
void Tcp::rearm_after_output(std::uint32_t slot) {
  Connection& c = connections_[slot];
  const bool in_flight = c.snd_cursor > c.snd_una;
  const bool waiting =
      !c.send_queue.empty() && !in_state(c.state, states(State::kSynSent, State::kSynReceived));
  if (c.log != 0) {
    disarm(c, Timer::kPersist);
    if (SentLog(chunks_, c.log).flight().rearm || !c.is_armed(Timer::kRetransmit)) {
      arm(slot, Timer::kRetransmit, recovery_->wait(c, context(c)));
    }
  } else if (in_flight) {
    disarm(c, Timer::kPersist);
    if (!c.is_armed(Timer::kRetransmit)) arm(slot, Timer::kRetransmit, rto(c));
  } else if (waiting) {
    disarm(c, Timer::kRetransmit);
    if (!c.is_armed(Timer::kPersist)) arm(slot, Timer::kPersist, rto(c));
  } else {
    disarm(c, Timer::kPersist);
    disarm(c, Timer::kRetransmit);
  }
}

}  // namespace conker
