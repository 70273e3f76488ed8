// What a peer sends, and whether it is the answer that it owes.
#include <algorithm>

#include "stack/verdict/exchanges.hpp"

namespace conker::verdict {
namespace {

std::uint32_t microseconds(Duration d) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(d.count(), 0, UINT32_MAX));
}

}  // namespace

Broken Exchanges::timed(Rule rule, Duration expected, Duration seen) {
  return {rule, microseconds(expected), microseconds(seen)};
}

/// Whether the segment acknowledges something of the connection that our last SYN opens.
bool Exchanges::acknowledges_us(const Record& r, const Segment& segment) {
  return segment.has(Segment::kAck) && segment.ack > r.iss && segment.ack <= r.nxt;
}

bool Exchanges::is_of_last(const Record& r, const Segment& segment) const {
  if (r.opened || segment.has(Segment::kSyn)) return true;
  return opener_ == Opener::kWe && (!segment.has(Segment::kAck) || acknowledges_us(r, segment));
}

std::optional<Exchanges::Opened> Exchanges::on_opened(const Segment& segment, Instant now) {
  const Record* const found = find(segment.source);
  const bool ended =
      found != nullptr && ((found->fin && found->finished) || found->reset_at != kNever ||
                           found->reset_by_peer_at != kNever);
  if (found != nullptr && found->isn == segment.seq && !ended) return std::nullopt;
  std::optional<std::uint32_t> fresh;
  Record& r = open(segment, fresh);
  r.isn = segment.seq;
  r.end = segment.end();
  r.end_at = now;
  r.peer_scale = segment.scale == Segment::kNoScale ? 0 : segment.scale;
  if (segment.mss != 0) r.peer_mss = segment.mss;
  r.closed = segment.window == 0;
  return Opened{*place(segment.source), fresh.has_value(), r.isn};
}

Exchanges::Judgement Exchanges::on_received(const Segment& segment, Instant now) {
  Record* const found = find(end_of_received(segment));
  if (found == nullptr) return {};
  Record& r = *found;
  if (opener_ == Opener::kPeer) return {judge(r, segment, now), {}};
  if (segment.source.port != fixed_.port) {
    // Only where it plainly means this connection; else it is of another one.
    if (!acknowledges_us(r, segment)) return {};
    return {Broken{Rule::kOtherPort, fixed_.port.value, segment.source.port.value}, {}};
  }
  const bool was_open = r.opened;
  Judgement result{judge(r, segment, now), {}};
  if (!was_open && r.opened) result.isn = r.isn;
  return result;
}

std::uint64_t Exchanges::number(const Endpoint& end) const {
  const Record* const found = find(end);
  return found == nullptr ? 0 : found->number;
}

bool Exchanges::is_of_last(const Segment& segment) const {
  const Record* const found = find(end_of_received(segment));
  return found != nullptr && is_of_last(*found, segment);
}

bool Exchanges::may_be_of_one_before(const Segment& syn_ack, Instant now) const {
  // SYN-ACKs come again no longer than that; our ISNs are further apart (RFC 9293, 3.4.1).
  const Record* const found = find(end_of_received(syn_ack));
  const bool lately = left_at_ != kNever && now - left_at_ < 2min;
  return found != nullptr && lately && found->iss - syn_ack.ack > 1 << 16;
}

bool Exchanges::tells(const Endpoint& end, Severity severity) {
  Record* const found = find(end);
  if (found == nullptr) return false;
  std::optional<Severity>& told = found->told;
  if (told && *told >= severity) return false;
  told = severity;
  return true;
}

Exchanges::Judged Exchanges::judge(Record& r, const Segment& segment, Instant now) {
  if (r.reset_by_peer_at != kNever) {
    // Each segment of ours that comes after the first RST is answered by one of its own, and what
    // the first one has overtaken is no fault.
    const Duration since = now - r.reset_by_peer_at;
    if (segment.has(Segment::kRst) || since < patience_.late) return std::nullopt;
    return timed(Rule::kSaysMoreAfterReset, patience_.late, since);
  }
  if (r.crossing) return crossed(r, segment, now);
  // Before our SYN-ACK nothing but the SYN is of a connection that the peer opens.
  if (opener_ == Opener::kPeer && (!r.opened || segment.has(Segment::kSyn))) return std::nullopt;
  if (r.provocation.pending()) {
    if (const Judged broken = provoked(r, segment, now)) return broken;
  }
  if (segment.has(Segment::kRst)) return reset(r, segment, now);
  if (r.reset_at != kNever) {
    // What was under way when our reset left is no fault.
    if (now - r.reset_at < patience_.late) return std::nullopt;
    return timed(Rule::kHeldAfterReset, patience_.late, now - r.reset_at);
  }
  if (segment.has(Segment::kSyn)) return syn_ack(r, segment, now);
  if (!r.opened) return is_of_last(r, segment) ? std::nullopt : challenged(r);
  Judged finding = acknowledgment(r, segment, now);
  r.closed = segment.window == 0;
  r.peer_edge = max(r.peer_edge, segment.ack + (std::uint32_t{segment.window} << r.peer_scale));
  if (segment.length() == 0) {
    return finding || segment.seq != r.end - 1 ? finding : keepalive(r, now);
  }
  if (segment.end() <= r.end) return finding ? finding : repeated(r, segment, now);
  r.end = segment.end();
  r.end_at = now;
  r.last_length = segment.length();
  r.last_alone = r.acked == segment.seq && segment.ack >= r.after_ack;
  r.window.on_data(r.end, r.edge);
  if (segment.has(Segment::kFin)) finish(r);
  return finding;
}

