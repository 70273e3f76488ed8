// Sends one segment: its header, and what it tells of the receiving side.
#include "stack/tcp/emit.hpp"

#include <algorithm>

#include "stack/tcp/user_timeout.hpp"

namespace conker {

// The sequence number of a segment without data: SND.NXT, but no more than the right edge of the
// peer's window, which a probe exceeds: beyond it the peer refuses even an ACK or a RST.
Seq Emit::bare_sequence(const Connection& c) {
  return min(c.snd.nxt, c.snd.una + c.snd.wnd);
}

Sent Emit::send_pure_ack(TcpTables& t, Connection& c) {
  return send_segment(t, c, bare_sequence(c), 0, TcpFlags::kAck);
}

Sent Emit::send_segment(TcpTables& t, Connection& c, Seq sequence, std::uint32_t length,
                        std::uint8_t flags) {
  PacketOut packet;
  if (length > 0) {
    const std::uint32_t pieces = Held::gather(t, c, sequence, length);
    packet.pieces = t.pieces.first(1 + pieces);
    if (length > c.path.mss) packet.segment = c.path.mss;
  }
  packet.may_fragment = c.path.may_fragment;
  TcpSegment segment;
  segment.source = c.tuple.local_port;
  segment.destination = c.tuple.remote_port;
  segment.sequence = sequence;
  segment.acknowledgment = c.rcv.nxt;
  segment.flags = flags;
  segment.window = advertise(t, c);
  if (c.negotiated.timestamps)
    segment.timestamps = t.timestamps_now(c.timestamps.offset, c.negotiated.ts_recent);
  report(t, c, length, segment);
  const bool new_data = length > 0 && sequence >= c.snd.nxt;
  if (c.negotiated.ecn) mark_for_ecn(c, new_data, segment, packet);
  const Sent sent = send_packet(t, c.tuple, segment, packet);
  if (sent != Sent::kBusy) {
    on_ack_sent(c, segment);
    if (new_data) c.pending.cwr = false;
    if (length > c.path.mss) t.counters.add(Count::segments_out, (length - 1) / c.path.mss);
  }
  return sent;
}

// Sets ECT(0), CWR and ECE. Only new data is ECN-capable (RFC 3168, 6.1.5).
void Emit::mark_for_ecn(const Connection& c, bool new_data, TcpSegment& segment,
                        PacketOut& packet) {
  constexpr std::uint8_t kEct0 = 2;
  if (new_data) packet.ecn = kEct0;
  if (new_data && c.pending.cwr) segment.flags |= TcpFlags::kCwr;
  if (c.pending.ecn_echo && !segment.has(TcpFlags::kRst)) segment.flags |= TcpFlags::kEce;
}

// Sends a segment without data for a four-tuple, with or without a connection.
Sent Emit::send_bare(TcpTables& t, const FourTuple& tuple, const TcpSegment& segment) {
  PacketOut packet;
  TcpSegment bare = segment;
  bare.source = tuple.local_port;
  bare.destination = tuple.remote_port;
  if (!bare.has(TcpFlags::kAck)) bare.acknowledgment = Seq();
  return send_packet(t, tuple, bare, packet);
}

// Answers a segment by a RST (RFC 9293, 3.10.7.1).
void Emit::send_reset(TcpTables& t, const FourTuple& tuple, const TcpSegment& to) {
  TcpSegment reset{.flags = TcpFlags::kRst};
  if (to.has(TcpFlags::kAck)) {
    reset.sequence = to.acknowledgment;
  } else {
    reset.acknowledgment = to.sequence + to.length();
    reset.flags |= TcpFlags::kAck;
  }
  static_cast<void>(send_bare(t, tuple, reset));
}

Sent Emit::send_packet(TcpTables& t, const FourTuple& tuple, const TcpSegment& segment,
                       PacketOut& packet) {
  packet.source = tuple.local;
  packet.destination = tuple.remote;
  packet.protocol = kProtocolTcp;
  const auto space = std::span(packet.headers).subspan(PacketOut::kHeadroom);
  Checksum sum;
  packet.transport_length = static_cast<std::uint8_t>(emit_tcp(segment, space, sum));
  const auto data = packet.pieces.empty() ? packet.pieces : packet.pieces.subspan(1);
  finish_tcp_checksum(packet.transport(), sum, tuple.local, tuple.remote, data,
                      packet.segment != 0);
  const Sent sent = t.network.send(packet);
  if (sent == Sent::kSent) {
    t.counters.add(Count::segments_out);
    if ((segment.flags & TcpFlags::kRst) != 0) t.counters.add(Count::resets_out);
  }
  return sent;
}

// ---- Window, options and flags ----

/// The window to write into a segment. Its right edge never moves back, also where the scale cuts
/// it: rounding up costs less than a scale's worth of room (RFC 7323, 2.4).
std::uint16_t Emit::advertise(TcpTables& t, Connection& c) {
  const std::uint32_t limit = Limits::receive_limit(t, c);
  if (Limits::window_opens(c, limit, 1)) c.rcv.adv = c.rcv.nxt + c.receive_room(limit);
  const unsigned shift = c.negotiated.rcv_wscale;
  const std::uint32_t window =
      std::min<std::uint32_t>((c.rcv.wnd() + (1u << shift) - 1) >> shift, 0xffffu);
  if (c.rcv.wnd() < window << shift) c.rcv.adv = c.rcv.nxt + (window << shift);
  return static_cast<std::uint16_t>(window);
}

// Adds options where they fit beside the data: SACK blocks in every ACK while there is a hole (RFC
// 2018, 4), and the user timeout once (RFC 5482, 3).
void Emit::report(const TcpTables& t, const Connection& c, std::uint32_t length,
                  TcpSegment& segment) {
  constexpr std::uint32_t kBlockHead = 4, kBlock = 8, kUserTimeout = 4;  // with what aligns them
  constexpr std::uint32_t kBare = kBlockHead + kBlock * TcpSegment::kMaxSackBlocks;
  std::uint32_t room = length == 0 ? kBare : c.path.mss > length ? c.path.mss - length : 0;
  if (c.pending.user_timeout && room >= kUserTimeout) {
    segment.user_timeout = advertised_user_timeout(t, &c);
    room -= kUserTimeout;
  }
  if (!c.sack.empty() && room >= kBlockHead) c.sack.write(segment, (room - kBlockHead) / kBlock);
}

// Notes that a segment has told the peer RCV.NXT, SACK blocks and the user timeout.
void Emit::on_ack_sent(Connection& c, const TcpSegment& segment) {
  c.pending.ack = false;
  c.rcv.last_ack = c.rcv.nxt;
  c.timers.disarm(Timer::kDelayedAck);
  if (segment.sack_count > 0) c.sack.sent();
  if (segment.user_timeout) c.pending.user_timeout = false;
}

/// The value of the user timeout option that is sent (ADV_UTO).
std::uint16_t Emit::advertised_user_timeout(const TcpTables& t, const Connection* c) {
  constexpr Duration kAdvertised = 5min;  // RFC 5482, 3.1
  if (c != nullptr && c->liveness.user_timeout_fixed && c->liveness.user_timeout != 0)
    return encode_user_timeout(Tick::duration(c->liveness.user_timeout));
  return encode_user_timeout(t.settings.user_timeout > Duration(0) ? t.settings.user_timeout
                                                                   : kAdvertised);
}

}  // namespace conker
