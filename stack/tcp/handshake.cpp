// Segments that meet no connection but a listener, a half-open record or a TIME-WAIT record.
#include <algorithm>

#include "stack/tcp/tcp.hpp"

namespace conker {
namespace {

/// A SYN that asks for a connection and nothing else.
bool opens(const TcpSegment& segment) {
  constexpr std::uint8_t kWithout = TcpFlags::kAck | TcpFlags::kRst | TcpFlags::kFin;
  return segment.has(TcpFlags::kSyn) && (segment.flags & kWithout) == 0;
}

}  // namespace

// A record of the four-tuple, a listener, or nothing.
Tcp::Disposition Tcp::meets_no_connection(const FourTuple& tuple, std::uint32_t hash,
                                          TcpSegment& segment) {
  if (const auto index = half_open_.find(hash, tuple); index != kNone) {
    return arrives_half_open(index, tuple, segment);
  }
  if (const auto index = time_wait_.find(hash, tuple); index != kNone) {
    return arrives_time_wait(index, tuple, hash, segment);
  }
  if (const auto listener = listeners_.find(tuple.local, tuple.local_port); listener != kNone) {
    return arrives_listen(listener, tuple, hash, segment, std::nullopt);
  }
  return arrives_closed(tuple, segment);
}

// 3.10.7.1: CLOSED, which is where a connection is that does not exist.
Count Tcp::arrives_closed(const FourTuple& tuple, const TcpSegment& segment) {
  if (segment.has(TcpFlags::kRst)) return Count::drop_segment_reset;
  send_reset(tuple, segment);
  return Count::drop_segment_no_connection;
}

// 3.10.7.2: LISTEN. `beyond` is the end of what an earlier connection with this four-tuple sent, if
// one is remembered.
Tcp::Disposition Tcp::arrives_listen(std::uint32_t listener, const FourTuple& tuple,
                                     std::uint32_t hash, TcpSegment& segment,
                                     std::optional<Seq> beyond) {
  if (segment.has(TcpFlags::kRst)) return Count::drop_segment_reset;
  if (segment.has(TcpFlags::kAck)) return arrives_with_cookie(listener, tuple, hash, segment);
  if (!segment.has(TcpFlags::kSyn) || segment.has(TcpFlags::kFin)) return Count::drop_segment_flags;
  Listener& l = listeners_[listener];
  const std::uint32_t index = l.half_open.size() < l.half_open_cap
                                  ? half_open_.add(tuple, hash, listener, l.half_open)
                                  : kNone;
  if (index == kNone) {
    // A cookie cannot be made to lie beyond the numbers of an earlier connection.
    return beyond ? Count::drop_segment_syn_backlog : answer_with_cookie(l, tuple, segment);
  }
  HalfOpen& record = half_open_[index];
  record.irs = segment.sequence;
  const Beginning beginning = beginning_of(tuple);
  record.iss = beginning.iss;
  record.ts_offset = beginning.ts_offset;
  if (beyond) record.iss = max(record.iss, *beyond + 1);
  record.reopens = beyond.has_value();
  record.negotiated = negotiate(settings_, segment);
  record.created = now_;
  counters_.add(Count::half_open_created);
  wheel_.arm(half_open_timer_id(index), Tick::ceil(now_ + settings_.rto_initial));
  send_syn_ack(record);
  return Count::segments_delivered;
}

void Tcp::send_syn_ack(const HalfOpen& record, std::uint32_t timestamp) {
  TcpSegment syn_ack{.sequence = record.iss,
                     .acknowledgment = record.irs + 1,
                     .flags = TcpFlags::kSyn | TcpFlags::kAck};
  syn_ack.window = static_cast<std::uint16_t>(first_window());
  syn_ack.mss = our_mss(record.tuple);
  confirm(settings_, record.negotiated, syn_ack);
  if (settings_.user_timeout_option) syn_ack.user_timeout = advertised_user_timeout(nullptr);
  if (syn_ack.timestamps)
    syn_ack.timestamps = TcpTimestamps{timestamp, record.negotiated.ts_recent};
  static_cast<void>(send_bare(record.tuple, syn_ack));
}

void Tcp::drop_half_open(std::uint32_t index, Count why) {
  counters_.add(why);
  wheel_.cancel(half_open_timer_id(index));
  half_open_.remove(index, listeners_[half_open_[index].listener].half_open);
}

void Tcp::half_open_timer(std::uint32_t index) {
  HalfOpen& record = half_open_[index];
  if (record.retransmits >= settings_.syn_ack_retransmits) {
    drop_half_open(index, Count::half_open_timed_out);
    return;
  }
  ++record.retransmits;
  counters_.add(Count::segments_retransmitted);
  const Duration in =
      std::min(settings_.rto_initial * (std::int64_t{1} << std::min<int>(record.retransmits, 16)),
               settings_.rto_max);
  wheel_.arm(half_open_timer_id(index), Tick::ceil(now_ + in));
  send_syn_ack(record);
}

// A segment that does not fit is perhaps from the connection that the SYN claims to follow, whose
// SYN was old or forged then: the TIME-WAIT record that answers for it, or kNone.
std::uint32_t Tcp::predecessor(const HalfOpen& record, const TcpSegment& segment) const {
  if (!record.reopens || segment.has(TcpFlags::kSyn) || segment.has(TcpFlags::kRst)) return kNone;
  return time_wait_.find(record.hash, record.tuple);
}

// 3.10.7.4 for SYN-RECEIVED after a passive open.
Tcp::Disposition Tcp::arrives_half_open(std::uint32_t index, const FourTuple& tuple,
                                        TcpSegment& segment) {
  HalfOpen& record = half_open_[index];
  const Seq rcv_nxt = record.irs + 1;
  const auto challenged = [&](Count why) {
    challenge(record);
    return why;
  };
  if (opens(segment) && segment.sequence == record.irs) {
    if (may_answer(record)) {
      send_syn_ack(record);  // it did not hear us
    } else {
      counters_.add(Count::answers_withheld);
    }
    return Count::segments_delivered;
  }
  // First: the sequence number.
  if (!in_range(segment.sequence, rcv_nxt, first_window())) {
    if (const auto old = predecessor(record, segment); old != kNone) {
      return arrives_time_wait(old, tuple, record.hash, segment);
    }
    return segment.has(TcpFlags::kRst) ? Count::drop_segment_unacceptable
                                       : challenged(Count::drop_segment_unacceptable);
  }
  // Second: the RST bit (RFC 5961, 3.2).
  if (segment.has(TcpFlags::kRst)) {
    if (segment.sequence != rcv_nxt) return challenged(Count::drop_segment_reset);
    counters_.add(Count::resets_in);
    drop_half_open(index, Count::half_open_reset);
    return Count::segments_delivered;
  }
  // Fourth: the SYN bit.
  if (segment.has(TcpFlags::kSyn)) {
    if (!opens(segment)) return challenged(Count::drop_segment_flags);
    // Back to LISTEN, where the new SYN is as good as any, and as any behind what is in TIME-WAIT.
    const std::uint32_t listener = record.listener;
    const std::uint32_t hash = record.hash;
    const std::uint32_t old = record.reopens ? time_wait_.find(hash, tuple) : kNone;
    const std::optional<Seq> beyond =
        old == kNone ? std::nullopt : std::optional(time_wait_[old].snd_nxt);
    drop_half_open(index, Count::half_open_replaced);
    return arrives_listen(listener, tuple, hash, segment, beyond);
  }
  // Fifth: the ACK field.
  if (record.negotiated.timestamps) {
    if (!segment.timestamps) return Count::drop_segment_no_timestamps;
    const std::uint32_t ahead = segment.timestamps->value - record.negotiated.ts_recent;
    if (static_cast<std::int32_t>(ahead) < 0) return challenged(Count::drop_segment_paws);
  }
  if (!segment.has(TcpFlags::kAck)) return Count::drop_segment_flags;
  if (segment.acknowledgment != record.iss + 1) {
    if (const auto old = predecessor(record, segment); old != kNone) {
      return arrives_time_wait(old, tuple, record.hash, segment);
    }
    send_reset(tuple, segment);
    return Count::drop_segment_ack;
  }
  const HalfOpen copy = record;
  return promote(copy, index, segment);
}

// The last ACK of a handshake makes a connection from a half-open record. When there is no room for
// it the ACK counts as not received: the peer, or our SYN-ACK sent again, brings another.
Tcp::Disposition Tcp::promote(const HalfOpen& record, std::uint32_t index, TcpSegment& segment) {
  Listener& listener = listeners_[record.listener];
  if (listener.accept_queue.size() >= listener.backlog) return Count::drop_segment_accept_queue;
  const std::uint32_t slot = make_connection(record.tuple, record.hash);
  if (slot == kNone) return Count::drop_segment_no_slot;
  if (index != kNone) {
    drop_half_open(index, Count::half_open_promoted);
    if (record.reopens) end_reopened(record);
  } else {
    counters_.add(Count::syn_cookies_accepted);
  }

  Connection& c = connections_[slot];
  counters_.add(Count::opened_passive);
  c.application.passive = true;
  c.accounting.opened_at = record.created;
  c.application.token = listener.token;
  c.application.congestion = listener.congestion;
  keep_alive(c, listener.keepalive);
  c.lists.listener = record.listener;
  c.listed.accept_queue = true;
  listener.accept_queue.push(connections_, slot);
  c.snd.iss = record.iss;
  c.snd.una = c.snd.nxt = c.snd.cursor = record.iss + 1;
  c.rcv.irs = record.irs;
  c.rcv.nxt = record.irs + 1;
  c.rcv.adv = c.rcv.nxt + first_window();
  c.rcv.last_ack = c.rcv.nxt;
  c.negotiated = record.negotiated;
  c.timestamps.offset = record.ts_offset;
  c.timestamps.recent_at = Tick::floor(now_);
  c.path.mss = send_mss(record.tuple, record.negotiated);
  c.retransmits.total = record.retransmits;
  c.retransmits.of_syn = record.retransmits > 0;
  if (record.retransmits == 0 && index != kNone) c.rtt.sample(now_ - record.created);
  become_established(slot, segment, Cause::kPassiveOpen);
  post(listener, record.listener);
  return {Count::segments_delivered, slot};
}

// The SYN was none of long ago, so the new connection takes the place of the old one's record (RFC
// 9293, 3.6.1).
void Tcp::end_reopened(const HalfOpen& record) {
  const std::uint32_t old = time_wait_.find(record.hash, record.tuple);
  if (old == kNone) return;  // its time is over, or it was evicted
  time_wait_.remove(old);
  counters_.add(Count::time_wait_reused);
}

// No room for a record: the peer keeps it for us (RFC 4987, 3.6), unless there is no room for the
// connection, either.
Count Tcp::answer_with_cookie(const Listener& listener, const FourTuple& tuple,
                              const TcpSegment& syn) {
  if (cookies_ == nullptr || listener.accept_queue.size() >= listener.backlog) {
    return Count::drop_segment_syn_backlog;
  }
  HalfOpen record;
  record.tuple = tuple;
  record.irs = syn.sequence;
  record.negotiated = negotiate(settings_, syn);
  record.ts_offset = timestamp_offset(tuple);
  std::uint32_t timestamp = timestamps_now(record.ts_offset, 0).value;
  record.iss = cookies_->make(tuple, record.irs, record.negotiated, timestamp, now_);
  counters_.add(Count::syn_cookies_sent);
  send_syn_ack(record, timestamp);
  return Count::segments_delivered;
}

// An ACK for a listener: perhaps the last of a handshake whose record the peer kept.
Tcp::Disposition Tcp::arrives_with_cookie(std::uint32_t listener, const FourTuple& tuple,
                                          std::uint32_t hash, TcpSegment& segment) {
  if (cookies_ == nullptr || segment.has(TcpFlags::kSyn) || !cookies_->expected(now_)) {
    return refuse_at_listener(listeners_[listener], tuple, segment);
  }
  HalfOpen record;
  record.tuple = tuple;
  record.hash = hash;
  record.listener = listener;
  record.irs = segment.sequence - 1;
  record.iss = segment.acknowledgment - 1;
  record.ts_offset = timestamp_offset(tuple);
  record.created = now_;
  const auto echo = settings_.timestamps ? segment.timestamps : std::nullopt;
  const auto negotiated = cookies_->check(tuple, record.irs, record.iss, echo, now_);
  if (!negotiated) {
    counters_.add(Count::syn_cookies_refused);
    return refuse_at_listener(listeners_[listener], tuple, segment);
  }
  record.negotiated = *negotiated;
  record.negotiated.sack = negotiated->sack && settings_.sack;
  record.negotiated.window_scaling = negotiated->window_scaling && settings_.window_scaling;
  if (record.negotiated.window_scaling)
    record.negotiated.rcv_wscale = window_scale(settings_) & 0xf;
  return promote(record, kNone, segment);
}

// 3.10.7.2, second: an ACK is bad here. A peer that answers resets must not keep the listener busy.
Count Tcp::refuse_at_listener(Listener& listener, const FourTuple& tuple,
                              const TcpSegment& segment) {
  if (allowed(listener.resets)) return arrives_closed(tuple, segment);
  counters_.add(Count::answers_withheld);
  return Count::drop_segment_no_connection;
}

// Whether a SYN is a new incarnation, beyond all that the old one sent, by its timestamp or by its
// sequence number (RFC 6191, 2; RFC 9293, 3.10.7.4, fourth).
bool Tcp::reopens(const TimeWait& record, const TcpSegment& syn) const {
  const bool newer = syn.sequence > record.rcv_nxt;
  if (!settings_.timestamps || !syn.timestamps) return newer;
  if (!record.timestamps) return true;
  const auto ahead = static_cast<std::int32_t>(syn.timestamps->value - record.ts_recent);
  return ahead > 0 || (ahead == 0 && newer);
}

// 3.10.7.4 for TIME-WAIT.
Tcp::Disposition Tcp::arrives_time_wait(std::uint32_t index, const FourTuple& tuple,
                                        std::uint32_t hash, TcpSegment& segment) {
  const TimeWait record = time_wait_[index];
  const Tick now = Tick::floor(now_);
  // Twice a second at most: a peer that answers each of them would go on for ever (RFC 5961, 7).
  const bool may_answer = !record.answered || record.silent_for(now) >= kChallengeEvery;
  const auto answer = [&] {
    TcpSegment ack{
        .sequence = record.snd_nxt, .acknowledgment = record.rcv_nxt, .flags = TcpFlags::kAck};
    ack.window = static_cast<std::uint16_t>(first_window() >> record.rcv_wscale);
    if (record.timestamps)
      ack.timestamps = timestamps_now(timestamp_offset(tuple), record.ts_recent);
    static_cast<void>(send_bare(tuple, ack));
    time_wait_.answered(index, now);
  };
  const auto challenged = [&](Count why) {
    if (may_answer && allowed(challenges_)) {
      counters_.add(Count::challenge_acks_out);
      answer();
    } else {
      counters_.add(Count::answers_withheld);
    }
    return why;
  };
  const bool in_window = in_range(segment.sequence, record.rcv_nxt, first_window());
  // Second: the RST bit (RFC 5961, 3.2).
  if (segment.has(TcpFlags::kRst)) {
    if (!in_window) return Count::drop_segment_unacceptable;
    if (segment.sequence != record.rcv_nxt) return challenged(Count::drop_segment_reset);
    counters_.add(Count::resets_in);
    counters_.add(Count::time_wait_reset);
    time_wait_.remove(index);
    return Count::segments_delivered;
  }
  // Fourth: the SYN bit.
  if (opens(segment) && reopens(record, segment)) {
    if (const auto listener = listeners_.find(tuple.local, tuple.local_port); listener != kNone) {
      // Until the handshake is done the record stays: the SYN may be an old one all the same
      // (3.6.1, MAY-2).
      return arrives_listen(listener, tuple, hash, segment, record.snd_nxt);
    }
  }
  if (segment.has(TcpFlags::kSyn)) {
    return challenged(in_window ? Count::drop_segment_flags : Count::drop_segment_unacceptable);
  }
  // Fifth: the only thing that can arrive is the peer's FIN again, because our last ACK did not.
  const bool knows_us = segment.has(TcpFlags::kAck) && segment.acknowledgment <= record.snd_nxt;
  if (knows_us && segment.has(TcpFlags::kFin) &&
      segment.sequence + segment.length() == record.rcv_nxt) {
    if (may_answer) {
      answer();
    } else {
      counters_.add(Count::answers_withheld);
    }
    time_wait_.restart(index, Tick::ceil(now_ + settings_.time_wait));
    return Count::segments_delivered;
  }
  if (in_window && !segment.has(TcpFlags::kAck)) return Count::drop_segment_flags;
  if (segment.length() > 0 || segment.sequence != record.rcv_nxt) {
    return challenged(Count::drop_segment_unacceptable);
  }
  return Count::segments_delivered;
}

}  // namespace conker
