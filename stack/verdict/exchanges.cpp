#include "stack/verdict/exchanges.hpp"

#include <algorithm>

#include "stack/base/prefetch.hpp"

namespace conker::verdict {
namespace {

std::uint32_t microseconds(Duration d) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(d.count(), 0, UINT32_MAX));
}

}  // namespace

Exchanges::Exchanges(const Endpoint& fixed, std::size_t capacity, const Patience& patience,
                     Opener opener)
    : fixed_(fixed),
      opener_(opener),
      patience_(patience),
      capacity_(capacity),
      index_(capacity),
      reopenings_(patience.reopened) {
  records_.reserve(capacity);
}

std::optional<std::uint32_t> Exchanges::place(const Endpoint& end) const {
  if (found_ && found_end_ == end) return found_;
  found_end_ = end;
  return found_ = index_.find(end, [&](std::uint32_t at) { return records_[at].where == end; });
}

/// Null where the connection is not known.
const Exchanges::Record* Exchanges::find(const Endpoint& end) const {
  const auto at = place(end);
  return at ? &records_[*at] : nullptr;
}
Exchanges::Record* Exchanges::find(const Endpoint& end) {
  const auto at = place(end);
  return at ? &records_[*at] : nullptr;
}

/// The record of a connection that begins: that of the one before with the same four-tuple, or else
/// a fresh one, in the place of the oldest where there is no room.
Exchanges::Record& Exchanges::open(const Segment& syn, std::optional<std::uint32_t>& fresh) {
  using Opens = Reopenings::Opens;
  const Endpoint& end = syn.source;
  std::optional<std::uint32_t> at = place(end);
  const bool reused = at.has_value();
  const Opens opens = !reused                                       ? Opens::kFresh
                      : may_be_opened_again(records_[*at], syn.seq) ? Opens::kAgain
                                                                    : Opens::kOther;
  if (!reused) {
    at = static_cast<std::uint32_t>(next_);
    if (records_.size() < capacity_) {
      records_.emplace_back();
    } else {
      const Record& oldest = records_[next_];
      if (oldest.opened && oldest.acked == oldest.isn && oldest.reset_at == kNever)
        left_at_ = oldest.opened_at;
      index_.remove(oldest.where, *at);
    }
    next_ = (next_ + 1) % capacity_;
    index_.insert(end, *at);
    found_ = fresh = at;
    if (next_ < records_.size()) prefetch(records_[next_]);
  }
  Record& r = records_[*at] = Record();
  r.where = end;
  r.number = ++opened_;
  r.reused = reused;
  r.opens = opens;
  r.opened_before = reopenings_.opened();
  return r;
}

/// Whether both ends have closed the connection, each knows it, and the new number is beyond all
/// that we sent.
bool Exchanges::may_be_opened_again(const Record& r, Seq iss) {
  return r.fin && r.finished && r.una == r.nxt && r.acked == r.end && iss > r.nxt &&
         r.reset_at == kNever && r.reset_by_peer_at == kNever;
}

// ---- What we send ----

Exchanges::Sent Exchanges::on_sent(const Segment& segment, Instant now) {
  Record* const found = find(end_of_sent(segment));
  if (opener_ == Opener::kPeer && segment.has(Segment::kSyn | Segment::kAck)) {
    if (found != nullptr) answer_syn(*found, segment, now);
    return {};
  }
  if (found != nullptr && found->opened && provokes(*found, segment, now)) return {};
  if (opener_ == Opener::kWe && segment.opens()) {
    const bool again = found != nullptr && found->iss == segment.seq && !found->opened &&
                       found->reset_by_peer_at == kNever;
    if (again) return {{}, syn_sent_again(*found, segment, now)};
    std::optional<std::uint32_t> fresh;
    Record& r = open(segment, fresh);
    r.iss = r.una = segment.seq;
    r.scale = segment.scale;
    r.nxt = segment.end();
    r.syn_at = r.sent_at = now;
    return {fresh, {}};
  }
  if (found == nullptr) return {};
  Record& r = *found;
  if (segment.has(Segment::kRst)) {
    // Before the SYN-ACK it rejects a segment of another connection, and ours goes on.
    const bool ends = r.opened && r.reset_at == kNever;
    if (ends) r.reset_at = now;
    return {{}, ends ? stuck(r, now) : std::nullopt};
  }
  if (segment.has(Segment::kAck) && r.opened) {
    if (segment.ack > r.acked) {
      r.acked = segment.ack;
      r.acked_at = now;
      r.after_ack = segment.length() > 0 ? segment.end() : r.nxt + 1;
    }
    r.edge = max(r.edge, segment.ack + (std::uint32_t{segment.window} << r.scale));
    r.window.on_window(r.end, r.edge, r.nxt, now);
  }
  if (segment.length() > 0 && !segment.has(Segment::kSyn)) on_text_sent(r, segment, now);
  return {};
}

