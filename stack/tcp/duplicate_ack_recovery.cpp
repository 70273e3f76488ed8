#include "stack/tcp/duplicate_ack_recovery.hpp"

#include <algorithm>

namespace conker {

void DuplicateAckRecovery::on_sent(Connection& c, const Context& context, Seq begin,
                                   Seq end) const {
  if (begin >= c.snd.nxt && !c.timing.running) c.timing.start(end, context.now);
}

Recovery::Reaction DuplicateAckRecovery::on_ack(Connection& c, const Context& context,
                                                const Ack& ack) const {
  const Seq number = ack.segment.acknowledgment;
  if (ack.ece) on_ece(c, context, number);
  if (number > c.snd.una) {
    on_progress(c, context, number);
    return {.restart_timer = true};
  }
  // RFC 5681, 2: one more ACK for the same.
  const bool duplicate =
      ack.segment.length() == 0 && ack.window == c.snd.wnd && ack.segment.window > 0;
  if (!duplicate) return {};
  if (c.recovery.duplicates.on_duplicate(c.snd.una, c.congestion, c.path.mss)) {
    c.recovery.duplicates.begin(c.snd.nxt, reduced(c, context), c.congestion, c.path.mss);
    context.counters.add(Count::fast_retransmits);
    c.pending.fast_retransmit = true;
  }
  return {.output = true};
}

void DuplicateAckRecovery::on_progress(Connection& c, const Context& context, Seq ack) const {
  const Duration rtt = c.timing.take(ack, context.now, c.rtt);
  const std::uint32_t data = c.data_before(ack);
  if (data == 0) return;
  context.control(c).on_round_trip(c.congestion, ack, c.snd.nxt, rtt);
  const auto flight = static_cast<std::uint32_t>(c.snd.nxt - ack);
  const bool recovering = c.recovery.duplicates.recovering();
  const bool again = c.recovery.duplicates.on_progress(ack, data, flight, c.congestion, c.path.mss);
  if (recovering) {
    c.pending.fast_retransmit = again;
  } else if (data + flight + 2u * c.path.mss >= std::min(c.congestion.cwnd, c.snd.wnd)) {
    // A window that is not in use does not grow (RFC 7661, 4.1).
    context.control(c).on_ack(c.congestion, data, c.path.mss, c.rtt.srtt(), context.now);
  }
}

// Without what limited transmit has sent (RFC 5681, 3.2, (2)).
std::uint32_t DuplicateAckRecovery::reduced(Connection& c, const Context& context) const {
  const std::uint32_t flight =
      c.recovery.duplicates.without_extra(c.snd.in_flight(), c.congestion.cwnd, c.path.mss);
  return context.control(c).reduce(c.congestion, flight, c.path.mss, context.now);
}

void DuplicateAckRecovery::on_timeout(Connection& c, const Context& context) const {
  if (c.retransmits.consecutive_timeouts == 0) c.congestion.ssthresh = reduced(c, context);
  c.congestion.cwnd = c.path.mss;
  c.recovery.duplicates.on_timeout(c.snd.nxt);
  c.snd.rewind();
}

}  // namespace conker
