// SEGMENT ARRIVES (RFC 9293, 3.10.7), with the checks of RFC 5961. The order of the steps is the
// RFC's. Every path ends in one counter: what became of the segment.
#include "stack/tcp/arrival.hpp"

#include <algorithm>

#include "stack/tcp/diagram.hpp"
#include "stack/wire/icmp4.hpp"

namespace conker {
namespace {

/// RFC 5961, 5.2: whoever knows nothing of the connection will hardly guess it.
bool plausible_ack(const Connection& c, const TcpSegment& segment) {
  return segment.has(TcpFlags::kAck) && segment.acknowledgment <= c.snd.nxt &&
         segment.acknowledgment >= c.snd.una - c.snd.max_wnd;
}

/// All of the segment has been acknowledged, not long ago, by an ACK that seems to be lost.
bool repeats_the_acknowledged(const Connection& c, const TcpSegment& segment) {
  return c.rcv.last_ack == c.rcv.nxt && segment.sequence >= c.rcv.nxt - c.buffer.limit;
}

/// A closed window keeps text and FIN out, but not the ACK that comes with them (RFC
/// 9293, 3.10.7.4, first).
bool only_ack_counts(const Connection& c, const TcpSegment& segment) {
  return c.rcv.wnd() == 0 && segment.sequence == c.rcv.nxt && segment.has(TcpFlags::kAck) &&
         !segment.has(TcpFlags::kRst) && !segment.has(TcpFlags::kSyn);
}

/// ICMP errors that no waiting mends: the host does not speak TCP, nobody listens, or somebody on
/// the way has been told to let nothing pass (RFC 1122, 4.2.3.9; RFC 1812, 5.2.7.1). The other
/// codes are of the moment, of routes, or obsolete.
bool ends_an_open(const Unreachable& message) {
  constexpr std::uint16_t kCodes = 1u << 2 | 1u << 3 | 1u << 9 | 1u << 10 | 1u << 13;
  return message.type == Icmp4Message::kUnreachable && message.code < 16 &&
         (kCodes >> message.code & 1) != 0;
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

// 3.10.7.3
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
  // Fourth: the SYN bit. (Third, security, is not ours.)
  if (!segment.has(TcpFlags::kSyn)) return Count::drop_segment_flags;
  c.rcv.irs = segment.sequence;
  c.rcv.nxt = c.rcv.adv = c.rcv.last_ack = segment.sequence + 1;
  c.negotiated = negotiate(t.settings, segment);
  if (c.retransmits.of_syn) c.negotiated.ecn = false;  // the one sent again had not asked
  c.timestamps.recent_at = Tick::floor(t.now);
  c.path.mss = Limits::send_mss(t, c.tuple, c.negotiated);
  if (!has_ack) {
    // Simultaneous open: our SYN goes out again, with an ACK.
    Lifetime::change_state(t, slot, State::kSynReceived, Cause::kSegmentSyn);
    c.snd.wnd = segment.window;  // of a SYN, so it is not scaled
    c.snd.cursor = c.snd.iss;
    c.pending.ack = true;  // all that is left to say if the peer's SYN-ACK comes in the same batch
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

// A reset has just freed the peer of what it knew of an older connection, so a SYN is welcome now
// (RFC 9293, 3.5, figure 9) and need not wait for its timer. Once: a peer that answers every SYN so
// gets no more than the timer brings.
void Arrival::hurry_syn(TcpTables& t, std::uint32_t slot) {
  Connection& c = t.connections[slot];
  if (c.retransmits.syn_hurried || c.snd.nxt == c.snd.iss) return;
  c.retransmits.syn_hurried = true;
  c.timing.stop();  // Karn: nobody can tell which one is answered
  c.snd.cursor = c.snd.iss;
  Lifetime::mark_dirty(t, slot);
}

// 3.10.7.4: all other states. Nothing that a segment brings is taken note of before the last check
// that can refuse it, which is that of the ACK field: a segment that is refused changes when we
// answered last, and nothing else.
Count Arrival::arrives(TcpTables& t, std::uint32_t slot, TcpSegment& segment) {
  Connection& c = t.connections[slot];
  if (c.state == State::kSynReceived && segment.has(TcpFlags::kSyn | TcpFlags::kAck) &&
      segment.sequence == c.rcv.irs) {
    // Both opened at once and this is the peer's SYN again, with its ACK: that part has been dealt
    // with.
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
  // Sixth: the URG bit. Where the pointer points to is of no interest: urgent data stays in line
  // (RFC 6093, 3.1).
  if (segment.has(TcpFlags::kUrg)) t.counters.add(Count::urgent_segments);
  // Seventh: the text. Eighth: the FIN bit.
  if (in_state(c.state, kReceiving) && !closed_window) {
    if (c.negotiated.ecn) Established::on_ce(t, c, segment);
    Receiver::process_text(t, slot, segment);
    if (opens) Receiver::take_text_of_syn(t, slot);
  } else if (segment.length() > 0 && in_state(c.state, kSynchronized)) {
    // Nothing to take: the window is closed, or this is behind the peer's FIN (seventh, eighth).
    // The peer is told where we stand.
    c.pending.ack = true;
    Lifetime::mark_dirty(t, slot);
  }
  return Count::segments_delivered;
}

// What refuses a segment for its timestamps, where both sides send them.
std::optional<Count> Arrival::refuse_timestamps(TcpTables& t, std::uint32_t slot,
                                                const TcpSegment& segment, bool unacceptable) {
  if (!segment.timestamps) {
    // RFC 7323, 3.2: once agreed upon, every segment has them. The keepalives of some systems do
    // not, and are answered; so is the SYN of a peer that has begun anew (RFC 5961, 4.2).
    if (unacceptable || segment.has(TcpFlags::kSyn)) Challenges::challenge(t, slot);
    return Count::drop_segment_no_timestamps;
  }
  if (!old_duplicate(t, t.connections[slot], segment)) return std::nullopt;
  refuse_unacceptable(t, slot, segment);
  return Count::drop_segment_paws;
}

// Protection against wrapped sequence numbers (RFC 7323, 5.3 R1). A timestamp that has been quiet
// for 24 days says nothing any more (5.5).
bool Arrival::old_duplicate(const TcpTables& t, const Connection& c, const TcpSegment& segment) {
  constexpr Duration kOutdated = 24h * 24;
  return static_cast<std::int32_t>(segment.timestamps->value - c.negotiated.ts_recent) < 0 &&
         c.timestamps.recent_at.age(t.now) < kOutdated;
}

// RFC 7323, 4.3 (2): the timestamp of the segment that the last ACK of ours left room for.
void Arrival::note_timestamp(TcpTables& t, Connection& c, const TcpSegment& segment) {
  if (!c.negotiated.timestamps || !segment.timestamps || segment.sequence > c.rcv.last_ack) return;
  if (old_duplicate(t, c, segment)) return;
  c.negotiated.ts_recent = segment.timestamps->value;
  c.timestamps.recent_at = Tick::floor(t.now);
}

// The four cases of 3.10.7.4, table 6. What a RST carries takes no sequence numbers (3.5.3; RFC
// 5961, 3.2).
bool Arrival::acceptable(const Connection& c, const TcpSegment& segment) {
  const std::uint32_t length = segment.has(TcpFlags::kRst) ? 0 : segment.length();
  const std::uint32_t window = c.rcv.wnd();
  if (length == 0 && window == 0) return segment.sequence == c.rcv.nxt;
  if (window == 0) return false;
  return in_range(segment.sequence, c.rcv.nxt, window) ||
         (length > 0 && in_range(segment.sequence + (length - 1), c.rcv.nxt, window));
}

Count Arrival::refuse_unacceptable(TcpTables& t, std::uint32_t slot, const TcpSegment& segment) {
  if (segment.has(TcpFlags::kRst)) return Count::drop_segment_unacceptable;
  Connection& c = t.connections[slot];
  // Text is always answered, since an ACK of ours may have been lost. All else is answered under a
  // limit, a FIN that comes again among it: a peer that repeats it with every ACK would go on for
  // ever.
  const bool text = !segment.payload.empty() && !segment.has(TcpFlags::kSyn);
  if (text) {
    c.pending.ack = true;
    Lifetime::mark_dirty(t, slot);
  } else if (!Challenges::challenge(t, slot)) {
    return Count::drop_segment_unacceptable;
  }
  // Only who knows the connection is told more than where it stands.
  if (segment.has(TcpFlags::kSyn) || !plausible_ack(c, segment))
    return Count::drop_segment_unacceptable;
  const Seq end = segment.sequence + segment.length();
  // Behind a closed window only the beginning may have come before.
  if (segment.sequence < c.rcv.nxt)
    Receiver::note_duplicate(c, segment.sequence, min(end, c.rcv.nxt));
  // Beyond RFC 7323, 5.3: echoing an older timestamp, the ACK would make a round trip of the peer's
  // wait for the lost one. What this one has overtaken is older than TS.Recent then, and has to
  // come again, too.
  if (segment.length() > 0 && end <= c.rcv.nxt && repeats_the_acknowledged(c, segment)) {
    note_timestamp(t, c, segment);
  }
  return Count::drop_segment_unacceptable;
}

// RFC 5961, 3.2: only the very next sequence number resets; any other inside the window is asked
// about.
Count Arrival::arrives_reset(TcpTables& t, std::uint32_t slot, const TcpSegment& segment) {
  Connection& c = t.connections[slot];
  if (segment.sequence != c.rcv.nxt) {
    Challenges::challenge(t, slot);
    return Count::drop_segment_reset;
  }
  t.counters.add(Count::resets_in);
  c.pending.ack = false;  // whoever has reset wants no answer to what came before, either
  Lifetime::destroy(t, slot,
                    c.state == State::kSynReceived ? CloseReason::kRefused : CloseReason::kReset,
                    Cause::kSegmentReset);
  return Count::segments_delivered;
}

// ICMP about a segment of ours that is in flight (RFC 5927, 4.1: any other is forged or too late).
// Only while connecting, and only what no waiting can mend, ends the connection; of the rest the
// application can ask for the last (RFC 1122, 4.2.3.9 and 4.2.4.1).
void Arrival::unreachable(TcpTables& t, const Unreachable& message) {
  const auto slot = t.find(hash_of(t.demux_key, message.tuple), message.tuple);
  if (slot == kNone) return;
  Connection& c = t.connections[slot];
  Lifetime::mark_active(t, slot, c);
  if (!in_range(message.sequence, c.snd.una, c.snd.in_flight())) return;
  t.counters.add(Count::icmp_unreachable_accepted);
  if (message.type == Icmp4Message::kUnreachable &&
      message.code == Icmp4Message::kFragmentationNeeded) {
    return PathMtu::path_mtu_is(t, slot, message.mtu);
  }
  c.icmp.type = message.type;
  c.icmp.code = message.code;
  c.icmp.from = message.from.v4_bits();
  if (c.state == State::kSynSent && ends_an_open(message)) {
    Lifetime::destroy(t, slot, CloseReason::kUnreachable, Cause::kUnreachable);
  }
}

}  // namespace conker
