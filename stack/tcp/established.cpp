// What the ACK field of an acceptable segment does (RFC 9293, 3.10.7.4, fifth), from the one that
// establishes the connection on.
#include <algorithm>

#include "stack/tcp/tcp.hpp"

namespace conker {
namespace {

/// SND.WND as a segment announces it: that of a SYN is never scaled (RFC 7323, 2.2).
std::uint32_t send_window(const Connection& c, const TcpSegment& segment) {
  const bool of_syn = segment.syn_done || segment.has(TcpFlags::kSyn);
  return std::uint32_t{segment.window} << (of_syn ? 0 : c.agreed.snd_wscale);
}

}  // namespace

void Tcp::become_established(std::uint32_t slot, const TcpSegment& segment, Cause cause) {
  Connection& c = connections_[slot];
  if (!change_state(slot, State::kEstablished, cause)) return;
  c.established_at = now_;
  c.unanswered = 0;
  disarm(c, Timer::kConnect);
  c.rtt.forget_backoff();
  c.quick_acks = kQuickAcks;
  c.rcv_limit = first_window();
  c.heard_at = c.round_began = Tick::floor(now_);
  start_liveness(slot);
  c.snd_wnd = c.max_snd_wnd = send_window(c, segment);
  c.snd_wl1 = segment.sequence;
  c.snd_wl2 = segment.acknowledgment;
  c.congestion.cwnd = initial_window(c.mss);
  c.duplicates.start(c.snd_una);
  c.small_end = c.small_end_before = c.ecn_recover = c.snd_una;
  if (!c.passive) post(slot, Event::kConnected);
  if (c.fin_queued) change_state(slot, State::kFinWait1, Cause::kClose);
  mark_dirty(slot);
}

// Only with a plausible ACK.
void Tcp::process_ack(std::uint32_t slot, const TcpSegment& segment) {
  Connection& c = connections_[slot];
  const Seq ack = segment.acknowledgment;
  const bool progress = ack > c.snd_una;
  if (progress || !c.application_closed) c.unanswered = 0;
  if (c.log != 0 && ack >= c.snd_una) {
    recovery_->on_ack(c, context(c), segment);
    mark_dirty(slot);
  }
  // In a SYN-ACK it has agreed to ECN (RFC 3168, 6.1.1).
  if (c.agreed.ecn && segment.has(TcpFlags::kEce) && !segment.syn_done) take_echo(c, segment);
  if (progress) {
    acknowledge(slot, ack);
  } else if (c.log == 0 && ack == c.snd_una && segment.length() == 0 && c.snd_nxt > c.snd_una &&
             send_window(c, segment) == c.snd_wnd && segment.window > 0) {
    duplicate_ack(slot);
  }
  if (ack >= c.snd_una) update_send_window(slot, segment);
  tell_of_room(slot);

  if (!c.fin_acked) return;
  switch (c.state) {
    case State::kFinWait1:
      change_state(slot, State::kFinWait2, Cause::kSegmentAck);
      if (c.application_closed) arm(slot, Timer::kFinWait2, settings_.fin_wait_2);
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
  if (segment.has(TcpFlags::kCwr)) c.ecn_echo = false;
  if (segment.marked) c.ecn_echo = true;
}

// RFC 3168, 6.1.2: as for a loss, once a window of data, and nothing is sent again.
void Tcp::take_echo(Connection& c, const TcpSegment& segment) {
  if (c.snd_una == c.snd_nxt || segment.acknowledgment <= c.ecn_recover) return;
  c.ecn_recover = c.snd_nxt;
  c.cwr_owed = true;
  const bool repairing = c.log != 0 ? SentLog(chunks_, c.log).flight().phase != Flight::Phase::kOpen
                                    : c.duplicates.recovering();
  if (repairing) return;  // it has been reduced already
  c.congestion.ssthresh = control(c).reduce(c.congestion, flight_size(c), c.mss, now_);
  c.congestion.cwnd = c.congestion.ssthresh;
  counters_.add(Count::ecn_reductions);
}

// One more ACK for the same (RFC 5681, 2), without SACK.
void Tcp::duplicate_ack(std::uint32_t slot) {
  Connection& c = connections_[slot];
  if (c.duplicates.on_duplicate(c.snd_una, c.congestion, c.mss)) {
    const std::uint32_t ssthresh = control(c).reduce(c.congestion, flight_size(c), c.mss, now_);
    c.duplicates.begin(c.snd_nxt, ssthresh, c.congestion, c.mss);
    counters_.add(Count::fast_retransmits);
    c.resend_first = true;
  }
  mark_dirty(slot);
}

// snd_una moves up to `ack`.
void Tcp::acknowledge(std::uint32_t slot, Seq ack) {
  Connection& c = connections_[slot];
  auto acked = static_cast<std::uint32_t>(ack - c.snd_una);
  if (c.snd_una == c.iss) --acked;  // our SYN
  const std::uint32_t data = std::min(acked, c.send_queue.size());
  if (data > 0) c.send_queue.consume(chunks_, data);
  c.advanced_at = Tick::floor(now_);
  if (acked > data && c.fin_sent) c.fin_acked = true;
  c.snd_una = ack;
  c.icmp_type = 0;  // the way is there again
  if (c.snd_cursor < ack) c.snd_cursor = ack;

  Duration rtt{};
  if (c.rtt_timing && ack >= c.rtt_seq) {
    rtt = std::max<Duration>(now_ - c.rtt_start, 1us);
    c.rtt.sample(rtt);
    c.rtt_timing = false;
  }
  if (data > 0 && c.log == 0) {
    control(c).on_round_trip(c.congestion, ack, c.snd_nxt, rtt);
    const auto flight = static_cast<std::uint32_t>(c.snd_nxt - ack);
    if (c.duplicates.recovering()) {
      c.resend_first = c.duplicates.on_progress(ack, data, flight, c.congestion, c.mss);
    } else {
      c.duplicates.on_progress(ack, data, flight, c.congestion, c.mss);
      // A window that is not in use does not grow (RFC 7661, 4.1).
      if (data + flight + 2u * c.mss >= std::min(c.congestion.cwnd, c.snd_wnd)) {
        control(c).on_ack(c.congestion, data, c.mss, c.rtt.srtt(), now_);
      }
    }
  }
  // RFC 6298, 5.2 and 5.3. Where segments are watched one by one, output() sets the timer.
  if (c.snd_una == c.snd_nxt) {
    disarm(c, Timer::kRetransmit);
    end_flight(c);
  } else if (c.log == 0) {
    arm(slot, Timer::kRetransmit, rto(c));
  }
  if (!c.send_queue.empty() || c.fin_queued) mark_dirty(slot);
}

// A segment that fills a hole begins before one that has told of a window already; its ACK says
// whether it is newer.
void Tcp::update_send_window(std::uint32_t slot, const TcpSegment& segment) {
  Connection& c = connections_[slot];
  const Seq ack = segment.acknowledgment;
  const bool newer = c.snd_wl1 < segment.sequence || c.snd_wl2 < ack ||
                     (c.snd_wl1 == segment.sequence && c.snd_wl2 == ack);
  if (!newer) return;
  const std::uint32_t window = send_window(c, segment);
  if (window > c.snd_wnd && !c.send_queue.empty()) mark_dirty(slot);
  if (c.snd_wnd == 0 && window > 0) c.rtt.forget_backoff();
  c.snd_wnd = window;
  c.max_snd_wnd = std::max(c.max_snd_wnd, c.snd_wnd);
  c.snd_wl1 = max(c.snd_wl1, segment.sequence);
  c.snd_wl2 = ack;
}

}  // namespace conker
