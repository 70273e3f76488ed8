// What the ACK field of an acceptable segment does (RFC 9293, 3.10.7.4, fifth), from the one that
// establishes the connection on.
#include <algorithm>

#include "stack/tcp/tcp.hpp"

namespace conker {
namespace {

/// SND.WND as a segment announces it: that of a SYN is never scaled (RFC 7323, 2.2).
std::uint32_t send_window(const Connection& c, const TcpSegment& segment) {
  const bool of_syn = segment.syn_done || segment.has(TcpFlags::kSyn);
  return std::uint32_t{segment.window} << (of_syn ? 0 : c.negotiated.snd_wscale);
}

}  // namespace

void Tcp::become_established(std::uint32_t slot, const TcpSegment& segment, Cause cause) {
  Connection& c = connections_[slot];
  if (!change_state(slot, State::kEstablished, cause)) return;
  c.accounting.established_at = now_;
  c.retransmits.consecutive_timeouts = 0;
  disarm(c, Timer::kConnect);
  c.rtt.forget_backoff();
  c.rcv.quick_acks = kQuickAcks;
  c.buffer.limit = first_window();
  c.liveness.heard_at = c.buffer.round_began = Tick::floor(now_);
  start_liveness(slot);
  c.snd.wnd = c.snd.max_wnd = send_window(c, segment);
  c.snd.wl1 = segment.sequence;
  c.snd.wl2 = segment.acknowledgment;
  c.congestion.cwnd = initial_window(c.path.mss);
  c.recovery.duplicates.start(c.snd.una);
  c.snd.small_end = c.snd.small_end_before = c.recovery.ecn_recover = c.snd.una;
  if (!c.application.passive) post(slot, Event::kConnected);
  if (c.fin.queued) change_state(slot, State::kFinWait1, Cause::kClose);
  mark_dirty(slot);
}

// Only with a plausible ACK.
void Tcp::process_ack(std::uint32_t slot, const TcpSegment& segment) {
  Connection& c = connections_[slot];
  const Seq ack = segment.acknowledgment;
  const bool progress = ack > c.snd.una;
  if (progress || !c.application.closed) c.retransmits.consecutive_timeouts = 0;
  // In a SYN-ACK it has agreed to ECN (RFC 3168, 6.1.1).
  const bool ece = c.negotiated.ecn && segment.has(TcpFlags::kEce) && !segment.syn_done;
  Recovery::Reaction reaction;
  if (c.snd.all_acknowledged()) {
    // Nothing that it could be about.
  } else if (ack >= c.snd.una) {
    reaction = recovery(c).on_ack(c, context(c), {segment, send_window(c, segment), ece});
    if (reaction.output) mark_dirty(slot);
  } else if (ece) {
    recovery(c).on_ece(c, context(c), ack);
  }
  if (progress) on_acked(slot, ack, reaction.restart_timer);
  if (ack >= c.snd.una) update_send_window(slot, segment);
  tell_of_room(slot);

  if (!c.fin.acked) return;
  switch (c.state) {
    case State::kFinWait1:
      change_state(slot, State::kFinWait2, Cause::kSegmentAck);
      if (c.application.closed) arm(slot, Timer::kFinWait2, settings_.fin_wait_2);
      break;
    case State::kClosing:
      enter_time_wait(slot, Cause::kSegmentAck);
      break;
    case State::kLastAck:
      finish_closed(slot, Cause::kSegmentAck);
      break;
    default:
      break;
  }
}

// RFC 3168, 6.1.3: a mark is echoed until the peer says that it has reduced its window. Both go
// with data.
void Tcp::on_ce(Connection& c, const TcpSegment& segment) {
  if (segment.marked) counters_.add(Count::marks_in);
  if (segment.payload.empty()) return;
  if (segment.has(TcpFlags::kCwr)) c.pending.ecn_echo = false;
  if (segment.marked) c.pending.ecn_echo = true;
}

// SND.UNA moves up to `ack`.
void Tcp::on_acked(std::uint32_t slot, Seq ack, bool restart_timer) {
  Connection& c = connections_[slot];
  const std::uint32_t data = c.data_before(ack);
  const auto acked = static_cast<std::uint32_t>(ack - c.snd.una) - (c.snd.una == c.snd.iss ? 1 : 0);
  if (data > 0) c.send_queue.consume(chunks_, data);
  c.recovery.advanced_at = Tick::floor(now_);
  if (acked > data && c.fin.sent) c.fin.acked = true;
  c.snd.acknowledge(ack);
  c.icmp.type = 0;  // the way is there again
  c.timing.take(ack, now_, c.rtt);
  if (c.snd.all_acknowledged()) {  // RFC 6298, 5.2
    disarm(c, Timer::kRetransmit);
    end_flight(c);
  } else if (restart_timer) {
    arm(slot, Timer::kRetransmit, rto(c));
  }
  if (!c.send_queue.empty() || c.fin.queued) mark_dirty(slot);
}

void Tcp::update_send_window(std::uint32_t slot, const TcpSegment& segment) {
  Connection& c = connections_[slot];
  if (!c.snd.window_is_news(segment.sequence, segment.acknowledgment)) return;
  const std::uint32_t window = send_window(c, segment);
  if (window > c.snd.wnd && !c.send_queue.empty()) mark_dirty(slot);
  if (c.snd.wnd == 0 && window > 0) c.rtt.forget_backoff();
  c.snd.take_window(segment.sequence, segment.acknowledgment, window);
}

}  // namespace conker
