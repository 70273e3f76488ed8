// Segments that meet no connection but a listener, a half-open record or a TIME-WAIT record.
#include <algorithm>
#include <array>

#include "stack/tcp/tcp.hpp"

namespace conker {
namespace {

constexpr std::uint32_t kSecond = 977;  // ticks

/// A SYN that asks for a connection and nothing else.
bool opens(const TcpSegment& segment) {
  constexpr std::uint8_t kWithout = TcpFlags::kAck | TcpFlags::kRst | TcpFlags::kFin;
  return segment.has(TcpFlags::kSyn) && (segment.flags & kWithout) == 0;
}

}  // namespace

// 3.10.7.2: LISTEN. `beyond` is the end of what an earlier connection with this four-tuple sent, if one is
// remembered.
Count Tcp::arrives_listen(std::uint32_t listener, const FourTuple& tuple, std::uint32_t hash,
                          TcpSegment& segment, std::optional<Seq> beyond) {
  if (segment.has(TcpFlags::kRst)) return Count::drop_segment_reset;
  if (segment.has(TcpFlags::kAck)) return arrives_with_cookie(listener, tuple, hash, segment);
  if (!segment.has(TcpFlags::kSyn) || segment.has(TcpFlags::kFin)) return Count::drop_segment_flags;
  Listener& l = listeners_[listener];
  const std::uint32_t index =
      l.half_open.size() < l.half_open_cap ? half_open_.add(tuple, hash, listener, l.half_open) : kNone;
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
  record.agreed = agree(settings_, segment);
  record.created = now_;
  counters_.add(Count::half_open_created);
  wheel_.arm(half_open_timer_id(index), Tick::ceil(now_ + settings_.rto_initial));
  send_syn_ack(record);
  return Count::segments_delivered;
}

void Tcp::send_syn_ack(const HalfOpen& record, std::uint32_t timestamp) {
  TcpSegment syn_ack{
      .sequence = record.iss, .acknowledgment = record.irs + 1, .flags = TcpFlags::kSyn | TcpFlags::kAck};
  syn_ack.window = static_cast<std::uint16_t>(first_window());
  syn_ack.mss = our_mss(record.tuple);
  confirm(settings_, record.agreed, syn_ack);
  if (settings_.user_timeout_option) syn_ack.user_timeout = advertised_user_timeout(nullptr);
  if (syn_ack.timestamps) syn_ack.timestamps = TcpTimestamps{timestamp, record.agreed.ts_recent};
  static_cast<void>(send_bare(record.tuple, syn_ack));
}

// An ACK that says where we stand, for segments that make no sense (RFC 5961, 3 and 4).
void Tcp::challenge(const HalfOpen& record) {
  if (!challenge_allowed()) return;
  TcpSegment ack{.sequence = record.iss + 1, .acknowledgment = record.irs + 1, .flags = TcpFlags::kAck};
  ack.window = static_cast<std::uint16_t>(first_window() >> record.agreed.rcv_wscale);
  if (record.agreed.timestamps) {
    ack.timestamps = timestamps_now(record.ts_offset, record.agreed.ts_recent);
  }
  static_cast<void>(send_bare(record.tuple, ack));
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
  const Duration in = std::min(
      settings_.rto_initial * (std::int64_t{1} << std::min<int>(record.retransmits, 16)), settings_.rto_max);
  wheel_.arm(half_open_timer_id(index), Tick::ceil(now_ + in));
  send_syn_ack(record);
}

// 3.10.7.4 for SYN-RECEIVED after a passive open.
Count Tcp::arrives_half_open(std::uint32_t index, const FourTuple& tuple, TcpSegment& segment) {
  HalfOpen& record = half_open_[index];
  const Seq rcv_nxt = record.irs + 1;
  const auto challenged = [&](Count why) {
    challenge(record);
    return why;
  };
  if (opens(segment) && segment.sequence == record.irs) {
    send_syn_ack(record);  // it did not hear us
    return Count::segments_delivered;
  }
  // First: the sequence number.
  if (!in_range(segment.sequence, rcv_nxt, first_window())) {
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
    // Back to LISTEN, where the new SYN is as good as any.
    const std::uint32_t listener = record.listener;
    const std::uint32_t hash = record.hash;
    drop_half_open(index, Count::half_open_replaced);
    return arrives_listen(listener, tuple, hash, segment, std::nullopt);
  }
  // Fifth: the ACK field.
  if (record.agreed.timestamps && !segment.timestamps) return Count::drop_segment_no_timestamps;
  if (!segment.has(TcpFlags::kAck)) return Count::drop_segment_flags;
  if (segment.acknowledgment != record.iss + 1) {
    send_reset(tuple, segment);
    return Count::drop_segment_ack;
  }
  const HalfOpen copy = record;
  return promote(copy, index, segment);
}

// The last ACK of a handshake makes a connection from a half-open record. When there is no room for it the
// ACK counts as not received: the peer, or our SYN-ACK sent again, brings another.
Count Tcp::promote(const HalfOpen& record, std::uint32_t index, TcpSegment& segment) {
  Listener& listener = listeners_[record.listener];
  if (listener.accept_queue.size() >= listener.backlog) return Count::drop_segment_accept_queue;
  const std::uint32_t slot = make_connection(record.tuple, record.hash);
  if (slot == kNone) return Count::drop_segment_no_slot;
  if (index != kNone) {
    drop_half_open(index, Count::half_open_promoted);
  } else {
    counters_.add(Count::syn_cookies_accepted);
  }

  Connection& c = connections_[slot];
  counters_.add(Count::opened_passive);
  c.passive = true;
  c.opened_at = record.created;
  c.cookie = listener.cookie;
  c.algorithm = listener.congestion;
  keep_alive(c, listener.keepalive);
  c.listener = record.listener;
  c.in_accept_queue = true;
  listener.accept_queue.push(connections_, slot);
  c.iss = record.iss;
  c.snd_una = c.snd_nxt = c.snd_cursor = record.iss + 1;
  c.irs = record.irs;
  c.rcv_nxt = record.irs + 1;
  c.rcv_adv = c.rcv_nxt + first_window();
  c.last_ack = c.rcv_nxt;
  c.agreed = record.agreed;
  c.ts_offset = record.ts_offset;
  c.ts_recent_at = Tick::floor(now_);
  c.mss = send_mss(record.tuple, record.agreed);
  c.retransmits = record.retransmits;
  c.syn_resent = record.retransmits > 0;
  if (record.retransmits == 0 && index != kNone) c.rtt.sample(now_ - record.created);
  become_established(slot, segment, Cause::kPassiveOpen);
  post(listener, record.listener);
  return arrives(slot, segment);
}

// No room for a record: the peer keeps it for us (RFC 4987, 3.6), unless there is no room for the connection,
// either.
Count Tcp::answer_with_cookie(const Listener& listener, const FourTuple& tuple, const TcpSegment& syn) {
  if (cookies_ == nullptr || listener.accept_queue.size() >= listener.backlog) {
    return Count::drop_segment_syn_backlog;
  }
  HalfOpen record;
  record.tuple = tuple;
  record.irs = syn.sequence;
  record.agreed = agree(settings_, syn);
  record.ts_offset = timestamp_offset(tuple);
  std::uint32_t timestamp = timestamps_now(record.ts_offset, 0).value;
  record.iss = cookies_->make(tuple, record.irs, record.agreed, timestamp, now_);
  counters_.add(Count::syn_cookies_sent);
  send_syn_ack(record, timestamp);
  return Count::segments_delivered;
}

// An ACK for a listener: perhaps the last of a handshake whose record the peer kept.
Count Tcp::arrives_with_cookie(std::uint32_t listener, const FourTuple& tuple, std::uint32_t hash,
                               TcpSegment& segment) {
  if (cookies_ == nullptr || segment.has(TcpFlags::kSyn) || !cookies_->expected(now_)) {
    return arrives_closed(tuple, segment);
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
  const auto agreed = cookies_->check(tuple, record.irs, record.iss, echo, now_);
  if (!agreed) {
    counters_.add(Count::syn_cookies_refused);
    return arrives_closed(tuple, segment);
  }
  record.agreed = *agreed;
  record.agreed.sack = agreed->sack && settings_.sack;
  record.agreed.window_scaling = agreed->window_scaling && settings_.window_scaling;
  if (record.agreed.window_scaling) record.agreed.rcv_wscale = window_scale(settings_) & 0xf;
  return promote(record, kNone, segment);
}

// Whether a SYN is a new incarnation, beyond all that the old one sent, by its timestamp or by its sequence
// number (RFC 6191, 2; RFC 9293, 3.10.7.4, fourth).
bool Tcp::reopens(const TimeWait& record, const TcpSegment& syn) const {
  const bool newer = syn.sequence > record.rcv_nxt;
  if (!settings_.timestamps || !syn.timestamps) return newer;
  if (!record.timestamps) return true;
  const auto ahead = static_cast<std::int32_t>(syn.timestamps->value - record.ts_recent);
  return ahead > 0 || (ahead == 0 && newer);
}

// 3.10.7.4 for TIME-WAIT.
Count Tcp::arrives_time_wait(std::uint32_t index, const FourTuple& tuple, std::uint32_t hash,
                             TcpSegment& segment) {
  const TimeWait record = time_wait_[index];
  const auto answer = [&] {
    TcpSegment ack{.sequence = record.snd_nxt, .acknowledgment = record.rcv_nxt, .flags = TcpFlags::kAck};
    ack.window = static_cast<std::uint16_t>(first_window() >> record.rcv_wscale);
    if (record.timestamps) ack.timestamps = timestamps_now(timestamp_offset(tuple), record.ts_recent);
    static_cast<void>(send_bare(tuple, ack));
    time_wait_.spoke(index, Tick::floor(now_));
  };
  const auto challenged = [&](Count why) {
    if (challenge_allowed()) answer();
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
      const Count became = arrives_listen(listener, tuple, hash, segment, record.snd_nxt);
      // Only where there is room for the new one does the old one go.
      if (became == Count::segments_delivered) {
        time_wait_.remove(index);
        counters_.add(Count::time_wait_reused);
      }
      return became;
    }
  }
  if (segment.has(TcpFlags::kSyn)) {
    return challenged(in_window ? Count::drop_segment_flags : Count::drop_segment_unacceptable);
  }
  // Fifth: the only thing that can arrive is the peer's FIN again, because our last ACK did not.
  if (segment.has(TcpFlags::kFin) && segment.sequence + segment.length() == record.rcv_nxt) {
    answer();
    time_wait_.restart(index, Tick::ceil(now_ + settings_.time_wait));
    return Count::segments_delivered;
  }
  if (in_window && !segment.has(TcpFlags::kAck)) return Count::drop_segment_flags;
  if (segment.length() > 0 || segment.sequence != record.rcv_nxt) {
    return challenged(Count::drop_segment_unacceptable);
  }
  return Count::segments_delivered;
}

bool Tcp::challenge_allowed() {
  const Tick now = Tick::floor(now_);
  // Unsigned: a second that lies weeks back is over, too.
  if (now.value() - challenge_second_.value() >= kSecond) {
    challenge_second_ = now;
    const std::array<std::uint64_t, 1> word{now.value()};
    challenges_left_ =
        kChallengesPerSecond + static_cast<std::uint32_t>(siphash24(port_key_, word)) % kChallengesPerSecond;
  }
  if (challenges_left_ == 0) return false;
  --challenges_left_;
  counters_.add(Count::challenge_acks_out);
  return true;
}

}  // namespace conker
