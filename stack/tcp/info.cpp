// Answers to questions.
#include <algorithm>

#include "stack/tcp/tcp.hpp"

namespace conker {

bool Tcp::info(ConnectionId id, ConnectionInfo& out) const {
  if (!connections_.holds(id)) return false;
  out = info_of(id.slot);
  return true;
}

ConnectionInfo Tcp::info_of(std::uint32_t slot) const {
  const Connection& c = connections_[slot];
  const auto deadline = [&](Timer timer) {
    return c.is_armed(timer) ? c.deadlines[static_cast<unsigned>(timer)].instant(now_) : kNever;
  };
  ConnectionInfo info;
  info.id = connections_.id(slot);
  info.tuple = c.tuple;
  info.state = c.state;
  info.reason = c.reason;
  info.passive = c.passive;
  info.application_closed = c.application_closed;
  info.cookie = c.cookie;
  info.age = now_ - c.opened_at;
  info.send_queue = c.send_queue.size();
  info.receive_queue = c.receive_queue.size();
  info.out_of_order = c.out_of_order.bytes(chunks_);
  info.iss = c.iss;
  info.irs = c.irs;
  info.snd_una = c.snd_una;
  info.snd_nxt = c.snd_nxt;
  info.rcv_nxt = c.rcv_nxt;
  info.snd_wnd = c.snd_wnd;
  info.rcv_wnd = c.rcv_wnd();
  info.cwnd = c.congestion.cwnd;
  info.ssthresh = c.congestion.ssthresh;
  info.congestion = c.algorithm;
  if (c.log != 0) {
    SentLog log(chunks_, c.log);
    info.tracked = true;
    info.pipe = log.flight().pipe;
    info.sacked = log.flight().sacked;
    info.lost = c.in_flight() - info.pipe - info.sacked;
    info.recovering = log.flight().phase != Flight::Phase::kOpen;
  }
  info.mss = c.mss;
  info.rtt_measured = c.rtt.measured();
  info.srtt = c.rtt.srtt();
  info.rttvar = c.rtt.rttvar();
  info.rto = rto(c);
  info.retransmits = c.retransmits;
  info.resent_lost = c.resent[static_cast<std::size_t>(Resend::kLost)];
  info.resent_timeout = c.resent[static_cast<std::size_t>(Resend::kTimeout)];
  info.resent_probe = c.resent[static_cast<std::size_t>(Resend::kProbe)];
  info.bytes_sent = c.bytes_sent;
  info.bytes_received = c.bytes_received;
  info.window_scaling = c.agreed.window_scaling;
  info.timestamps = c.agreed.timestamps;
  info.sack = c.agreed.sack;
  info.ecn = c.agreed.ecn;
  info.snd_wscale = c.agreed.snd_wscale;
  info.rcv_wscale = c.agreed.rcv_wscale;
  info.receive_limit = receive_limit(c);
  info.rcv_mss = c.rcv_mss;
  info.quick_acks = c.quick_acks;
  info.sack_count = static_cast<std::uint8_t>(c.sack.blocks().size());
  std::ranges::copy(c.sack.blocks(), info.sack_blocks.begin());
  info.keepalive = {.idle = Tick::duration(c.keepalive_idle),
                    .interval = Tick::duration(c.keepalive_interval),
                    .count = c.keepalive_count};
  info.keepalive_unanswered = c.keepalive_sent;
  info.user_timeout = Tick::duration(c.user_timeout);
  if (c.icmp_type != 0) {
    info.last_icmp = IcmpError{c.icmp_type, c.icmp_code, IpAddress::v4(c.icmp_from)};
  }
  info.opened_at = c.opened_at;
  info.established_at = c.established_at;
  info.ended_at = c.ended_at;
  info.retransmit_at = deadline(Timer::kRetransmit);
  info.persist_at = deadline(Timer::kPersist);
  info.connect_timeout_at = deadline(Timer::kConnect);
  info.fin_wait_2_at = deadline(Timer::kFinWait2);
  info.delayed_ack_at = deadline(Timer::kDelayedAck);
  info.keepalive_at = deadline(Timer::kKeepalive);
  info.user_timeout_at = deadline(Timer::kUserTimeout);
  info.linger_at = deadline(Timer::kLinger);
  return info;
}

}  // namespace conker
