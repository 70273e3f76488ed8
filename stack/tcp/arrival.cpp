// SEGMENT ARRIVES (RFC 9293, 3.10.7), with the checks of RFC 5961. The steps stand in the RFC's
// order and have its ordinals. Each function returns the counter that says what became of the
// segment.
#include "stack/tcp/arrival.hpp"

#include <algorithm>

#include "stack/tcp/diagram.hpp"

namespace conker {
namespace {

/// Whether SEG.ACK is between SND.UNA - MAX.SND.WND and SND.NXT (RFC 5961, 5.2). An attacker who
/// does not see the connection hardly guesses such a number.
bool plausible_ack(const Connection& c, const TcpSegment& segment) {
  return segment.has(TcpFlags::kAck) && segment.acknowledgment <= c.snd.nxt &&
         segment.acknowledgment >= c.snd.una - c.snd.max_wnd;
}

/// Whether the segment repeats text that has been acknowledged, no longer ago than a receive
/// buffer: the ACK was probably lost.
bool repeats_the_acknowledged(const Connection& c, const TcpSegment& segment) {
  return c.rcv.last_ack == c.rcv.nxt && segment.sequence >= c.rcv.nxt - c.buffer.limit;
}

/// Whether only the ACK of the segment is processed: a closed window (RCV.WND = 0) refuses text and
/// FIN, but not the ACK that comes with them (RFC 9293, 3.10.7.4, first).
bool only_ack_counts(const Connection& c, const TcpSegment& segment) {
  return c.rcv.wnd() == 0 && segment.sequence == c.rcv.nxt && segment.has(TcpFlags::kAck) &&
         !segment.has(TcpFlags::kRst) && !segment.has(TcpFlags::kSyn);
}

}  // namespace

void Arrival::segment_arrives(TcpTables& t, const PacketIn& packet) {
  t.counters.add(Count::segments_in);
  t.counters.add(dispatch(t, packet));
}

Count Arrival::dispatch(TcpTables& t, const PacketIn& packet) {
  if (packet.checksum == ChecksumState::kUnknown &&
      !verify_tcp_checksum(packet.payload, packet.source, packet.destination)) {
    return Count::drop_segment_checksum;
  }
  auto segment = parse_tcp(packet.payload);
  if (!segment || segment->source.value == 0 || segment->destination.value == 0) {
    return Count::drop_segment_malformed;
  }
  segment->marked = (packet.traffic_class & 3) == 3;
  const FourTuple tuple{packet.destination, packet.source, segment->destination, segment->source};
  const std::uint32_t hash = hash_of(t.demux_key, tuple);
  if (const auto slot = t.find(hash, tuple); slot != kNone) {
    Connection& c = t.connections[slot];
    Lifetime::mark_active(t, slot, c);
    return c.state == State::kSynSent ? arrives_syn_sent(t, slot, *segment)
                                      : arrives(t, slot, *segment);
  }
  const Handshake::Disposition met = Handshake::meets_no_connection(t, tuple, hash, *segment);
  return met.promoted == kNone ? met.count : arrives(t, met.promoted, *segment);
}

// 3.10.7.3: SYN-SENT.
Count Arrival::arrives_syn_sent(TcpTables& t, std::uint32_t slot, const TcpSegment& segment) {
  Connection& c = t.connections[slot];
  const bool has_ack = segment.has(TcpFlags::kAck);
  // First: the ACK bit.
  if (has_ack && (segment.acknowledgment <= c.snd.iss || segment.acknowledgment > c.snd.nxt)) {
    if (segment.has(TcpFlags::kRst)) return Count::drop_segment_reset;
    Emit::send_reset(t, c.tuple, segment);
    hurry_syn(t, slot);
    return Count::drop_segment_ack;
  }
  // Second: the RST bit.
  if (segment.has(TcpFlags::kRst)) {
    if (!has_ack) return Count::drop_segment_reset;
    t.counters.add(Count::resets_in);
    Lifetime::destroy(t, slot, CloseReason::kRefused, Cause::kSegmentReset);
    return Count::segments_delivered;
  }
  // Fourth: the SYN bit. (Third, security, is not implemented.)
  if (!segment.has(TcpFlags::kSyn)) return Count::drop_segment_flags;
  c.rcv.irs = segment.sequence;
  c.rcv.nxt = c.rcv.adv = c.rcv.last_ack = segment.sequence + 1;
  c.negotiated = negotiate(t.settings, segment);
  if (c.retransmits.of_syn) c.negotiated.ecn = false;  // a SYN sent again does not ask for it
  c.timestamps.recent_at = Tick::floor(t.now);
  c.path.mss = Limits::send_mss(t, c.tuple, c.negotiated);
  if (!has_ack) {
    // Simultaneous open (3.5, figure 7): the SYN is sent again, with an ACK.
    Lifetime::change_state(t, slot, State::kSynReceived, Cause::kSegmentSyn);
    c.snd.wnd = segment.window;  // of a SYN, so it is not scaled
    c.snd.cursor = c.snd.iss;
    c.pending.ack = true;  // sent alone where the peer's SYN-ACK comes in the same batch
    c.timing.stop();
    Receiver::queue_text_of_syn(t, slot, segment);
    Lifetime::mark_dirty(t, slot);
    return Count::segments_delivered;
  }
  Established::become_established(t, slot, segment, Cause::kSegmentSyn);
  Established::on_acked(t, slot, segment.acknowledgment, false);
  c.pending.ack = true;
  Lifetime::mark_dirty(t, slot);
  // Sixth and on: data and FIN that came with the SYN.
  TcpSegment rest = segment;
  rest.flags = static_cast<std::uint8_t>(rest.flags & ~TcpFlags::kSyn);
  rest.sequence += 1;
  Emit::advertise(t, c);
  Receiver::process_text(t, slot, rest);
  return Count::segments_delivered;
}

// Sends the SYN again without waiting for its timer, behind a RST that has just ended the peer's
// older connection: the peer takes the SYN now (RFC 9293, 3.5, figure 9). Only once, so that a peer
// that answers each SYN with such an ACK is sent no more SYNs than the timer sends.
void Arrival::hurry_syn(TcpTables& t, std::uint32_t slot) {
  Connection& c = t.connections[slot];
  if (c.retransmits.syn_hurried || c.snd.nxt == c.snd.iss) return;
  c.retransmits.syn_hurried = true;
  c.timing.stop();  // Karn's algorithm: the answer may be to either SYN
  c.snd.cursor = c.snd.iss;
  Lifetime::mark_dirty(t, slot);
}

// 3.10.7.4: all other states. A segment changes nothing before the last check that can refuse it,
// that of the ACK field, so that a forged one cannot make the peer's next segment unacceptable. A
// refused segment changes only when this end answered last.
Count Arrival::arrives(TcpTables& t, std::uint32_t slot, TcpSegment& segment) {
  Connection& c = t.connections[slot];
  if (c.state == State::kSynReceived && segment.has(TcpFlags::kSyn | TcpFlags::kAck) &&
      segment.sequence == c.rcv.irs) {
    // Simultaneous open: the peer's SYN-ACK repeats the SYN that was processed in SYN-SENT. What is
    // new is its ACK.
    segment.flags = static_cast<std::uint8_t>(segment.flags & ~TcpFlags::kSyn);
    segment.sequence += 1;
    segment.syn_done = true;
  }
  const bool closed_window = !acceptable(c, segment);
  const bool unacceptable = closed_window && !only_ack_counts(c, segment);
  if (c.negotiated.timestamps && !segment.has(TcpFlags::kRst)) {
    if (const auto refused = refuse_timestamps(t, slot, segment, unacceptable)) return *refused;
  }
  // First: the sequence number.
  if (unacceptable) return refuse_unacceptable(t, slot, segment);
  // Second: the RST bit.
  if (segment.has(TcpFlags::kRst)) return arrives_reset(t, slot, segment);
  // Fourth: the SYN bit (RFC 5961, 4.2).
  if (segment.has(TcpFlags::kSyn)) {
    Challenges::challenge(t, slot);
    return Count::drop_segment_flags;
  }
  // Fifth: the ACK field.
  if (!segment.has(TcpFlags::kAck)) return Count::drop_segment_flags;
  const bool opens = c.state == State::kSynReceived;
  if (opens) {
    if (segment.acknowledgment <= c.snd.una || segment.acknowledgment > c.snd.nxt) {
      Emit::send_reset(t, c.tuple, segment);
      return Count::drop_segment_ack;
    }
    Established::become_established(t, slot, segment, Cause::kSegmentAck);
  }
  const Seq una = c.snd.una;
  if (!plausible_ack(c, segment)) {
    Challenges::challenge(t, slot);
    return Count::drop_segment_ack;
  }
  note_timestamp(t, c, segment);
  Receiver::note_heard(t, c);
  Established::process_ack(t, slot, segment);
  if (c.snd.una != una) c.timers.disarm(Timer::kUserTimeout);
  if (segment.user_timeout) Liveness::adopt_user_timeout(t, c, *segment.user_timeout);
  // Sixth: the URG bit. The urgent pointer is not used: urgent data stays in line (RFC 6093, 3.1).
  if (segment.has(TcpFlags::kUrg)) t.counters.add(Count::urgent_segments);
  // Seventh: the text. Eighth: the FIN bit.
  if (in_state(c.state, kReceiving) && !closed_window) {
    if (c.negotiated.ecn) Established::on_ce(t, c, segment);
    Receiver::process_text(t, slot, segment);
    if (opens) Receiver::take_text_of_syn(t, slot);
  } else if (segment.length() > 0 && in_state(c.state, kSynchronized)) {
    // Text and FIN are not taken: the window is closed, or the peer has sent its FIN before
    // (CLOSE-WAIT, CLOSING, LAST-ACK: seventh, eighth). The ACK tells the peer RCV.NXT.
    c.pending.ack = true;
    Lifetime::mark_dirty(t, slot);
  }
  return Count::segments_delivered;
}

// Refuses a segment for its timestamps (RFC 7323), where both SYNs had them: returns the counter
// then, and nothing for a segment in order.
std::optional<Count> Arrival::refuse_timestamps(TcpTables& t, std::uint32_t slot,
                                                const TcpSegment& segment, bool unacceptable) {
  if (!segment.timestamps) {
    // RFC 7323, 3.2: once negotiated, every segment has timestamps. The keepalive probes of some
    // systems have none and are answered; so is the SYN of a peer that has restarted (RFC 5961,
    // 4.2).
    if (unacceptable || segment.has(TcpFlags::kSyn)) Challenges::challenge(t, slot);
    return Count::drop_segment_no_timestamps;
  }
  if (!old_duplicate(t, t.connections[slot], segment)) return std::nullopt;
  refuse_unacceptable(t, slot, segment);
  return Count::drop_segment_paws;
}

// PAWS (RFC 7323, 5.3, R1): whether SEG.TSval is older than TS.Recent. After 24 days TS.Recent is
// invalid (5.5).
bool Arrival::old_duplicate(const TcpTables& t, const Connection& c, const TcpSegment& segment) {
  constexpr Duration kOutdated = 24h * 24;
  return static_cast<std::int32_t>(segment.timestamps->value - c.negotiated.ts_recent) < 0 &&
         c.timestamps.recent_at.age(t.now) < kOutdated;
}

// RFC 7323, 4.3 (2): TS.Recent becomes SEG.TSval of a segment that begins at or before
// Last.ACK.sent.
void Arrival::note_timestamp(TcpTables& t, Connection& c, const TcpSegment& segment) {
  if (!c.negotiated.timestamps || !segment.timestamps || segment.sequence > c.rcv.last_ack) return;
  if (old_duplicate(t, c, segment)) return;
  c.negotiated.ts_recent = segment.timestamps->value;
  c.timestamps.recent_at = Tick::floor(t.now);
}

// The four cases of 3.10.7.4, table 6. The text of a RST has no sequence numbers (3.5.3; RFC 5961,
// 3.2).
bool Arrival::acceptable(const Connection& c, const TcpSegment& segment) {
  const std::uint32_t length = segment.has(TcpFlags::kRst) ? 0 : segment.length();
  const std::uint32_t window = c.rcv.wnd();
  if (length == 0 && window == 0) return segment.sequence == c.rcv.nxt;
  if (window == 0) return false;
  return in_range(segment.sequence, c.rcv.nxt, window) ||
         (length > 0 && in_range(segment.sequence + (length - 1), c.rcv.nxt, window));
}

// 3.10.7.4, first: an unacceptable segment is dropped and answered by an ACK; a RST is not
// answered.
Count Arrival::refuse_unacceptable(TcpTables& t, std::uint32_t slot, const TcpSegment& segment) {
  if (segment.has(TcpFlags::kRst)) return Count::drop_segment_unacceptable;
  Connection& c = t.connections[slot];
  // Text is always answered, since the ACK for it may have been lost. All else, a repeated FIN
  // among it, is answered under the limit of challenge ACKs: a peer that repeats its FIN with every
  // ACK would be answered for ever.
  const bool text = !segment.payload.empty() && !segment.has(TcpFlags::kSyn);
  if (text) {
    c.pending.ack = true;
    Lifetime::mark_dirty(t, slot);
  } else if (!Challenges::challenge(t, slot)) {
    return Count::drop_segment_unacceptable;
  }
  // D-SACK and TS.Recent change only for a segment with a plausible ACK.
  if (segment.has(TcpFlags::kSyn) || !plausible_ack(c, segment))
    return Count::drop_segment_unacceptable;
  const Seq end = segment.sequence + segment.length();
  // Beyond a closed window nothing is held, so only text before RCV.NXT is a duplicate.
  if (segment.sequence < c.rcv.nxt)
    Receiver::note_duplicate(c, segment.sequence, min(end, c.rcv.nxt));
  // Beyond RFC 7323, 5.3: TS.Recent follows repeated text, since the peer would count its wait for
  // the lost ACK as a round trip if that ACK echoed an older timestamp. Segments that this one has
  // overtaken are older than TS.Recent then and have to be repeated, too.
  if (segment.length() > 0 && end <= c.rcv.nxt && repeats_the_acknowledged(c, segment)) {
    note_timestamp(t, c, segment);
  }
  return Count::drop_segment_unacceptable;
}

// RFC 5961, 3.2: a RST with SEG.SEQ = RCV.NXT resets; one elsewhere in the window is answered by a
// challenge ACK.
Count Arrival::arrives_reset(TcpTables& t, std::uint32_t slot, const TcpSegment& segment) {
  Connection& c = t.connections[slot];
  if (segment.sequence != c.rcv.nxt) {
    Challenges::challenge(t, slot);
    return Count::drop_segment_reset;
  }
  t.counters.add(Count::resets_in);
  c.pending.ack = false;  // a peer that has reset the connection is sent nothing more
  Lifetime::destroy(t, slot,
                    c.state == State::kSynReceived ? CloseReason::kRefused : CloseReason::kReset,
                    Cause::kSegmentReset);
  return Count::segments_delivered;
}

// Processes an ICMP error about a segment in flight (RFC 5927, 4.1: with another sequence number it
// is forged or late). It ends only an attempt to connect, where waiting does not mend it; otherwise
// the last error is kept, for the application to ask for (RFC 1122, 4.2.3.9 and 4.2.4.1).
void Arrival::error_arrives(TcpTables& t, const IcmpErrorIn& message) {
  const auto slot = t.find(hash_of(t.demux_key, message.tuple), message.tuple);
  if (slot == kNone) return;
  Connection& c = t.connections[slot];
  Lifetime::mark_active(t, slot, c);
  if (!in_range(message.sequence, c.snd.una, c.snd.in_flight())) return;
  t.counters.add(Count::icmp_unreachable_accepted);
  if (message.error.kind == IcmpKind::kTooBig) {
    constexpr std::uint32_t kMost = 0xffff;
    const auto mtu = static_cast<std::uint16_t>(std::min(message.mtu, kMost));
    return PathMtu::path_mtu_is(t, slot, mtu);
  }
  c.icmp = message.error;
  if (c.state == State::kSynSent && is_permanent(message.error.kind)) {
    Lifetime::destroy(t, slot, CloseReason::kUnreachable, Cause::kUnreachable);
  }
}

}  // namespace conker
