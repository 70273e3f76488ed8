#include "stack/tcp/compact.hpp"

namespace conker {

bool may_compact(const Connection& c, Tick now) {
  if (c.state != State::kEstablished) return false;
  constexpr Listed kOnly{.index = true};
  Listed listed = c.listed;
  listed.active = false;
  const bool sending = !c.snd.all_acknowledged() || c.snd.cursor != c.snd.nxt ||
                       !c.send_queue.empty() || c.recovery.scoreboard != 0 ||
                       c.application.wants_writable || c.recovery.duplicates.recovering() ||
                       c.timing.running || c.retransmits.consecutive_timeouts != 0 ||
                       c.snd.wl2 != c.snd.una;
  const bool receiving = !c.receive_queue.empty() || !c.out_of_order.empty() || !c.sack.empty() ||
                         c.rcv.fin_seen || c.rcv.last_ack != c.rcv.nxt;
  const bool tells = c.application.events != 0 || c.pending != Pending{};
  // Forgetting the time of the last challenge ACK would permit the next one at once.
  const bool challenged = c.challenged_at.age(now) < kChallengeEvery;
  return listed == kOnly && !sending && !receiving && !tells && !challenged &&
         !c.application.closed && c.fin == SentFin{} &&
         (c.timers.armed & ~Timers::bit(Timer::kKeepalive)) == 0;
}

// Each part names its members here, so that a new one does not compile before somebody decides
// whether it is kept. Members that are named and not used have their initial values, or follow from
// the kept ones, by may_compact().
CompactConnection::CompactConnection(const Connection& c) {
  const auto& [state, reason, fin, pending, listed, application, path, hash_, tuple_, snd, rcv,
               send_queue, receive_queue, negotiated_, timestamps_, buffer_, liveness, congestion_,
               recovery, timers, retransmits_, rtt_, timing, out_of_order, sack, icmp, accounting_,
               ended_at, challenged_at, lists] = c;
  tuple = tuple_;
  hash = hash_;
  negotiated = negotiated_;
  timestamps = timestamps_;
  buffer = buffer_;
  rtt = rtt_;
  congestion = congestion_;
  retransmits = retransmits_;
  accounting = accounting_;
  {
    const auto& [given, control, events, is_passive, nagle_off, closed, wants_writable] =
        application;
    token = given;
    algorithm = control;
    passive = is_passive;
    no_delay = nagle_off;
  }
  {
    const auto& [una, nxt, cursor, wl1, wl2, first, wnd, max_wnd, small_end, small_end_before] =
        snd;
    iss = first;
    snd_nxt = nxt;
    snd_wl1 = wl1;
    snd_wnd = wnd;
    max_snd_wnd = max_wnd;
  }
  {
    const auto& [first, nxt, adv, last_ack, fin_at, most, quick, fin_seen] = rcv;
    irs = first;
    rcv_nxt = nxt;
    rcv_adv = adv;
    rcv_mss = most;
    quick_acks = quick;
  }
  {
    const auto& [heard, idle, interval, bound, count, sent, fixed] = liveness;
    heard_at = heard;
    keepalive_idle = idle;
    keepalive_interval = interval;
    user_timeout = bound;
    keepalive_count = count;
    keepalive_sent = sent;
    user_timeout_fixed = fixed;
  }
  {
    const auto& [reduced_at, bytes, fragments] = path;
    mss_reduced_at = reduced_at;
    mss = bytes;
    may_fragment = fragments;
  }
  const auto& [duplicates, scoreboard, sent_at, advanced_at, ecn_recover] = recovery;
  last_sent = sent_at;
  keepalive_armed = timers.is_armed(Timer::kKeepalive);
  keepalive_at = timers.at(Timer::kKeepalive);
}

void CompactConnection::expand(Connection& c) const {
  c.tuple = tuple;
  c.hash = hash;
  c.state = State::kEstablished;
  c.listed.index = true;
  c.negotiated = negotiated;
  c.timestamps = timestamps;
  c.buffer = buffer;
  c.rtt = rtt;
  c.congestion = congestion;
  c.retransmits = retransmits;
  c.accounting = accounting;
  c.application = {
      .token = token, .congestion = algorithm, .passive = passive, .no_delay = no_delay};
  c.path = {.mss_reduced_at = mss_reduced_at, .mss = mss, .may_fragment = may_fragment};
  c.liveness = {.heard_at = heard_at,
                .idle = keepalive_idle,
                .interval = keepalive_interval,
                .user_timeout = user_timeout,
                .count = keepalive_count,
                .sent = keepalive_sent,
                .user_timeout_fixed = user_timeout_fixed};
  c.timers.arm(Timer::kKeepalive, keepalive_at);
  if (!keepalive_armed) c.timers.disarm(Timer::kKeepalive);

  c.snd.start(snd_nxt);
  c.snd.iss = iss;
  c.snd.wl1 = snd_wl1;
  c.snd.wl2 = c.snd.small_end = c.snd.small_end_before = snd_nxt;
  c.snd.wnd = snd_wnd;
  c.snd.max_wnd = max_snd_wnd;
  c.recovery.duplicates.start(snd_nxt);
  c.recovery.last_sent = last_sent;
  c.recovery.ecn_recover = snd_nxt - 1;  // the reduction is acknowledged: an ECE is a new one

  c.rcv.irs = irs;
  c.rcv.nxt = c.rcv.last_ack = rcv_nxt;
  c.rcv.adv = rcv_adv;
  c.rcv.mss = rcv_mss;
  c.rcv.quick_acks = quick_acks;
}

}  // namespace conker
