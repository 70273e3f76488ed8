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
  if (c.recovery.scoreboard != 0 && ack >= c.snd.una) {
    recovery_->on_ack(c, context(c), segment);
    mark_dirty(slot);
  }
  // In a SYN-ACK it has agreed to ECN (RFC 3168, 6.1.1).
  if (c.negotiated.ecn && segment.has(TcpFlags::kEce) && !segment.syn_done) take_echo(c, segment);
  if (progress) {
    acknowledge(slot, ack);
  } else if (c.recovery.scoreboard == 0 && ack == c.snd.una && segment.length() == 0 &&
             c.snd.nxt > c.snd.una && send_window(c, segment) == c.snd.wnd && segment.window > 0) {
    duplicate_ack(slot);
  }
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
void Tcp::take_marks(Connection& c, const TcpSegment& segment) {
  if (segment.marked) counters_.add(Count::marks_in);
  if (segment.payload.empty()) return;
  if (segment.has(TcpFlags::kCwr)) c.pending.ecn_echo = false;
  if (segment.marked) c.pending.ecn_echo = true;
}

// RFC 3168, 6.1.2: as for a loss, once a window of data, and nothing is sent again.
void Tcp::take_echo(Connection& c, const TcpSegment& segment) {
  if (c.snd.una == c.snd.nxt || segment.acknowledgment <= c.recovery.ecn_recover) return;
  c.recovery.ecn_recover = c.snd.nxt;
  c.pending.cwr = true;
  const bool repairing =
      c.recovery.scoreboard != 0
          ? SentLog(chunks_, c.recovery.scoreboard).flight().phase != Flight::Phase::kOpen
          : c.recovery.duplicates.recovering();
  if (repairing) return;  // it has been reduced already
  c.congestion.ssthresh = control(c).reduce(c.congestion, flight_size(c), c.path.mss, now_);
  c.congestion.cwnd = c.congestion.ssthresh;
  counters_.add(Count::ecn_reductions);
}

// One more ACK for the same (RFC 5681, 2), without SACK.
void Tcp::duplicate_ack(std::uint32_t slot) {
  Connection& c = connections_[slot];
  if (c.recovery.duplicates.on_duplicate(c.snd.una, c.congestion, c.path.mss)) {
    const std::uint32_t ssthresh =
        control(c).reduce(c.congestion, flight_size(c), c.path.mss, now_);
    c.recovery.duplicates.begin(c.snd.nxt, ssthresh, c.congestion, c.path.mss);
    counters_.add(Count::fast_retransmits);
    c.pending.fast_retransmit = true;
  }
  mark_dirty(slot);
}

// snd_una moves up to `ack`.
void Tcp::acknowledge(std::uint32_t slot, Seq ack) {
  Connection& c = connections_[slot];
  auto acked = static_cast<std::uint32_t>(ack - c.snd.una);
  if (c.snd.una == c.snd.iss) --acked;  // our SYN
  const std::uint32_t data = std::min(acked, c.send_queue.size());
  if (data > 0) c.send_queue.consume(chunks_, data);
  c.recovery.advanced_at = Tick::floor(now_);
  if (acked > data && c.fin.sent) c.fin.acked = true;
  c.snd.una = ack;
  c.icmp.type = 0;  // the way is there again
  if (c.snd.cursor < ack) c.snd.cursor = ack;

  Duration rtt{};
  if (c.timing.running && ack >= c.timing.end) {
    rtt = std::max<Duration>(now_ - c.timing.began, 1us);
    c.rtt.sample(rtt);
    c.timing.running = false;
  }
  if (data > 0 && c.recovery.scoreboard == 0) {
    control(c).on_round_trip(c.congestion, ack, c.snd.nxt, rtt);
    const auto flight = static_cast<std::uint32_t>(c.snd.nxt - ack);
    if (c.recovery.duplicates.recovering()) {
      c.pending.fast_retransmit =
          c.recovery.duplicates.on_progress(ack, data, flight, c.congestion, c.path.mss);
    } else {
      c.recovery.duplicates.on_progress(ack, data, flight, c.congestion, c.path.mss);
      // A window that is not in use does not grow (RFC 7661, 4.1).
      if (data + flight + 2u * c.path.mss >= std::min(c.congestion.cwnd, c.snd.wnd)) {
        control(c).on_ack(c.congestion, data, c.path.mss, c.rtt.srtt(), now_);
      }
    }
  }
  // RFC 6298, 5.2 and 5.3. Where segments are watched one by one, output() sets the timer.
  if (c.snd.una == c.snd.nxt) {
    disarm(c, Timer::kRetransmit);
    end_flight(c);
  } else if (c.recovery.scoreboard == 0) {
    arm(slot, Timer::kRetransmit, rto(c));
  }
  if (!c.send_queue.empty() || c.fin.queued) mark_dirty(slot);
}

// A segment that fills a hole begins before one that has told of a window already; its ACK says
// whether it is newer.
void Tcp::update_send_window(std::uint32_t slot, const TcpSegment& segment) {
  Connection& c = connections_[slot];
  const Seq ack = segment.acknowledgment;
  const bool newer = c.snd.wl1 < segment.sequence || c.snd.wl2 < ack ||
                     (c.snd.wl1 == segment.sequence && c.snd.wl2 == ack);
  if (!newer) return;
  const std::uint32_t window = send_window(c, segment);
  if (window > c.snd.wnd && !c.send_queue.empty()) mark_dirty(slot);
  if (c.snd.wnd == 0 && window > 0) c.rtt.forget_backoff();
  c.snd.wnd = window;
  c.snd.max_wnd = std::max(c.snd.max_wnd, c.snd.wnd);
  c.snd.wl1 = max(c.snd.wl1, segment.sequence);
  c.snd.wl2 = ack;
}

}  // namespace conker
