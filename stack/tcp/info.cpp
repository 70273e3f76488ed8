// STATUS (RFC 9293, 3.10.6): what is told of a connection.
#include "stack/tcp/info.hpp"

#include <algorithm>

namespace conker {

ConnectionInfo Info::of(std::uint32_t slot) const {
  const Connection& c = t_.connections[slot];
  ConnectionInfo info;
  info.asked_at = t_.now;
  info.id = t_.connections.id(slot);
  info.tuple = c.tuple;
  info.state = c.state;
  info.reason = c.reason;
  info.passive = c.application.passive;
  info.application_closed = c.application.closed;
  info.syn_challenged = c.retransmits.syn_hurried;
  info.token = c.application.token;
  info.age = t_.now - c.accounting.opened_at;
  info.send_queue = c.send_queue.size();
  info.receive_queue = c.receive_queue.size();
  info.out_of_order = c.out_of_order.bytes(t_.chunks);
  info.iss = c.snd.iss;
  info.irs = c.rcv.irs;
  info.snd_una = c.snd.una;
  info.snd_nxt = c.snd.nxt;
  info.rcv_nxt = c.rcv.nxt;
  info.snd_wnd = c.snd.wnd;
  info.rcv_wnd = c.rcv.wnd();
  tell_of_sending(c, info);
  info.bytes_sent = c.accounting.bytes_sent;
  info.bytes_received = c.accounting.bytes_received;
  tell_of_options(c, info);
  info.receive_limit = Limits::receive_limit(t_, c);
  info.rcv_mss = c.rcv.mss;
  info.quick_acks = c.rcv.quick_acks;
  info.sack_count = static_cast<std::uint8_t>(c.sack.blocks().size());
  std::ranges::copy(c.sack.blocks(), info.sack_blocks.begin());
  info.keepalive = {.idle = Tick::duration(c.liveness.idle),
                    .interval = Tick::duration(c.liveness.interval),
                    .count = c.liveness.count};
  info.keepalive_unanswered = c.liveness.sent;
  info.user_timeout = Tick::duration(c.liveness.user_timeout);
  if (c.icmp.type != 0) {
    info.last_icmp = c.icmp;
  }
  info.opened_at = c.accounting.opened_at;
  info.established_at = c.accounting.established_at;
  info.ended_at = c.ended_at;
  tell_of_deadlines(c, info);
  return info;
}

void Info::tell_of_sending(const Connection& c, ConnectionInfo& info) const {
  info.cwnd = c.congestion.cwnd;
  info.ssthresh = c.congestion.ssthresh;
  info.congestion = c.application.congestion;
  if (const Flight* flight = Scoreboard::flight_of(t_.chunks, c.recovery.scoreboard)) {
    info.tracked = true;
    info.pipe = flight->pipe;
    info.sacked = flight->sacked;
    info.lost = c.snd.in_flight() - info.pipe - info.sacked;
    info.recovering = flight->phase != Flight::Phase::kOpen;
  }
  info.mss = c.path.mss;
  info.rtt_measured = c.rtt.measured();
  info.srtt = c.rtt.srtt();
  info.rttvar = c.rtt.rttvar();
  info.rto = c.rto(t_.settings);
  info.retransmits = c.retransmits.total;
  info.resent_lost = c.retransmits.by_cause[static_cast<std::size_t>(Resend::kLost)];
  info.resent_timeout = c.retransmits.by_cause[static_cast<std::size_t>(Resend::kTimeout)];
  info.resent_probe = c.retransmits.by_cause[static_cast<std::size_t>(Resend::kProbe)];
}

void Info::tell_of_options(const Connection& c, ConnectionInfo& info) const {
  info.window_scaling = c.negotiated.window_scaling;
  info.timestamps = c.negotiated.timestamps;
  info.sack = c.negotiated.sack;
  info.ecn = c.negotiated.ecn;
  info.snd_wscale = c.negotiated.snd_wscale;
  info.rcv_wscale = c.negotiated.rcv_wscale;
  info.next_timestamps = t_.timestamps_now(c.timestamps.offset, c.negotiated.ts_recent);
}

void Info::tell_of_deadlines(const Connection& c, ConnectionInfo& info) const {
  const auto deadline = [&](Timer timer) {
    return c.timers.is_armed(timer) ? c.timers.at(timer).instant(t_.now) : kNever;
  };
  info.retransmit_at = deadline(Timer::kRetransmit);
  info.persist_at = deadline(Timer::kPersist);
  info.connect_timeout_at = deadline(Timer::kConnect);
  info.fin_wait_2_at = deadline(Timer::kFinWait2);
  info.delayed_ack_at = deadline(Timer::kDelayedAck);
  info.keepalive_at = deadline(Timer::kKeepalive);
  info.user_timeout_at = deadline(Timer::kUserTimeout);
  info.linger_at = deadline(Timer::kLinger);
}

}  // namespace conker
