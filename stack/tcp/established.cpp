// The ACK field of an acceptable segment (RFC 9293, 3.10.7.4, fifth), from the ACK that establishes
// the connection on.
#include "stack/tcp/established.hpp"

#include <algorithm>

namespace conker {
namespace {

/// SND.WND as a segment announces it, in bytes: the window of a SYN or SYN-ACK is not scaled (RFC
/// 7323, 2.2).
std::uint32_t send_window(const Connection& c, const TcpSegment& segment) {
  const bool of_syn = segment.syn_done || segment.has(TcpFlags::kSyn);
  return std::uint32_t{segment.window} << (of_syn ? 0 : c.negotiated.snd_wscale);
}

}  // namespace

void Established::become_established(TcpTables& t, std::uint32_t slot, const TcpSegment& segment,
                                     Cause cause) {
  Connection& c = t.connections[slot];
  if (!Lifetime::change_state(t, slot, State::kEstablished, cause)) return;
  c.accounting.established_at = t.now;
  c.retransmits.consecutive_timeouts = 0;
  c.timers.disarm(Timer::kConnect);
  c.rtt.forget_backoff();
  c.rcv.quick_acks = kQuickAcks;
  c.buffer.limit = Limits::first_window(t);
  c.liveness.heard_at = c.buffer.round_began = Tick::floor(t.now);
  Liveness::start_liveness(t, slot);
  c.snd.wnd = c.snd.max_wnd = send_window(c, segment);
  c.snd.wl1 = segment.sequence;
  c.snd.wl2 = segment.acknowledgment;
  c.congestion.cwnd = initial_window(c.path.mss);
  c.recovery.duplicates.start(c.snd.una);
  c.snd.small_end = c.snd.small_end_before = c.recovery.ecn_recover = c.snd.una;
  if (!c.application.passive) Lifetime::post(t, slot, Event::kConnected);
  if (c.fin.queued) Lifetime::change_state(t, slot, State::kFinWait1, Cause::kClose);
  Lifetime::mark_dirty(t, slot);
}

// Processes a plausible ACK (RFC 5961, 5.2): SND.UNA, recovery, SND.WND; then the ACK of the FIN.
void Established::process_ack(TcpTables& t, std::uint32_t slot, const TcpSegment& segment) {
  Connection& c = t.connections[slot];
  const Seq ack = segment.acknowledgment;
  const bool progress = ack > c.snd.una;
  if (progress || !c.application.closed) c.retransmits.consecutive_timeouts = 0;
  // The ECE of a SYN-ACK accepts ECN and reports no CE mark (RFC 3168, 6.1.1).
  const bool ece = c.negotiated.ecn && segment.has(TcpFlags::kEce) && !segment.syn_done;
  Recovery::Reaction reaction;
  if (c.snd.all_acknowledged()) {
    // Nothing is in flight.
  } else if (ack >= c.snd.una) {
    reaction =
        Held::recovery(t, c).on_ack(c, Held::context(t), {segment, send_window(c, segment), ece});
    if (reaction.output) Lifetime::mark_dirty(t, slot);
  } else if (ece) {
    Held::recovery(t, c).on_ece(c, Held::context(t), ack);
  }
  if (progress) on_acked(t, slot, ack, reaction.restart_timer);
  if (ack >= c.snd.una) update_send_window(t, slot, segment);
  PoolRelief::tell_of_room(t, slot);

  if (!c.fin.acked) return;
  switch (c.state) {
    case State::kFinWait1:
      Lifetime::change_state(t, slot, State::kFinWait2, Cause::kSegmentAck);
      if (c.application.closed) Deadlines::arm(t, slot, Timer::kFinWait2, t.settings.fin_wait_2);
      break;
    case State::kClosing:
      Lifetime::enter_time_wait(t, slot, Cause::kSegmentAck);
      break;
    case State::kLastAck:
      Lifetime::finish_closed(t, slot, Cause::kSegmentAck);
      break;
    default:
      break;
  }
}

// RFC 3168, 6.1.3: CE is echoed as ECE until the peer's CWR says that its window is reduced. Only
// segments with data have either.
void Established::on_ce(TcpTables& t, Connection& c, const TcpSegment& segment) {
  if (segment.marked) t.counters.add(Count::marks_in);
  if (segment.payload.empty()) return;
  if (segment.has(TcpFlags::kCwr)) c.pending.ecn_echo = false;
  if (segment.marked) c.pending.ecn_echo = true;
}

// SND.UNA moves up to `ack`.
void Established::on_acked(TcpTables& t, std::uint32_t slot, Seq ack, bool restart_timer) {
  Connection& c = t.connections[slot];
  const std::uint32_t data = c.data_before(ack);
  const auto acked = static_cast<std::uint32_t>(ack - c.snd.una) - (c.snd.una == c.snd.iss ? 1 : 0);
  if (data > 0) c.send_queue.consume(t.chunks, data);
  c.recovery.advanced_at = Tick::floor(t.now);
  if (acked > data && c.fin.sent) c.fin.acked = true;
  c.snd.acknowledge(ack);
  c.icmp.type = 0;  // the path works again
  c.timing.take(ack, t.now, c.rtt);
  if (c.snd.all_acknowledged()) {  // RFC 6298, 5.2
    c.timers.disarm(Timer::kRetransmit);
    Held::end_flight(t, c);
  } else if (restart_timer) {
    Deadlines::arm(t, slot, Timer::kRetransmit, Deadlines::rto(t, c));
  }
  if (!c.send_queue.empty() || c.fin.queued) Lifetime::mark_dirty(t, slot);
}

void Established::update_send_window(TcpTables& t, std::uint32_t slot, const TcpSegment& segment) {
  Connection& c = t.connections[slot];
  if (!c.snd.updates_window(segment.sequence, segment.acknowledgment)) return;
  const std::uint32_t window = send_window(c, segment);
  if (window > c.snd.wnd && !c.send_queue.empty()) Lifetime::mark_dirty(t, slot);
  if (c.snd.wnd == 0 && window > 0) c.rtt.forget_backoff();
  c.snd.take_window(segment.sequence, segment.acknowledgment, window);
}

}  // namespace conker
