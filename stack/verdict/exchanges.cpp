#include "stack/verdict/exchanges.hpp"

#include "stack/base/prefetch.hpp"

namespace conker::verdict {

Exchanges::Exchanges(const Endpoint& fixed, std::size_t capacity, const Patience& patience,
                     Opener opener)
    : fixed_(fixed),
      opener_(opener),
      patience_(patience),
      capacity_(capacity),
      index_(capacity),
      outcomes_(patience.syns),
      late_data_(patience.late_data) {
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
  const Endpoint& end = syn.source;
  std::optional<std::uint32_t> at = place(end);
  const bool reused = at.has_value();
  const bool again = reused && ended_in_order(records_[*at]) && syn.seq > records_[*at].nxt;
  const auto kind = SynOutcomes::kind_of(reused, again, !syn.data.empty());
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
  r.kind = kind;
  r.opened_before = outcomes_.opened();
  return r;
}

// ---- What we send ----

Exchanges::Sent Exchanges::on_sent(const Segment& segment, Instant now) {
  Record* const found = find(end_of_sent(segment));
  if (opener_ == Opener::kPeer && segment.has(Segment::kSyn)) {
    if (found == nullptr) return {};
    const bool provokes = found->opened && !segment.has(Segment::kAck) && segment.seq != found->iss;
    if (!provokes) return {{}, answer_syn(*found, segment, now)};
  }
  if (found != nullptr) found->spoke_at = now;
  if (found != nullptr && found->opened && provokes(*found, segment, now)) return {};
  if (opener_ == Opener::kWe && segment.opens()) {
    const bool again = found != nullptr && found->iss == segment.seq && !found->opened &&
                       found->reset_by_peer_at == kNever;
    if (again) return {{}, syn_sent_again(*found, segment, now)};
    std::optional<std::uint32_t> fresh;
    Record& r = open(segment, fresh);
    r.iss = r.una = segment.seq;
    r.scale = segment.scale;
    if (segment.mss != 0) r.mss = segment.mss;
    r.nxt = segment.end();
    r.syn_at = r.sent_at = r.spoke_at = now;
    return {fresh, {}};
  }
  if (found == nullptr) return {};
  Record& r = *found;
  if (segment.has(Segment::kRst)) {
    // Before the SYN-ACK it rejects a segment of another connection, and ours goes on.
    if (!r.opened || r.reset_at != kNever) return {};
    r.reset_at = now;
    const Judged taken = late_data_.outlived(r.late_data, r.una);
    return {{}, taken ? taken : stuck(r, now)};
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
  return outcomes_.add(r.kind, SynOutcomes::Outcome::kUnanswered, r.opened_before);
}

/// Our SYN-ACK, or SYN that crosses the peer's, by which a connection that a peer opens has the
/// numbers of both ends.
Exchanges::Judged Exchanges::answer_syn(Record& r, const Segment& segment, Instant now) {
  const bool crosses = !segment.has(Segment::kAck);
  if (!crosses && segment.ack != r.isn + 1) return std::nullopt;  // of a connection before
  if (r.opened && segment.seq == r.iss) {
    const bool unanswered = r.crossing && !r.again;
    sent_again(r, segment, now);
    return unanswered ? not_crossed() : std::nullopt;
  }
  if (r.opened && r.una > r.iss) return std::nullopt;
  r.crossing = crosses;
  r.opened = true;
  r.iss = r.una = segment.seq;
  r.nxt = r.after_ack = r.peer_edge = segment.end();
  r.acked = crosses ? r.isn : segment.ack;
  r.edge = r.isn + 1 + segment.window;
  if (segment.mss != 0) r.mss = segment.mss;
  r.opened_at = r.sent_at = r.acked_at = now;
  // A SYN-ACK has the option only where the SYN had it.
  const bool scaled = segment.scale != Segment::kNoScale;
  r.scale = scaled ? segment.scale : 0;
  if (!scaled) r.peer_scale = 0;
  return std::nullopt;
}

/// Data or a FIN.
void Exchanges::on_text_sent(Record& r, const Segment& segment, Instant now) {
  if (segment.end() > r.nxt) {
    if (segment.seq > r.nxt && !r.gap) {
      r.gap = r.waits_for_early = true;
      r.early = segment.seq;
    }
    r.joined = r.joined || segment.data.size() > r.peer_mss;
    if (r.finished && !segment.data.empty()) r.late_data.on_sent(r.nxt);
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
  // Within a tick of our clock both may carry the same timestamp, and a busy host takes as long.
  if (r.again_at - r.sent_at <= patience_.tick) return false;
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
  if (shown.aborted_at_once) {
    const bool told = syn_aborts_.add(!*shown.aborted_at_once, patience_.unchallenged);
    if (*shown.aborted_at_once && !told) return std::nullopt;  // the RST is judged as any other
  }
  if (shown.broken && segment.has(Segment::kRst)) r.reset_by_peer_at = now;
  if (!shown.owed) return shown.broken;
  const bool of_reset = *shown.owed == Rule::kResetUnchallenged;
  Habit& challenges = of_reset ? reset_challenges_ : syn_challenges_;
  if (!challenges.add(shown.challenged, patience_.unchallenged)) return std::nullopt;
  return Broken{*shown.owed, challenges.wrong(), 0};
}

}  // namespace conker::verdict
