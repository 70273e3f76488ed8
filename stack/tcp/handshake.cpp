// Segments without a connection: for a half-open record, a TIME-WAIT record, a listener (LISTEN),
// or nothing (CLOSED).
#include "stack/tcp/handshake.hpp"

#include <algorithm>

namespace conker {
namespace {

/// Whether the segment is a SYN without ACK, RST and FIN.
bool opens(const TcpSegment& segment) {
  constexpr std::uint8_t kWithout = TcpFlags::kAck | TcpFlags::kRst | TcpFlags::kFin;
  return segment.has(TcpFlags::kSyn) && (segment.flags & kWithout) == 0;
}

}  // namespace

// Finds what has the segment's four-tuple, in this order: a half-open record, a TIME-WAIT record, a
// listener; else it is CLOSED.
Handshake::Disposition Handshake::meets_no_connection(TcpTables& t, const FourTuple& tuple,
                                                      std::uint32_t hash, TcpSegment& segment) {
  if (const auto index = t.half_open.find(hash, tuple); index != kNone) {
    return arrives_half_open(t, index, tuple, segment);
  }
  if (const auto index = t.time_wait.find(hash, tuple); index != kNone) {
    return arrives_time_wait(t, index, tuple, hash, segment);
  }
  if (const auto listener = t.listeners.find(tuple.local, tuple.local_port); listener != kNone) {
    return arrives_listen(t, listener, tuple, hash, segment, std::nullopt);
  }
  return arrives_closed(t, tuple, segment);
}

// 3.10.7.1: CLOSED, the state of a four-tuple without connection, record and listener.
Count Handshake::arrives_closed(TcpTables& t, const FourTuple& tuple, const TcpSegment& segment) {
  if (segment.has(TcpFlags::kRst)) return Count::drop_segment_reset;
  bool silent = false;
  t.silences.for_each([&](Silence& one) { silent = silent || one.keeps(tuple, segment, t.now); });
  if (!silent) Emit::send_reset(t, tuple, segment);
  return Count::drop_segment_no_connection;
}

// 3.10.7.2: LISTEN. `beyond` is SND.NXT of the TIME-WAIT record with this four-tuple, if there is
// one.
Handshake::Disposition Handshake::arrives_listen(TcpTables& t, std::uint32_t listener,
                                                 const FourTuple& tuple, std::uint32_t hash,
                                                 TcpSegment& segment, std::optional<Seq> beyond) {
  if (segment.has(TcpFlags::kRst)) return Count::drop_segment_reset;
  if (segment.has(TcpFlags::kAck)) return arrives_with_cookie(t, listener, tuple, hash, segment);
  if (!segment.has(TcpFlags::kSyn) || segment.has(TcpFlags::kFin)) return Count::drop_segment_flags;
  Listener& l = t.listeners[listener];
  const std::uint32_t index = l.half_open.size() < l.half_open_cap
                                  ? t.half_open.add(tuple, hash, listener, l.half_open)
                                  : kNone;
  if (index == kNone) {
    // The ISN of a SYN cookie cannot be chosen to lie beyond an earlier connection's numbers.
    return beyond ? Count::drop_segment_syn_backlog : answer_with_cookie(t, l, tuple, segment);
  }
  HalfOpen& record = t.half_open[index];
  record.irs = segment.sequence;
  const Ports::InitialSequence initial = Ports::initial_sequence(t, tuple);
  record.iss = initial.iss;
  record.ts_offset = initial.ts_offset;
  if (beyond) record.iss = max(record.iss, *beyond + 1);
  record.reopens = beyond.has_value();
  record.negotiated = negotiate(t.settings, segment);
  record.created = t.now;
  t.counters.add(Count::half_open_created);
  t.wheel.arm(t.half_open_timer_id(index), Tick::ceil(t.now + t.settings.rto_initial));
  send_syn_ack(t, record);
  return Count::segments_delivered;
}

void Handshake::send_syn_ack(TcpTables& t, const HalfOpen& record, std::uint32_t timestamp) {
  TcpSegment syn_ack{.sequence = record.iss,
                     .acknowledgment = record.irs + 1,
                     .flags = TcpFlags::kSyn | TcpFlags::kAck};
  syn_ack.window = static_cast<std::uint16_t>(Limits::first_window(t));
  syn_ack.mss = Limits::our_mss(t, record.tuple);
  confirm(t.settings, record.negotiated, syn_ack);
  if (t.settings.user_timeout_option)
    syn_ack.user_timeout = Emit::advertised_user_timeout(t, nullptr);
  if (syn_ack.timestamps)
    syn_ack.timestamps = TcpTimestamps{timestamp, record.negotiated.ts_recent};
  static_cast<void>(Emit::send_bare(t, record.tuple, syn_ack));
}

void Handshake::drop_half_open(TcpTables& t, std::uint32_t index, Count why) {
  t.counters.add(why);
  t.wheel.cancel(t.half_open_timer_id(index));
  t.half_open.remove(index, t.listeners[t.half_open[index].listener].half_open);
}

void Handshake::half_open_timer(TcpTables& t, std::uint32_t index) {
  HalfOpen& record = t.half_open[index];
  if (record.retransmits >= t.settings.syn_ack_retransmits) {
    drop_half_open(t, index, Count::half_open_timed_out);
    return;
  }
  ++record.retransmits;
  t.counters.add(Count::segments_retransmitted);
  const Duration in =
      std::min(t.settings.rto_initial * (std::int64_t{1} << std::min<int>(record.retransmits, 16)),
               t.settings.rto_max);
  t.wheel.arm(t.half_open_timer_id(index), Tick::ceil(t.now + in));
  send_syn_ack(t, record);
}

// The TIME-WAIT record whose connection a half-open record follows; kNone without one. A segment
// that does not fit the half-open record may be of that connection: the SYN was an old duplicate,
// or forged, then.
std::uint32_t Handshake::predecessor(const TcpTables& t, const HalfOpen& record,
                                     const TcpSegment& segment) {
  if (!record.reopens || segment.has(TcpFlags::kSyn) || segment.has(TcpFlags::kRst)) return kNone;
  return t.time_wait.find(record.hash, record.tuple);
}

// 3.10.7.4 for SYN-RECEIVED after a passive open.
Handshake::Disposition Handshake::arrives_half_open(TcpTables& t, std::uint32_t index,
                                                    const FourTuple& tuple, TcpSegment& segment) {
  HalfOpen& record = t.half_open[index];
  const Seq rcv_nxt = record.irs + 1;
  const auto challenged = [&](Count why) {
    Challenges::challenge(t, record);
    return why;
  };
  if (opens(segment) && segment.sequence == record.irs) {
    if (Challenges::may_answer(t, record)) {
      send_syn_ack(t, record);  // the peer repeats its SYN: the SYN-ACK was lost
    } else {
      t.counters.add(Count::answers_withheld);
    }
    return Count::segments_delivered;
  }
  // First: the sequence number.
  if (!in_range(segment.sequence, rcv_nxt, Limits::first_window(t))) {
    if (const auto old = predecessor(t, record, segment); old != kNone) {
      return arrives_time_wait(t, old, tuple, record.hash, segment);
    }
    return segment.has(TcpFlags::kRst) ? Count::drop_segment_unacceptable
                                       : challenged(Count::drop_segment_unacceptable);
  }
  // Second: the RST bit (RFC 5961, 3.2).
  if (segment.has(TcpFlags::kRst)) {
    if (segment.sequence != rcv_nxt) return challenged(Count::drop_segment_reset);
    t.counters.add(Count::resets_in);
    drop_half_open(t, index, Count::half_open_reset);
    return Count::segments_delivered;
  }
  // Fourth: the SYN bit.
  if (segment.has(TcpFlags::kSyn)) {
    if (!opens(segment)) return challenged(Count::drop_segment_flags);
    // Per 3.10.7.4 the handshake returns to LISTEN, and the new SYN is processed there, with the
    // TIME-WAIT record that the old one followed.
    const std::uint32_t listener = record.listener;
    const std::uint32_t hash = record.hash;
    const std::uint32_t old = record.reopens ? t.time_wait.find(hash, tuple) : kNone;
    const std::optional<Seq> beyond =
        old == kNone ? std::nullopt : std::optional(t.time_wait[old].snd_nxt);
    drop_half_open(t, index, Count::half_open_replaced);
    return arrives_listen(t, listener, tuple, hash, segment, beyond);
  }
  // Fifth: the ACK field.
  if (record.negotiated.timestamps) {
    if (!segment.timestamps) return Count::drop_segment_no_timestamps;
    const std::uint32_t ahead = segment.timestamps->value - record.negotiated.ts_recent;
    if (static_cast<std::int32_t>(ahead) < 0) return challenged(Count::drop_segment_paws);
  }
  if (!segment.has(TcpFlags::kAck)) return Count::drop_segment_flags;
  if (segment.acknowledgment != record.iss + 1) {
    if (const auto old = predecessor(t, record, segment); old != kNone) {
      return arrives_time_wait(t, old, tuple, record.hash, segment);
    }
    Emit::send_reset(t, tuple, segment);
    return Count::drop_segment_ack;
  }
  const HalfOpen copy = record;
  return promote(t, copy, index, segment);
}

// Makes a connection of a half-open record at the last ACK of its handshake. Without room for the
// connection the ACK is dropped: the peer sends another, by itself or for the SYN-ACK sent again.
Handshake::Disposition Handshake::promote(TcpTables& t, const HalfOpen& record, std::uint32_t index,
                                          TcpSegment& segment) {
  Listener& listener = t.listeners[record.listener];
  if (listener.accept_queue.size() >= listener.backlog) return Count::drop_segment_accept_queue;
  const std::uint32_t slot = Lifetime::make_connection(t, record.tuple, record.hash);
  if (slot == kNone) return Count::drop_segment_no_slot;
  if (index != kNone) {
    drop_half_open(t, index, Count::half_open_promoted);
    if (record.reopens) end_reopened(t, record);
  } else {
    t.counters.add(Count::syn_cookies_accepted);
  }

  Connection& c = t.connections[slot];
  t.counters.add(Count::opened_passive);
  c.application.passive = true;
  c.accounting.opened_at = record.created;
  c.application.token = listener.token;
  c.application.congestion = listener.congestion;
  Liveness::keep_alive(c, listener.keepalive);
  c.lists.listener = record.listener;
  c.listed.accept_queue = true;
  listener.accept_queue.push(t.connections, slot);
  c.snd.iss = record.iss;
  c.snd.una = c.snd.nxt = c.snd.cursor = record.iss + 1;
  c.rcv.irs = record.irs;
  c.rcv.nxt = record.irs + 1;
  c.rcv.adv = c.rcv.nxt + Limits::first_window(t);
  c.rcv.last_ack = c.rcv.nxt;
  c.negotiated = record.negotiated;
  c.timestamps.offset = record.ts_offset;
  c.timestamps.recent_at = Tick::floor(t.now);
  c.path.mss = Limits::send_mss(t, record.tuple, record.negotiated);
  c.retransmits.total = record.retransmits;
  c.retransmits.of_syn = record.retransmits > 0;
  if (record.retransmits == 0 && index != kNone) c.rtt.sample(t.now - record.created);
  Established::become_established(t, slot, segment, Cause::kPassiveOpen);
  Lifetime::post(t, listener, record.listener);
  return {Count::segments_delivered, slot};
}

// The handshake is complete, so the SYN was no old duplicate: the TIME-WAIT record of the earlier
// connection ends (RFC 9293, 3.6.1).
void Handshake::end_reopened(TcpTables& t, const HalfOpen& record) {
  const std::uint32_t old = t.time_wait.find(record.hash, record.tuple);
  if (old == kNone) return;  // expired or evicted meanwhile
  t.time_wait.remove(old);
  t.counters.add(Count::time_wait_reused);
}

// Answers a SYN without a half-open record by a SYN cookie (RFC 4987, 3.6); not where the accept
// queue has no room for the connection.
Count Handshake::answer_with_cookie(TcpTables& t, const Listener& listener, const FourTuple& tuple,
                                    const TcpSegment& syn) {
  if (t.cookies == nullptr || listener.accept_queue.size() >= listener.backlog) {
    return Count::drop_segment_syn_backlog;
  }
  HalfOpen record;
  record.tuple = tuple;
  record.irs = syn.sequence;
  record.negotiated = negotiate(t.settings, syn);
  record.ts_offset = Ports::timestamp_offset(t, tuple);
  std::uint32_t timestamp = t.timestamps_now(record.ts_offset, 0).value;
  record.iss = t.cookies->make(tuple, record.irs, record.negotiated, timestamp, t.now);
  t.counters.add(Count::syn_cookies_sent);
  send_syn_ack(t, record, timestamp);
  return Count::segments_delivered;
}

// Checks an ACK in LISTEN for a SYN cookie: it may complete a handshake without a record.
Handshake::Disposition Handshake::arrives_with_cookie(TcpTables& t, std::uint32_t listener,
                                                      const FourTuple& tuple, std::uint32_t hash,
                                                      TcpSegment& segment) {
  if (t.cookies == nullptr || segment.has(TcpFlags::kSyn) || !t.cookies->expected(t.now)) {
    return refuse_at_listener(t, t.listeners[listener], tuple, segment);
  }
  HalfOpen record;
  record.tuple = tuple;
  record.hash = hash;
  record.listener = listener;
  record.irs = segment.sequence - 1;
  record.iss = segment.acknowledgment - 1;
  record.ts_offset = Ports::timestamp_offset(t, tuple);
  record.created = t.now;
  const auto echo = t.settings.timestamps ? segment.timestamps : std::nullopt;
  const auto negotiated = t.cookies->check(tuple, record.irs, record.iss, echo, t.now);
  if (!negotiated) {
    t.counters.add(Count::syn_cookies_refused);
    return refuse_at_listener(t, t.listeners[listener], tuple, segment);
  }
  record.negotiated = *negotiated;
  record.negotiated.sack = negotiated->sack && t.settings.sack;
  record.negotiated.window_scaling = negotiated->window_scaling && t.settings.window_scaling;
  if (record.negotiated.window_scaling)
    record.negotiated.rcv_wscale = window_scale(t.settings) & 0xf;
  return promote(t, record, kNone, segment);
}

// 3.10.7.2, second: an ACK in LISTEN is answered by a RST, under the listener's limit: a peer that
// answers RSTs must not keep the listener busy.
Count Handshake::refuse_at_listener(TcpTables& t, Listener& listener, const FourTuple& tuple,
                                    const TcpSegment& segment) {
  if (Challenges::allowed(t, listener.resets)) return arrives_closed(t, tuple, segment);
  t.counters.add(Count::answers_withheld);
  return Count::drop_segment_no_connection;
}

// Whether a SYN opens a new incarnation: its timestamp or its sequence number is beyond all that
// the peer sent before (RFC 6191, 2; RFC 9293, 3.10.7.4, fourth).
bool Handshake::reopens(const TcpTables& t, const TimeWait& record, const TcpSegment& syn) {
  const bool newer = syn.sequence > record.rcv_nxt;
  if (!t.settings.timestamps || !syn.timestamps) return newer;
  if (!record.timestamps) return true;
  const auto ahead = static_cast<std::int32_t>(syn.timestamps->value - record.ts_recent);
  return ahead > 0 || (ahead == 0 && newer);
}

// 3.10.7.4 for TIME-WAIT.
Handshake::Disposition Handshake::arrives_time_wait(TcpTables& t, std::uint32_t index,
                                                    const FourTuple& tuple, std::uint32_t hash,
                                                    TcpSegment& segment) {
  const TimeWait record = t.time_wait[index];
  const Tick now = Tick::floor(t.now);
  // Twice a second at most: a peer that answers each of them would go on for ever (RFC 5961, 7).
  const bool may_answer = !record.answered || record.since_sent(now) >= kChallengeEvery;
  const auto answer = [&] {
    TcpSegment ack{
        .sequence = record.snd_nxt, .acknowledgment = record.rcv_nxt, .flags = TcpFlags::kAck};
    ack.window = static_cast<std::uint16_t>(Limits::first_window(t) >> record.rcv_wscale);
    if (record.timestamps)
      ack.timestamps = t.timestamps_now(Ports::timestamp_offset(t, tuple), record.ts_recent);
    static_cast<void>(Emit::send_bare(t, tuple, ack));
    t.time_wait.answered(index, now);
  };
  const auto challenged = [&](Count why) {
    if (may_answer && Challenges::allowed(t, t.challenges)) {
      t.counters.add(Count::challenge_acks_out);
      answer();
    } else {
      t.counters.add(Count::answers_withheld);
    }
    return why;
  };
  const bool in_window = in_range(segment.sequence, record.rcv_nxt, Limits::first_window(t));
  // Second: the RST bit (RFC 5961, 3.2).
  if (segment.has(TcpFlags::kRst)) {
    if (!in_window) return Count::drop_segment_unacceptable;
    if (segment.sequence != record.rcv_nxt) return challenged(Count::drop_segment_reset);
    t.counters.add(Count::resets_in);
    t.counters.add(Count::time_wait_reset);
    t.time_wait.remove(index);
    return Count::segments_delivered;
  }
  // Fourth: the SYN bit.
  if (opens(segment) && reopens(t, record, segment)) {
    if (const auto listener = t.listeners.find(tuple.local, tuple.local_port); listener != kNone) {
      // The record stays until the handshake is complete: the SYN may be an old duplicate (3.6.1,
      // MAY-2).
      return arrives_listen(t, listener, tuple, hash, segment, record.snd_nxt);
    }
  }
  if (segment.has(TcpFlags::kSyn)) {
    return challenged(in_window ? Count::drop_segment_flags : Count::drop_segment_unacceptable);
  }
  // Fifth and eighth: only the peer's FIN is expected, sent again because the last ACK was lost.
  const bool knows_us = segment.has(TcpFlags::kAck) && segment.acknowledgment <= record.snd_nxt;
  if (knows_us && segment.has(TcpFlags::kFin) &&
      segment.sequence + segment.length() == record.rcv_nxt) {
    may_answer ? answer() : t.counters.add(Count::answers_withheld);
    t.time_wait.restart(index, Tick::ceil(t.now + t.settings.time_wait));
    return Count::segments_delivered;
  }
  if (in_window && !segment.has(TcpFlags::kAck)) return Count::drop_segment_flags;
  if (segment.length() > 0 || segment.sequence != record.rcv_nxt) {
    return challenged(Count::drop_segment_unacceptable);
  }
  return Count::segments_delivered;
}

}  // namespace conker