/// The peer's answer to our SYN that has crossed its own.
Exchanges::Judged Exchanges::crossed(Record& r, const Segment& segment, Instant now) {
  if (!acknowledges_us(r, segment)) return std::nullopt;  // its SYN again, perhaps
  if (segment.has(Segment::kRst)) {
    r.reset_by_peer_at = now;
    return not_crossed();
  }
  r.crossing = false;
  if (r.again) {  // that it did not answer the first one has been counted
    r.una = segment.ack;
    r.sent_at = now;
    r.again = false;
  }
  if (!segment.has(Segment::kSyn)) return judge(r, segment, now);
  (void)crossings_.add(true, patience_.crossed);
  r.peer_edge = segment.ack + segment.window;
  return acknowledgment(r, segment, now);
}

/// The peer has refused our SYN, or not answered it. Once it has answered one, others were lost.
Exchanges::Judged Exchanges::not_crossed() {
  if (!crossings_.add(false, patience_.crossed)) return std::nullopt;
  return Broken{Rule::kSimultaneousOpenRefused, 0, crossings_.wrong()};
}

/// The SYN was answered by an ACK of the connection before.
Exchanges::Judged Exchanges::challenged(Record& r) {
  const bool kept = r.challenged && r.syn_again && !r.kept;
  r.challenged = true;
  if (!kept) return std::nullopt;
  r.kept = true;
  return outcomes_.add(r.kind, SynOutcomes::Outcome::kKept, r.opened_before);
}

Exchanges::Judged Exchanges::syn_ack(Record& r, const Segment& segment, Instant now) {
  if (!segment.has(Segment::kAck)) return std::nullopt;  // a simultaneous open is not judged here
  if (!r.opened) {
    if (!acknowledges_us(r, segment)) return std::nullopt;  // conversations.hpp tells
    const Judged finding =
        r.challenged ? std::nullopt : waited(r, segment, now, Rule::kSynUnanswered);
    r.opened = true;
    r.isn = segment.seq;
    r.acked = segment.seq;
    r.end = r.edge = segment.end();
    r.opened_at = r.end_at = r.acked_at = now;
    const bool scaled = segment.scale != Segment::kNoScale && r.scale != Segment::kNoScale;
    if (!scaled) r.scale = 0;
    r.peer_scale = scaled ? segment.scale : 0;
    if (segment.mss != 0) r.peer_mss = segment.mss;
    r.rtt = now - r.sent_at;
    r.peer_edge = segment.ack + segment.window;
    r.closed = segment.window == 0;
    r.una = r.nxt = segment.ack;  // data of the SYN that it leaves out counts as not sent
    (void)outcomes_.add(r.kind, SynOutcomes::Outcome::kOpened, r.opened_before);
    return finding;
  }
  if (segment.seq != r.isn) {
    return Broken{Rule::kSynAckOtherIsn, r.isn.value(), segment.seq.value()};
  }
  if (r.syn_again) return std::nullopt;  // it may answer our second SYN
  // Acknowledged before the least timeout began, and sent again nevertheless.
  if (r.acked > r.isn && now - r.acked_at >= patience_.late) {
    return timed(Rule::kSynAckAcknowledged, Duration(0), now - r.acked_at);
  }
  if (now - r.opened_at < patience_.least_syn_rto) {
    return timed(Rule::kSynAckTwice, patience_.least_syn_rto, now - r.opened_at);
  }
  return r.acked == r.isn ? sent_again_by_peer(r, segment, now) : std::nullopt;
}

/// An answer, after all: to the first segment, but late; or only to the one that was sent again.
Exchanges::Judged Exchanges::waited(const Record& r, const Segment& segment, Instant now,
                                    Rule unanswered) const {
  const Duration since = now - r.sent_at;
  if (r.closed) return std::nullopt;  // a window probe need not be acknowledged
  if (unanswered == Rule::kDataUnanswered && since < patience_.delayed_ack) return std::nullopt;
  if (answers_again(r, segment, now)) return timed(unanswered, Duration(0), since);
  if (since <= patience_.late) return std::nullopt;
  return timed(Rule::kAnsweredLate, patience_.late, since);
}

