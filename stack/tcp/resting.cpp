#include "stack/tcp/resting.hpp"

namespace conker {

bool may_rest(const Connection& c, Tick now) {
  if (c.state != State::kEstablished) return false;
  constexpr std::uint16_t kMayRun = 1u << static_cast<unsigned>(Timer::kKeepalive);
  const bool listed = c.on_dirty || c.on_ready || c.on_reap || c.in_accept_queue;
  const bool sending = c.snd_una != c.snd_nxt || c.snd_cursor != c.snd_nxt ||
                       !c.send_queue.empty() || c.log != 0 || c.wants_writable ||
                       c.duplicates.recovering() || c.rtt_timing || c.unanswered != 0 ||
                       c.snd_wl2 != c.snd_una;
  const bool receiving = !c.receive_queue.empty() || !c.out_of_order.empty() || !c.sack.empty() ||
                         c.peer_fin_seen || c.last_ack != c.rcv_nxt;
  const bool owing = c.events != 0 || c.duplicate_acks_owed != 0 || c.ack_now || c.resend_first ||
                     c.probe || c.tail_probe || c.ecn_echo || c.cwr_owed || c.keepalive_due ||
                     c.user_timeout_owed;
  // Forgetting when it was challenged last would let it be challenged again at once.
  const bool challenged = c.challenged_at.age(now) < kChallengeEvery;
  return !listed && !sending && !receiving && !owing && !challenged && c.hashed &&
         !c.application_closed && !c.fin_queued && (c.armed & ~kMayRun) == 0;
}

Resting::Resting(const Connection& c)
    : tuple(PackedTuple::of(c.tuple)),
      hash(c.hash),
      agreed(c.agreed),
      passive(c.passive),
      no_delay(c.no_delay),
      syn_resent(c.syn_resent),
      user_timeout_fixed(c.user_timeout_fixed),
      keepalive_armed(c.is_armed(Timer::kKeepalive)),
      may_fragment(c.may_fragment),
      algorithm(c.algorithm),
      quick_acks(c.quick_acks),
      keepalive_count(c.keepalive_count),
      keepalive_sent(c.keepalive_sent),
      mss(c.mss),
      rcv_mss(c.rcv_mss),
      ts_offset(c.ts_offset),
      ts_recent_at(c.ts_recent_at),
      heard_at(c.heard_at),
      last_sent(c.last_sent),
      mss_reduced_at(c.mss_reduced_at),
      keepalive_at(c.deadlines[static_cast<unsigned>(Timer::kKeepalive)]),
      iss(c.iss),
      snd_nxt(c.snd_nxt),
      snd_wl1(c.snd_wl1),
      snd_wnd(c.snd_wnd),
      max_snd_wnd(c.max_snd_wnd),
      irs(c.irs),
      rcv_nxt(c.rcv_nxt),
      rcv_adv(c.rcv_adv),
      rcv_limit(c.rcv_limit),
      round_bytes(c.round_bytes),
      round_began(c.round_began),
      keepalive_idle(c.keepalive_idle),
      keepalive_interval(c.keepalive_interval),
      user_timeout(c.user_timeout),
      rtt(c.rtt),
      congestion(c.congestion),
      cookie(c.cookie),
      retransmits(c.retransmits),
      resent(c.resent),
      opened_at(c.opened_at),
      established_at(c.established_at),
      bytes_sent(c.bytes_sent),
      bytes_received(c.bytes_received) {}

void Resting::wake(Connection& c) const {
  c.tuple = tuple.whole();
  c.hash = hash;
  c.hashed = true;
  c.state = State::kEstablished;
  c.agreed = agreed;
  c.passive = passive;
  c.no_delay = no_delay;
  c.syn_resent = syn_resent;
  c.user_timeout_fixed = user_timeout_fixed;
  c.may_fragment = may_fragment;
  c.algorithm = algorithm;
  c.quick_acks = quick_acks;
  c.mss = mss;
  c.rcv_mss = rcv_mss;
  c.ts_offset = ts_offset;
  c.ts_recent_at = ts_recent_at;
  c.heard_at = heard_at;
  c.last_sent = last_sent;
  c.mss_reduced_at = mss_reduced_at;

  c.iss = iss;
  c.snd_una = c.snd_nxt = c.snd_cursor = c.snd_wl2 = snd_nxt;
  c.small_end = c.small_end_before = snd_nxt;
  c.ecn_recover = snd_nxt - 1;  // what was reduced for is acknowledged, so any echo is news
  c.duplicates.start(snd_nxt);
  c.snd_wl1 = snd_wl1;
  c.snd_wnd = snd_wnd;
  c.max_snd_wnd = max_snd_wnd;
  c.irs = irs;
  c.rcv_nxt = c.last_ack = rcv_nxt;
  c.rcv_adv = rcv_adv;
  c.rcv_limit = rcv_limit;
  c.round_bytes = round_bytes;
  c.round_began = round_began;

  c.keepalive_idle = keepalive_idle;
  c.keepalive_interval = keepalive_interval;
  c.keepalive_count = keepalive_count;
  c.keepalive_sent = keepalive_sent;
  if (keepalive_armed) c.armed = 1u << static_cast<unsigned>(Timer::kKeepalive);
  c.deadlines[static_cast<unsigned>(Timer::kKeepalive)] = keepalive_at;
  c.user_timeout = user_timeout;

  c.rtt = rtt;
  c.congestion = congestion;
  c.cookie = cookie;
  c.retransmits = retransmits;
  c.resent = resent;
  c.opened_at = opened_at;
  c.established_at = established_at;
  c.bytes_sent = bytes_sent;
  c.bytes_received = bytes_received;
}

}  // namespace conker
