// SEGMENT ARRIVES (RFC 9293, 3.10.7), with the checks of RFC 5961. The order of the steps is the RFC's. Every
// path ends in one counter: what became of the segment.
#include <algorithm>

#include "stack/tcp/diagram.hpp"
#include "stack/tcp/tcp.hpp"

namespace conker {
namespace {

constexpr std::uint32_t kChallengeEvery =
    500;  // ticks between answers to doubtful segments of one connection

}  // namespace

void Tcp::segment_arrives(const PacketIn& packet) {
  counters_.add(Count::segments_in);
  counters_.add(dispatch(packet));
}

Count Tcp::dispatch(const PacketIn& packet) {
  if (packet.source.is_multicast() || packet.destination.is_multicast() ||
      packet.destination.is_limited_broadcast()) {
    return Count::drop_segment_address;
  }
  if (packet.checksum == ChecksumState::kUnknown &&
      !verify_tcp_checksum(packet.payload, packet.source, packet.destination)) {
    return Count::drop_segment_checksum;
  }
  const auto segment = parse_tcp(packet.payload);
  if (!segment || segment->source.value == 0 || segment->destination.value == 0) {
    return Count::drop_segment_malformed;
  }
  const FourTuple tuple{packet.destination, packet.source, segment->destination, segment->source};
  const std::uint32_t hash = hash_of(demux_key_, tuple);
  if (const auto slot = index_.find(connections_, hash, tuple); slot != kNone) {
    return connections_[slot].state == State::kSynSent ? arrives_syn_sent(slot, *segment)
                                                       : arrives(slot, *segment);
  }
  if (const auto index = half_open_.find(hash, tuple); index != kNone) {
    return arrives_half_open(index, tuple, *segment);
  }
  if (const auto index = time_wait_.find(hash, tuple); index != kNone) {
    return arrives_time_wait(index, tuple, hash, *segment);
  }
  if (const auto listener = listeners_.find(tuple.local, tuple.local_port); listener != kNone) {
    return arrives_listen(listener, tuple, hash, *segment, std::nullopt);
  }
  return arrives_closed(tuple, *segment);
}

// 3.10.7.1: CLOSED, which is where a connection is that does not exist.
Count Tcp::arrives_closed(const FourTuple& tuple, const TcpSegment& segment) {
  if (segment.has(TcpFlags::kRst)) return Count::drop_segment_reset;
  if (segment.has(TcpFlags::kAck)) {
    send_bare(tuple, segment.acknowledgment, Seq(), TcpFlags::kRst, 0, std::nullopt);
  } else {
    send_bare(tuple, Seq(), segment.sequence + segment.length(), TcpFlags::kRst | TcpFlags::kAck, 0,
              std::nullopt);
  }
  return Count::drop_segment_no_connection;
}

// 3.10.7.3
Count Tcp::arrives_syn_sent(std::uint32_t slot, const TcpSegment& segment) {
  Connection& c = connections_[slot];
  const bool has_ack = segment.has(TcpFlags::kAck);
  // First: the ACK bit.
  if (has_ack && (segment.acknowledgment <= c.iss || segment.acknowledgment > c.snd_nxt)) {
    if (segment.has(TcpFlags::kRst)) return Count::drop_segment_reset;
    send_bare(c.tuple, segment.acknowledgment, Seq(), TcpFlags::kRst, 0, std::nullopt);
    return Count::drop_segment_ack;
  }
  // Second: the RST bit.
  if (segment.has(TcpFlags::kRst)) {
    if (!has_ack) return Count::drop_segment_reset;
    counters_.add(Count::resets_in);
    destroy(slot, CloseReason::kRefused, Cause::kSegmentReset);
    return Count::segments_delivered;
  }
  // Fourth: the SYN bit. (Third, security, is not ours.)
  if (!segment.has(TcpFlags::kSyn)) return Count::drop_segment_flags;
  c.irs = segment.sequence;
  c.rcv_nxt = c.rcv_adv = segment.sequence + 1;
  c.mss = std::min(our_mss(c.tuple), std::max<std::uint16_t>(segment.mss.value_or(kDefaultMss), kLeastMss));
  if (!has_ack) {
    // Simultaneous open: our SYN goes out again, with an ACK.
    change_state(slot, State::kSynReceived, Cause::kSegmentSyn);
    c.snd_wnd = segment.window;
    c.snd_cursor = c.iss;
    c.rtt_timing = false;
    mark_dirty(slot);
    return Count::segments_delivered;
  }
  become_established(slot, segment, Cause::kSegmentSyn);
  acknowledge(slot, segment.acknowledgment);
  c.ack_now = true;
  mark_dirty(slot);
  // Sixth and on: data and FIN that came with the SYN.
  TcpSegment rest = segment;
  rest.flags = static_cast<std::uint8_t>(rest.flags & ~TcpFlags::kSyn);
  rest.sequence += 1;
  advertise(c);
  process_text(slot, rest);
  return Count::segments_delivered;
}

// 3.10.7.4: all other states.
Count Tcp::arrives(std::uint32_t slot, TcpSegment segment) {
  Connection& c = connections_[slot];
  if (c.state == State::kSynReceived && segment.has(TcpFlags::kSyn) && segment.sequence == c.irs) {
    // Both opened at once and this is the peer's SYN again, with its ACK: that part has been dealt with.
    segment.flags = static_cast<std::uint8_t>(segment.flags & ~TcpFlags::kSyn);
    segment.sequence += 1;
  }
  // First: the sequence number.
  if (!acceptable(c, segment)) {
    const bool only_window = c.rcv_wnd() == 0 && segment.sequence == c.rcv_nxt;
    if (!only_window || segment.has(TcpFlags::kRst) || segment.has(TcpFlags::kSyn)) {
      return refuse_unacceptable(slot, segment);
    }
    // A closed window keeps data out, but not the ACK that comes with it.
    segment.payload = {};
    segment.flags = static_cast<std::uint8_t>(segment.flags & ~TcpFlags::kFin);
    c.ack_now = true;
    mark_dirty(slot);
  }
  // Second: the RST bit.
  if (segment.has(TcpFlags::kRst)) return arrives_reset(slot, segment);
  // Fourth: the SYN bit (RFC 5961, 4.2).
  if (segment.has(TcpFlags::kSyn)) {
    challenge(slot);
    return Count::drop_segment_flags;
  }
  // Fifth: the ACK field.
  if (!segment.has(TcpFlags::kAck)) return Count::drop_segment_flags;
  if (c.state == State::kSynReceived) {
    if (segment.acknowledgment <= c.snd_una || segment.acknowledgment > c.snd_nxt) {
      send_bare(c.tuple, segment.acknowledgment, Seq(), TcpFlags::kRst, 0, std::nullopt);
      return Count::drop_segment_ack;
    }
    become_established(slot, segment, Cause::kSegmentAck);
  }
  if (!process_ack(slot, segment)) return Count::drop_segment_ack;
  // Sixth, the URG bit: urgent data is ordinary data here (RFC 6093). Seventh: the text. Eighth: the FIN bit.
  if (in_state(c.state, kReceiving)) process_text(slot, segment);
  return Count::segments_delivered;
}

// The four cases of 3.10.7.4, table 6.
bool Tcp::acceptable(const Connection& c, const TcpSegment& segment) const {
  const std::uint32_t length = segment.length();
  const std::uint32_t window = c.rcv_wnd();
  if (length == 0 && window == 0) return segment.sequence == c.rcv_nxt;
  if (window == 0) return false;
  return in_range(segment.sequence, c.rcv_nxt, window) ||
         (length > 0 && in_range(segment.sequence + (length - 1), c.rcv_nxt, window));
}

Count Tcp::refuse_unacceptable(std::uint32_t slot, const TcpSegment& segment) {
  if (segment.has(TcpFlags::kRst)) return Count::drop_segment_unacceptable;
  if (segment.length() > 0 && !segment.has(TcpFlags::kSyn)) {
    connections_[slot].ack_now = true;  // an ACK of ours may have been lost
    mark_dirty(slot);
  } else {
    challenge(slot);
  }
  return Count::drop_segment_unacceptable;
}

// RFC 5961, 3.2: only the very next sequence number resets; any other inside the window is asked about.
Count Tcp::arrives_reset(std::uint32_t slot, const TcpSegment& segment) {
  Connection& c = connections_[slot];
  if (segment.sequence != c.rcv_nxt) {
    challenge(slot);
    return Count::drop_segment_reset;
  }
  counters_.add(Count::resets_in);
  destroy(slot, c.state == State::kSynReceived ? CloseReason::kRefused : CloseReason::kReset,
          Cause::kSegmentReset);
  return Count::segments_delivered;
}

// An ACK that tells the peer where we stand, at most twice a second, so that two who disagree do not answer
// each other for ever.
void Tcp::challenge(std::uint32_t slot) {
  Connection& c = connections_[slot];
  const Tick now = Tick::floor(now_);
  if (c.challenged && now.value() - c.challenged_at.value() < kChallengeEvery) return;
  c.challenged = true;
  c.challenged_at = now;
  c.ack_now = true;
  counters_.add(Count::challenge_acks_out);
  mark_dirty(slot);
}

void Tcp::become_established(std::uint32_t slot, const TcpSegment& segment, Cause cause) {
  Connection& c = connections_[slot];
  if (!change_state(slot, State::kEstablished, cause)) return;
  c.established_at = now_;
  c.unanswered = 0;
  disarm(c, Timer::kConnect);
  c.snd_wnd = c.max_snd_wnd = segment.window;
  c.snd_wl1 = segment.sequence;
  c.snd_wl2 = segment.acknowledgment;
  c.congestion.start(c.mss, c.snd_una);
  if (!c.passive) post(slot, Event::kConnected);
  if (c.fin_queued) change_state(slot, State::kFinWait1, Cause::kClose);
  mark_dirty(slot);
}

// False when the segment goes no further.
bool Tcp::process_ack(std::uint32_t slot, const TcpSegment& segment) {
  Connection& c = connections_[slot];
  const Seq ack = segment.acknowledgment;
  // RFC 5961, 5.2.
  if (ack > c.snd_nxt || ack < c.snd_una - c.max_snd_wnd) {
    challenge(slot);
    return false;
  }
  const bool progress = ack > c.snd_una;
  if (progress || !c.application_closed) c.unanswered = 0;
  if (progress) {
    acknowledge(slot, ack);
  } else if (ack == c.snd_una && segment.length() == 0 && c.snd_nxt > c.snd_una &&
             segment.window == c.snd_wnd && segment.window > 0) {
    if (c.congestion.on_duplicate(c.snd_una, c.snd_nxt, c.mss) == Resend::kFirstUnacknowledged) {
      counters_.add(Count::fast_retransmits);
      c.resend_first = true;
    }
    mark_dirty(slot);
  }
  if (ack >= c.snd_una) update_send_window(slot, segment);

  if (!c.fin_acked) return true;
  switch (c.state) {
    case State::kFinWait1:
      change_state(slot, State::kFinWait2, Cause::kSegmentAck);
      if (c.application_closed) arm(slot, Timer::kFinWait2, settings_.fin_wait_2);
      break;
    case State::kClosing:
      enter_time_wait(slot, Cause::kSegmentAck);
      break;
    case State::kLastAck:
      finish_closed(slot, Cause::kSegmentAck);
      break;
    default:
      break;
  }
  return true;
}

// snd_una moves up to `ack`.
void Tcp::acknowledge(std::uint32_t slot, Seq ack) {
  Connection& c = connections_[slot];
  auto acked = static_cast<std::uint32_t>(ack - c.snd_una);
  if (c.snd_una == c.iss) --acked;  // our SYN
  const std::uint32_t data = std::min(acked, c.send_queue.size());
  c.send_queue.consume(chunks_, data);
  if (acked > data && c.fin_sent) c.fin_acked = true;
  c.snd_una = ack;
  if (c.snd_cursor < ack) c.snd_cursor = ack;

  c.rtt.progress();
  if (c.rtt_timing && ack >= c.rtt_seq) {
    c.rtt.sample(now_ - c.rtt_start);
    c.rtt_timing = false;
  }
  if (data > 0 && c.congestion.on_ack(data, ack, static_cast<std::uint32_t>(c.snd_nxt - ack), c.mss) ==
                      Resend::kFirstUnacknowledged) {
    c.resend_first = true;
  }
  // RFC 6298, 5.2 and 5.3.
  if (c.snd_una == c.snd_nxt) {
    disarm(c, Timer::kRetransmit);
  } else {
    arm(slot, Timer::kRetransmit, rto(c));
  }
  if (c.wants_writable && c.send_queue.size() <= settings_.send_buffer / 2) {
    c.wants_writable = false;
    post(slot, Event::kWritable);
  }
  if (!c.send_queue.empty() || c.fin_queued) mark_dirty(slot);
}

void Tcp::update_send_window(std::uint32_t slot, const TcpSegment& segment) {
  Connection& c = connections_[slot];
  const Seq ack = segment.acknowledgment;
  if (c.snd_wl1 > segment.sequence || (c.snd_wl1 == segment.sequence && c.snd_wl2 > ack)) return;
  if (segment.window > c.snd_wnd && !c.send_queue.empty()) mark_dirty(slot);
  c.snd_wnd = segment.window;
  c.max_snd_wnd = std::max(c.max_snd_wnd, c.snd_wnd);
  c.snd_wl1 = segment.sequence;
  c.snd_wl2 = ack;
}

void Tcp::process_text(std::uint32_t slot, const TcpSegment& segment) {
  Connection& c = connections_[slot];
  const Seq end = segment.sequence + static_cast<std::uint32_t>(segment.payload.size());
  if (c.application_closed && !segment.payload.empty() && end > c.rcv_nxt) {
    // Nobody will ever read this, and the peer must know (RFC 9293, 3.10.4; RFC 1122, 4.2.2.13).
    reset_and_destroy(slot, CloseReason::kAborted, Cause::kDataAfterClose);
    return;
  }
  Seq sequence = segment.sequence;
  auto bytes = segment.payload;
  if (sequence < c.rcv_nxt) {
    const auto old = std::min<std::size_t>(bytes.size(), static_cast<std::uint32_t>(c.rcv_nxt - sequence));
    bytes = bytes.subspan(old);
    sequence += static_cast<std::uint32_t>(old);
  }
  const std::int32_t room = c.rcv_adv - sequence;
  if (room < static_cast<std::int32_t>(bytes.size()))
    bytes = bytes.first(room > 0 ? static_cast<std::size_t>(room) : 0);
  if (segment.has(TcpFlags::kFin) && !c.peer_fin_seen) {
    c.peer_fin_seen = true;
    c.peer_fin = end;
  }
  if (!bytes.empty() && sequence == c.rcv_nxt) {
    std::uint32_t taken = c.receive_queue.append(chunks_, bytes);
    if (taken < bytes.size()) counters_.add(Count::receive_no_buffer);
    if (!c.out_of_order.empty()) {
      taken += c.out_of_order.deliver(chunks_, c.rcv_nxt + taken, c.receive_queue);
    }
    c.rcv_nxt += taken;
    c.bytes_received += taken;
    c.ack_now = true;
    if (taken > 0) post(slot, Event::kReadable);
  } else if (!bytes.empty()) {
    const bool kept = c.out_of_order.insert(chunks_, sequence, bytes);
    counters_.add(kept ? Count::out_of_order_segments : Count::out_of_order_dropped);
    if (c.duplicate_acks_owed < 255) ++c.duplicate_acks_owed;  // at once, each (RFC 5681, 4.2)
  } else if (segment.length() > 0) {
    c.ack_now = true;  // nothing new, or a FIN
  }
  if (segment.length() > 0) mark_dirty(slot);
  if (c.peer_fin_seen && c.rcv_nxt == c.peer_fin) process_fin(slot);
}

// Everything before the peer's FIN is there.
void Tcp::process_fin(std::uint32_t slot) {
  Connection& c = connections_[slot];
  c.rcv_nxt += 1;
  c.rcv_adv = max(c.rcv_adv, c.rcv_nxt);
  c.out_of_order.clear(chunks_);
  c.duplicate_acks_owed = 0;
  c.ack_now = true;
  mark_dirty(slot);
  post(slot, Event::kPeerClosed);
  switch (c.state) {
    case State::kEstablished:
      change_state(slot, State::kCloseWait, Cause::kSegmentFin);
      break;
    case State::kFinWait1:
      change_state(slot, State::kClosing, Cause::kSegmentFin);
      break;
    case State::kFinWait2:
      enter_time_wait(slot, Cause::kSegmentFin);
      break;
    default:
      broken_ = "a FIN was processed in a state that receives nothing";
      break;
  }
}

// ICMP about a segment of ours that is in flight (RFC 5927, 4.1: any other is forged or too late). Only while
// connecting, and only what no waiting can mend, ends the connection (RFC 1122, 4.2.3.9).
void Tcp::unreachable(const Unreachable& message) {
  constexpr std::uint8_t kProtocolUnreachable = 2;
  constexpr std::uint8_t kPortUnreachable = 3;
  const auto slot = index_.find(connections_, hash_of(demux_key_, message.tuple), message.tuple);
  if (slot == kNone) return;
  const Connection& c = connections_[slot];
  const auto in_flight = static_cast<std::uint32_t>(c.snd_nxt - c.snd_una);
  if (!in_range(message.sequence, c.snd_una, in_flight)) return;
  counters_.add(Count::icmp_unreachable_accepted);
  constexpr std::uint8_t kDestinationUnreachable = 3;
  const bool hard = message.type == kDestinationUnreachable &&
                    (message.code == kProtocolUnreachable || message.code == kPortUnreachable);
  if (hard && c.state == State::kSynSent) destroy(slot, CloseReason::kUnreachable, Cause::kUnreachable);
}

}  // namespace conker
