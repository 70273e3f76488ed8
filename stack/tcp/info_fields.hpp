// The fields of ConnectionInfo as `show` and other output see them. A line here adds a value
// everywhere. Values are for reading only.
#pragma once

#include "stack/base/field.hpp"
#include "stack/tcp/types.hpp"

namespace conker {

constexpr void ConnectionInfo::visit(const ConnectionInfo& self, auto&& field) {
  constexpr Unit kBytes = Unit::kBytes, kUs = Unit::kMicroseconds, kMs = Unit::kMilliseconds;
  field("id", self.id, About{.help = "id of the connection"});
  field("state", self.state, About{.help = "as RFC 9293 writes it"});
  field("local", self.local(), About{.help = "our end"});
  field("remote", self.remote(), About{.help = "the peer's end"});
  field("opened_by", self.passive ? "peer" : "us", About{.help = "us or peer"});
  field("reason", self.ended(), About{.help = "how it ended; null while it has not"});
  field("application_closed", self.application_closed,
        About{.help = "whether our side has closed it"});
  field("age_ms", self.age, About{.help = "since it was opened", .unit = kMs});
  field("queues", members([&](auto&& in) {
          in("send", self.send_queue, About{.help = "not yet acknowledged", .unit = kBytes});
          in("receive", self.receive_queue, About{.help = "not yet read", .unit = kBytes});
          in("out_of_order", self.out_of_order, About{.help = "beyond a hole", .unit = kBytes});
        }),
        About{.help = "what waits", .unit = kBytes});
  field("sequence", members([&](auto&& in) {
          in("iss", self.iss, About{.help = "our initial sequence number", .unit = Unit::kNominal});
          in("irs", self.irs, About{.help = "the peer's", .unit = Unit::kNominal});
          in("snd_una", self.snd_una,
             About{.help = "the oldest not yet acknowledged", .unit = Unit::kNominal});
          in("snd_nxt", self.snd_nxt, About{.help = "the next to be sent", .unit = Unit::kNominal});
          in("rcv_nxt", self.rcv_nxt, About{.help = "the next expected", .unit = Unit::kNominal});
        }),
        About{.help = "numbers of RFC 9293, 3.3.1"});
  field("windows", members([&](auto&& in) {
          in("snd_wnd", self.snd_wnd, About{.help = "what the peer takes", .unit = kBytes});
          in("rcv_wnd", self.rcv_wnd, About{.help = "what we take", .unit = kBytes});
          in("cwnd", self.cwnd, About{.help = "congestion window", .unit = kBytes});
          in("ssthresh", self.ssthresh, About{.help = "slow start threshold", .unit = kBytes});
          in("mss", self.mss, About{.help = "largest segment sent", .unit = kBytes});
        }),
        About{.help = "how much may be in flight", .unit = kBytes});
  field("rtt", members([&](auto&& in) {
          in("srtt", self.measured(self.srtt),
             About{.help = "smoothed; null at first", .unit = kUs});
          in("rttvar", self.measured(self.rttvar),
             About{.help = "variation; null at first", .unit = kUs});
          in("rto", self.rto, About{.help = "retransmission timeout", .unit = kUs});
        }),
        About{.help = "round trip times (RFC 6298)", .unit = kUs});
  field("options", members([&](auto&& in) {
          in("window_scale", members([&](auto&& scale) {
               scale("send", self.scale(self.snd_wscale), About{.help = "the peer's shift"});
               scale("receive", self.scale(self.rcv_wscale), About{.help = "our shift"});
             }),
             About{.help = "null where not negotiated"});
          in("timestamps", self.timestamps, About{.help = "RFC 7323"});
          in("sack", self.sack, About{.help = "RFC 2018"});
          in("ecn", self.ecn, About{.help = "RFC 3168"});
        }),
        About{.help = "what both SYNs negotiated"});
  field("receiving", members([&](auto&& in) {
          in("limit", self.receive_limit, About{.help = "of the window", .unit = kBytes});
          in("segment", self.rcv_mss, About{.help = "largest received", .unit = kBytes});
          in("quick_acks", self.quick_acks, About{.help = "segments whose ACK does not wait"});
          in("sack_blocks", self.sack_ranges(), About{.help = "what ACKs tell of, latest first"});
        }),
        About{.help = "how data is received"});
  field("keepalive",
        members(
            [&](auto&& in) {
              in("idle_ms", self.keepalive.idle,
                 About{.help = "of silence before the first probe", .unit = kMs});
              in("interval_ms", self.keepalive.interval,
                 About{.help = "between probes", .unit = kMs});
              in("count", self.keepalive.count, About{.help = "probes in all"});
              in("unanswered", self.keepalive_unanswered, About{.help = "probes so far"});
            },
            self.keepalive.idle != Duration(0)),
        About{.help = "null when off"});
  field("user_timeout_ms",
        self.user_timeout == Duration(0) ? std::nullopt : std::optional(self.user_timeout),
        About{.help = "how long data may stay unacknowledged; null: no bound", .unit = kMs});
  const IcmpError icmp = self.last_icmp.value_or(IcmpError{});
  field("last_icmp",
        members(
            [&](auto&& in) {
              in("type", icmp.type, About{.help = "RFC 792, RFC 4443"});
              in("code", icmp.code, About{.help = "RFC 792, RFC 4443"});
              in("from", icmp.from, About{.help = "the router or host that sent it"});
              in("text", to_string(icmp.kind), About{.help = "in plain words"});
            },
            self.last_icmp.has_value()),
        About{.help = "error about what is in flight; null: none"});
  field("retransmits", self.retransmits, About{.help = "segments sent again"});
  field("retransmits_by_cause", members([&](auto&& in) {
          in("lost", self.resent_lost, About{.help = "found lost by their ACKs"});
          in("timeout", self.resent_timeout, About{.help = "after a retransmission timeout"});
          in("probe", self.resent_probe, About{.help = "to probe for a lost tail"});
        }),
        About{.help = "of these; each stops at 65535"});
  field("congestion", to_string(self.congestion), About{.help = "newreno or cubic"});
  field("scoreboard",
        members(
            [&](auto&& in) {
              in("pipe", self.pipe, About{.help = "on the way", .unit = kBytes});
              in("sacked", self.sacked, About{.help = "beyond a hole", .unit = kBytes});
              in("lost", self.lost, About{.help = "taken for lost", .unit = kBytes});
              in("recovering", self.recovering, About{.help = "being repaired"});
            },
            self.tracked),
        About{.help = "of what is out; null when not kept", .unit = kBytes});
  field("bytes", members([&](auto&& in) {
          in("sent", self.bytes_sent, About{.help = "to the peer", .unit = kBytes});
          in("received", self.bytes_received, About{.help = "from the peer", .unit = kBytes});
        }),
        About{.help = "since it was opened", .unit = kBytes});
  field("timers", members([&](auto&& in) {
          constexpr About kUntil{.help = "until it fires; null where not armed", .unit = kMs};
          in("retransmit", self.until(self.retransmit_at), kUntil);
          in("persist", self.until(self.persist_at), kUntil);
          in("connect_timeout", self.until(self.connect_timeout_at), kUntil);
          in("fin_wait_2", self.until(self.fin_wait_2_at), kUntil);
          in("delayed_ack", self.until(self.delayed_ack_at), kUntil);
          in("keepalive", self.until(self.keepalive_at), kUntil);
          in("user_timeout", self.until(self.user_timeout_at), kUntil);
          in("linger", self.until(self.linger_at), kUntil);
        }),
        About{.help = "deadlines", .unit = kMs});
}

}  // namespace conker