/// We reset a connection whose peer has sent what our window took, and no more when it was open
/// again, though it has acknowledged more than it has sent.
Exchanges::Judged Exchanges::stuck(const Record& r, Instant now) const {
  if (r.finished || r.window.unused(r.una, now).value_or(0us) < patience_.stuck)
    return std::nullopt;
  const auto received = static_cast<std::uint32_t>(r.una - r.iss) - (r.fin ? 2 : 1);
  const auto sent = static_cast<std::uint32_t>(r.end - r.isn) - 1;
  if (sent >= received) return std::nullopt;
  return Broken{Rule::kWindowStuck, received, sent};
}

/// A SYN that we send again, since it was lost, or the peer has not answered or by an ACK.
Exchanges::Judged Exchanges::syn_sent_again(Record& r, const Segment& syn, Instant now) {
  const bool unanswered = !r.syn_again && !r.challenged;
  r.syn_again = true;
  sent_again(r, syn, now);
  if (!unanswered) return std::nullopt;
  return reopenings_.add(r.opens, Reopenings::Outcome::kUnanswered, r.opened_before);
}

/// Our SYN-ACK, by which a connection that a peer opens has the numbers of both ends.
void Exchanges::answer_syn(Record& r, const Segment& segment, Instant now) {
  if (segment.ack != r.isn + 1) return;  // of a connection before
  if (r.opened && segment.seq == r.iss) return sent_again(r, segment, now);
  if (r.opened && r.una > r.iss) return;
  r.opened = true;
  r.iss = r.una = segment.seq;
  r.nxt = r.after_ack = r.peer_edge = segment.end();
  r.acked = segment.ack;
  r.edge = segment.ack + segment.window;
  r.opened_at = r.sent_at = r.acked_at = now;
  // A SYN-ACK has the option only where the SYN had it.
  const bool scaled = segment.scale != Segment::kNoScale;
  r.scale = scaled ? segment.scale : 0;
  if (!scaled) r.peer_scale = 0;
}

/// Data or a FIN.
void Exchanges::on_text_sent(Record& r, const Segment& segment, Instant now) {
  if (segment.end() > r.nxt) {
    r.gap = r.gap || segment.seq > r.nxt;
    if (r.una == r.nxt) {
      r.sent_at = now;
      r.again = r.again_fin = false;
    }
    r.nxt = segment.end();
    r.fin = r.fin || segment.has(Segment::kFin);
    r.sent_data = r.sent_data || !segment.data.empty();
  } else if (r.gap || now == r.filled_at) {
    // What fills the gap, and what is sent over it at once, is not sent again for want of an
    // answer.
    r.gap = false;
    r.sent_at = r.filled_at = now;
  } else if (segment.seq >= r.una) {  // below it is a keepalive probe
    r.again_fin = r.again_fin || segment.has(Segment::kFin);
    sent_again(r, segment, now);
  }
}

void Exchanges::sent_again(Record& r, const Segment& segment, Instant now) {
  r.again = true;
  r.again_at = now;
  r.again_timestamp = segment.timestamps ? segment.timestamp : 0;
}

/// Whether the peer's answer is to the segment that was sent again, and the first one was lost or
/// ignored: by the timestamp that the answer echoes (RFC 3522), or, without, since it came at once
/// and not just somewhat late.
bool Exchanges::answers_again(const Record& r, const Segment& segment, Instant now) const {
  constexpr int kAtOnce = 8;
  const Duration since = now - r.again_at;
  if (!r.again || since > patience_.prompt) return false;
  if (segment.timestamps && r.again_timestamp != 0) return segment.echo == r.again_timestamp;
  return since * kAtOnce <= r.again_at - r.sent_at;
}

// ---- What we provoke it with ----

Provocation::Standing Exchanges::standing(const Record& r) {
  const bool ended = r.fin || r.finished || r.reset_at != kNever || r.reset_by_peer_at != kNever;
  const bool spoke = r.una > r.iss + 1 || r.end > r.isn + 1;
  const std::uint32_t most = std::uint32_t{1} << (16 + r.peer_scale);
  return {r.una, r.nxt, r.peer_edge, r.nxt + most, r.end, spoke && !ended};
}

/// Whether our segment is a provocation. A SYN is none where the connection before has ended.
bool Exchanges::provokes(Record& r, const Segment& segment, Instant now) {
  const bool odd = (segment.flags & (Segment::kRst | Segment::kSyn)) != 0 || segment.ack > r.end;
  if (!odd && !r.provocation.pending()) return false;
  const Provocation::Standing at = standing(r);
  if (segment.has(Segment::kSyn) && !at.established) return false;
  return r.provocation.sent(segment, at, now);
}