Exchanges::Judged Exchanges::acknowledgment(Record& r, const Segment& segment, Instant now) {
  if (!segment.has(Segment::kAck) || segment.ack <= r.una || segment.ack > r.nxt)
    return std::nullopt;
  const bool of_fin = r.fin && segment.ack == r.nxt && r.nxt - r.una == 1;
  const Rule unanswered = r.una == r.iss          ? Rule::kSynUnanswered
                          : of_fin || r.again_fin ? Rule::kFinUnanswered
                                                  : Rule::kDataUnanswered;
  const Judged finding = waited(r, segment, now, unanswered);
  const Judged habit = habits(r, segment.ack);
  if (r.una == r.iss) r.rtt = now - r.sent_at;
  r.una = segment.ack;
  r.sent_at = now;
  r.again = r.again_fin = false;
  return finding ? finding : habit;
}

/// What an ACK shows that moves on: whether the peer has kept text that came ahead of a gap, and
/// how many segments it acknowledges at once.
Exchanges::Judged Exchanges::habits(Record& r, Seq ack) {
  if (r.waits_for_early && ack >= r.early) {
    r.waits_for_early = false;
    if (early_.add(ack > r.early, patience_.dropped))
      return Broken{Rule::kAboveSequenceDropped, early_.wrong(), 0};
  }
  constexpr std::uint32_t kBurst = 4, kAtOnce = 2;
  const auto flight = static_cast<std::uint32_t>(r.nxt - r.una);
  const auto moves = static_cast<std::uint32_t>(ack - r.una);
  if (r.joined || flight < kBurst * r.peer_mss) return std::nullopt;
  if (!stretches_.add(moves <= kAtOnce * r.peer_mss, patience_.stretched)) return std::nullopt;
  return Broken{Rule::kStretchAcks, kAtOnce, moves / r.peer_mss};
}

/// An empty segment one before the peer's next number asks whether we are still there. One for a
/// window that we have closed looks the same (RFC 9293, 3.8.6.1), and so does an ACK that was
/// overtaken by the last byte.
Exchanges::Judged Exchanges::keepalive(const Record& r, Instant now) const {
  if (r.acked != r.end || r.finished || r.window.filled()) return std::nullopt;
  constexpr auto kLeast = static_cast<std::uint32_t>(std::chrono::seconds(2h).count());
  const Duration idle = now - r.spoke_at;
  if (idle >= 2h || idle < patience_.prompt + r.rtt) return std::nullopt;
  return Broken{Rule::kKeepaliveEarly, kLeast, static_cast<std::uint32_t>(idle / 1s)};
}

/// Data or a FIN that came before.
Exchanges::Judged Exchanges::repeated(Record& r, const Segment& segment, Instant now) const {
  if (segment.end() <= r.acked) {
    // A keepalive probe may have a byte of garbage (RFC 9293, 3.8.4).
    if (segment.end() == r.acked && segment.data.size() == 1 && !segment.has(Segment::kFin))
      return std::nullopt;
    // It may have left before our ACK arrived.
    const Duration since = now - r.acked_at;
    if (since < patience_.late) return std::nullopt;
    return timed(Rule::kSentAcknowledged, Duration(0), since);
  }
  const Judged timeout = sent_again_by_peer(r, segment, now);
  // Only what was alone in flight: a window of data is repaired by duplicate ACKs without waiting,
  // and its last segment is sent again as a probe (RFC 8985, 7).
  if (segment.end() != r.end || segment.length() != r.last_length || !r.last_alone) return timeout;
  if (now - r.end_at >= patience_.least_rto) return timeout;
  return timed(Rule::kSentTwice, patience_.least_rto, now - r.end_at);
}

/// What an ACK of ours that is still under way has the peer send is no timeout's.
Exchanges::Judged Exchanges::sent_again_by_peer(Record& r, const Segment& segment,
                                                Instant now) const {
  const bool silent = now - r.spoke_at >= patience_.least_rto + 2 * r.rtt;
  return r.retransmissions.add(segment.seq, static_cast<std::uint32_t>(segment.data.size()),
                               r.acked, silent, {patience_.least_rto, r.mss}, now);
}

Exchanges::Judged Exchanges::reset(Record& r, const Segment& segment, Instant now) {
  if (!r.opened) {
    const bool acknowledges = acknowledges_us(r, segment);
    // One of the connection before may have crossed the SYN.
    if (!acknowledges && r.reused && now - r.syn_at < patience_.late) return std::nullopt;
    if (!acknowledges)  // the SYN goes on
      return Broken{Rule::kResetOfSyn, (r.iss + 1).value(), segment.ack.value()};
    r.reset_by_peer_at = now;
    return outcomes_.add(r.kind, SynOutcomes::Outcome::kRefused, r.opened_before);
  }
  // It answers an ACK of ours with that ACK's number, or ends the connection at its own SND.NXT,
  // before which segments may have been lost. Otherwise it is blind, and the connection may live.
  if (segment.seq <= r.isn || segment.seq > max(r.end, r.edge))
    return Broken{Rule::kResetSequence, r.end.value(), segment.seq.value()};
  r.reset_by_peer_at = now;
  late_data_.reset(r.late_data);
  // All of ours has arrived in order, nothing was there that its application could have left
  // unread.
  if (r.fin && !r.finished && !r.sent_data && r.reset_at == kNever) {
    return Broken{Rule::kResetOfFin, r.end.value(), segment.seq.value()};
  }
  return std::nullopt;
}

}  // namespace conker::verdict