Exchanges::Judged Exchanges::provoked(Record& r, const Segment& segment, Instant now) {
  const Provocation::Shown shown = r.provocation.received(segment, standing(r), now);
  if (shown.broken && segment.has(Segment::kRst)) r.reset_by_peer_at = now;
  if (!shown.owed) return shown.broken;
  const bool of_reset = *shown.owed == Rule::kResetUnchallenged;
  Challenges& challenges = of_reset ? reset_challenges_ : syn_challenges_;
  challenges.seen = challenges.seen || shown.challenged;
  if (challenges.seen || ++challenges.owed != patience_.unchallenged) return std::nullopt;
  return Broken{*shown.owed, challenges.owed, 0};
}

// ---- What the peer sends ----

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
  if (segment.length() == 0) return finding;
  if (segment.end() <= r.end) return finding ? finding : repeated(r, segment, now);
  r.end = segment.end();
  r.end_at = now;
  r.last_length = segment.length();
  r.last_alone = r.acked == segment.seq && segment.ack >= r.after_ack;
  r.window.on_data(r.end, r.edge);
  if (segment.has(Segment::kFin)) finish(r);
  return finding;
}

/// The SYN was answered by an ACK of the connection before.
Exchanges::Judged Exchanges::challenged(Record& r) {
  const bool kept = r.challenged && r.syn_again && !r.kept;
  r.challenged = true;
  if (!kept) return std::nullopt;
  r.kept = true;
  return reopenings_.add(r.opens, Reopenings::Outcome::kKept, r.opened_before);
}

Exchanges::Judged Exchanges::syn_ack(Record& r, const Segment& segment, Instant now) {
  if (!segment.has(Segment::kAck)) return std::nullopt;  // a simultaneous open is not judged here
  if (!r.opened) {
    if (segment.ack != r.iss + 1) return std::nullopt;  // conversations.hpp tells
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
    r.peer_edge = segment.ack + segment.window;
    r.closed = segment.window == 0;
    r.una = max(r.una, segment.ack);
    (void)reopenings_.add(r.opens, Reopenings::Outcome::kOpened, r.opened_before);
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
  return std::nullopt;
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
  r.una = segment.ack;
  r.sent_at = now;
  r.again = r.again_fin = false;
  return finding;
}

/// Data or a FIN that came before.
Exchanges::Judged Exchanges::repeated(const Record& r, const Segment& segment, Instant now) const {
  if (segment.end() <= r.acked) {
    // A keepalive probe may have a byte of garbage (RFC 9293, 3.8.4).
    if (segment.end() == r.acked && segment.data.size() == 1 && !segment.has(Segment::kFin))
      return std::nullopt;
    // It may have left before our ACK arrived.
    const Duration since = now - r.acked_at;
    if (since < patience_.late) return std::nullopt;
    return timed(Rule::kSentAcknowledged, Duration(0), since);
  }
  // Only what was alone in flight: a window of data is repaired by duplicate ACKs without waiting,
  // and its last segment is sent again as a probe (RFC 8985, 7).
  if (segment.end() != r.end || segment.length() != r.last_length || !r.last_alone)
    return std::nullopt;
  if (now - r.end_at >= patience_.least_rto) return std::nullopt;
  return timed(Rule::kSentTwice, patience_.least_rto, now - r.end_at);
}

Exchanges::Judged Exchanges::reset(Record& r, const Segment& segment, Instant now) {
  if (!r.opened) {
    const bool acknowledges = acknowledges_us(r, segment);
    // One of the connection before may have crossed the SYN.
    if (!acknowledges && r.reused && now - r.syn_at < patience_.late) return std::nullopt;
    if (!acknowledges)  // the SYN goes on
      return Broken{Rule::kResetOfSyn, (r.iss + 1).value(), segment.ack.value()};
    r.reset_by_peer_at = now;
    return reopenings_.add(r.opens, Reopenings::Outcome::kRefused, r.opened_before);
  }
  // It answers an ACK of ours with that ACK's number, or ends the connection at its own SND.NXT,
  // before which segments may have been lost. Otherwise it is blind, and the connection may live.
  if (segment.seq <= r.isn || segment.seq > max(r.end, r.edge))
    return Broken{Rule::kResetSequence, r.end.value(), segment.seq.value()};
  r.reset_by_peer_at = now;
  // All of ours has arrived in order, nothing was there that its application could have left
  // unread.
  if (r.fin && !r.finished && !r.sent_data && r.reset_at == kNever) {
    return Broken{Rule::kResetOfFin, r.end.value(), segment.seq.value()};
  }
  return std::nullopt;
}

}  // namespace conker::verdict
