#include "stack/verdict/conversation.hpp"

#include <algorithm>

namespace conker::verdict {
namespace {

constexpr std::size_t kMaxSyns = 8, kMaxResets = 32;
constexpr std::uint16_t kDefaultMss = 536;  // RFC 9293, 3.7.1
constexpr std::uint16_t kLeastMss = 48;     // a smaller value of a peer is raised to this
constexpr std::int32_t kNear = 1 << 24;

}  // namespace

// ---- Segments that a host has received ----

void Conversation::on_received(const Segment& segment) {
  if (segment.has(Segment::kRst)) return receive_reset(segment);
  const bool syn = segment.has(Segment::kSyn);
  if (syn) receive_syn(segment);
  received_.add(segment.seq + (syn ? 1 : 0), segment.length() - (syn ? 1 : 0));
  if (segment.has(Segment::kFin))
    own_.peer_ends[own_.fin_count++ % own_.peer_ends.size()] = segment.end();
  const bool acknowledges_sent =
      own_.opened && segment.has(Segment::kAck) &&
      segment.ack.value() - own_.syn.seq.value() <= own_.end.value() - own_.syn.seq.value();
  if (!acknowledges_sent) return;
  const Seq edge = segment.ack + (std::uint32_t{segment.window} << shift_received(segment));
  if (!own_.edge || edge > *own_.edge) own_.edge = edge;
}

void Conversation::receive_reset(const Segment& segment) {
  const Reset reset{segment.seq, segment.ack, segment.has(Segment::kAck)};
  if (resets_.size() < kMaxResets) {
    resets_.push_back(reset);
  } else {
    resets_[reset_count_ % kMaxResets] = reset;
  }
  ++reset_count_;
}

void Conversation::receive_syn(const Segment& segment) {
  const Syn syn{
      segment.seq,       segment.end(),
      segment.window,    segment.mss != 0 ? std::max(segment.mss, kLeastMss) : kDefaultMss,
      segment.scale,     segment.sack_permitted,
      segment.timestamps};
  const auto known = std::ranges::find(syns_, segment.seq, &Syn::seq);
  if (known == syns_.end()) {
    if (syns_.size() == kMaxSyns) syns_.erase(syns_.begin());
    syns_.push_back(syn);
  } else if (own_.opened && !own_.peer && segment.has(Segment::kAck) &&
             segment.ack == own_.syn.seq + 1) {
    *known = syn;  // options that it offered to other peers with this ISS do not matter
  }
}

// Before its first answer a host may not have decided which SYN it accepts: the larger shift is the
// safe one.
std::uint8_t Conversation::shift_received(const Segment& segment) const {
  if (segment.has(Segment::kSyn)) return 0;
  if (own_.peer) return shift_of_peer();
  std::uint8_t shift = 0;
  if (own_.syn.scale == Segment::kNoScale) return shift;
  for (const Syn& s : syns_) {
    if (s.scale != Segment::kNoScale) shift = std::max(shift, s.scale);
  }
  return shift;
}

// ---- Segments that a host sends ----

std::optional<Broken> Conversation::on_sent(const Segment& segment, const Excuses& excuses,
                                            Contents contents) {
  if (segment.has(Segment::kRst)) return std::nullopt;
  return segment.has(Segment::kSyn) ? sent_syn(segment) : sent(segment, excuses, contents);
}

Conversation::Judgement Conversation::sent(const Segment& segment, const Excuses& excuses,
                                           Contents contents) {
  if (!segment.has(Segment::kAck)) return Broken{Rule::kAckMissing, Segment::kAck, segment.flags};
  if (!own_.opened) {
    if (excuses.unseen_segments) return std::nullopt;
    return Broken{Rule::kNeverOpened, Segment::kRst, segment.flags};
  }
  // A SYN is answered at once, but a final segment of the previous connection leaves at the end of
  // the turn. By chance the new ISS may equal its number.
  const bool owed = segment.length() == 0 && own_.end_before == segment.seq;
  const bool fits = own_.peer && own_.end == segment.seq && segment.ack >= own_.last_ack &&
                    segment.ack <= received_.next();
  if (owed && !fits) return std::nullopt;
  // The same cookie may arrive twice, and each time make a connection with the same numbers.
  if (own_.not_judged || (excuses.syn_cookies && own_.passive)) return std::nullopt;
  // The number may lie within the sequence space of the previous connection, whose peer is another.
  const bool to_another =
      own_.peer && own_.peer->seq + 1 != segment.ack &&
      std::ranges::any_of(syns_, [&](const Syn& s) { return s.seq + 1 == segment.ack; });
  const bool gap =
      segment.seq.value() - own_.syn.seq.value() > own_.end.value() - own_.syn.seq.value();
  if (excuses.unseen_segments && (to_another || gap)) {
    // The segments before it, perhaps even the SYN, were dropped before they reached the wire.
    own_.not_judged = true;
    return std::nullopt;
  }
  if (excuses.in_transit) {
    if (overtaken(segment)) return std::nullopt;
    const bool within = own_.edge && segment.seq > own_.end && segment.seq <= *own_.edge;
    if (within) own_.end = segment.seq;
  }
  own_.spoke = true;
  if (const Judgement broken = check_ack(segment)) return broken;
  if (const Judgement broken = check_sequence(segment)) return broken;
  if (const Judgement broken = check_data(segment, contents)) return broken;
  if (const Judgement broken = check_sack(segment)) return broken;
  if (const Judgement broken = check_timestamp(segment)) return broken;
  return check_window(segment);
}

/// Whether the segment may have been sent before another that has arrived: it has no new numbers.
bool Conversation::overtaken(const Segment& segment) const {
  if (!own_.peer || segment.seq <= own_.syn.seq || segment.end() > own_.end) return false;
  const bool older_ack = segment.ack < own_.last_ack && segment.ack > own_.peer->seq;
  const bool older_timestamp = segment.timestamps && own_.last_timestamp != 0 &&
                               Seq(segment.timestamp) < Seq(own_.last_timestamp);
  return older_ack || older_timestamp;
}

std::uint32_t Conversation::last_syn_answered() const {
  return syns_.empty() ? 0 : (syns_.back().seq + 1).value();
}

/// The host begins another connection with this SYN; what its peers have sent remains.
void Conversation::begin_another(const Segment& segment) {
  Own fresh;
  // A handshake that was not completed leaves the previous TIME-WAIT record, which goes on
  // answering. Its record may have answered, too (RFC 5961, 3), but sends no data and
  // acknowledges none.
  const bool only_shook_hands = own_.passive && own_.end == own_.syn.seq + 1 && own_.peer &&
                                own_.last_ack == own_.peer->seq + 1;
  if (only_shook_hands && own_.end_before) {
    fresh.end_before = own_.end_before;
  } else if (own_.opened && own_.end != segment.seq + 1) {
    fresh.end_before = own_.end;
  }
  fresh.opened = true;
  fresh.passive = segment.has(Segment::kAck);
  fresh.syn = {segment.seq,   segment.end(),          segment.window,    segment.mss,
               segment.scale, segment.sack_permitted, segment.timestamps};
  fresh.end = segment.seq + 1;
  own_ = fresh;
  received_.restart();
}

Conversation::Judgement Conversation::sent_syn(const Segment& segment) {
  const bool answers = segment.has(Segment::kAck);
  // The host may have sent an ACK before: an ACK of an unacceptable segment precedes the SYN-ACK
  // that is sent again.
  const bool again = answers && own_.peer && own_.peer->acknowledged_by(segment.ack);
  const bool same = own_.opened && own_.syn.seq == segment.seq && (!own_.spoke || again);
  const bool same_peer = !answers || !own_.peer || again;
  if (!same || !same_peer) {
    begin_another(segment);
  } else if (answers) {
    // A SYN-ACK has only options that the peer offered.
    own_.syn.scale = segment.scale;
    own_.syn.sack = segment.sack_permitted;
    own_.syn.timestamps = segment.timestamps;
  }
  if (segment.timestamps) own_.syn_timestamp = segment.timestamp;
  own_.end = max(own_.end, segment.end());
  if (!segment.data.empty()) {
    return Broken{Rule::kDataInSyn, 0, static_cast<std::uint32_t>(segment.data.size())};
  }
  if (!answers) {
    if (!segment.has(Segment::kFin)) return std::nullopt;
    return Broken{Rule::kSynWithFin, Segment::kSyn, segment.flags};
  }
  if (own_.peer) return std::nullopt;
  const auto answered =
      std::ranges::find_if(syns_, [&](const Syn& s) { return s.acknowledged_by(segment.ack); });
  if (answered == syns_.end())
    return Broken{Rule::kSynAckOfNoSyn, last_syn_answered(), segment.ack.value()};
  own_.peer = *answered;
  own_.last_ack = segment.ack;
  own_.announced = segment.ack + segment.window;
  own_.took_syn_data = segment.ack > own_.peer->seq + 1;
  // Who takes data of a SYN may answer it before the ACK comes (RFC 7413, 4.2.2).
  if (own_.took_syn_data) own_.edge = own_.end + own_.peer->window;
  received_.start_at(segment.ack);
  return std::nullopt;
}

Conversation::Judgement Conversation::check_ack(const Segment& segment) {
  if (!own_.peer) {
    std::int32_t nearest = kNear;
    for (const Syn& syn : syns_) {
      const std::int32_t ahead = segment.ack - (syn.seq + 1);
      if (ahead < 0 || ahead >= nearest) continue;
      nearest = ahead;
      own_.peer = syn;
    }
    if (!own_.peer) return Broken{Rule::kAckOfNoSyn, last_syn_answered(), segment.ack.value()};
    const Seq first = own_.peer->seq + 1;
    own_.last_ack = own_.announced = first;
    received_.start_at(first);
  }
  const Seq next = received_.next();
  if (!received_.lost_track() && segment.ack > next)
    return Broken{Rule::kAckOfTheUnsent, next.value(), segment.ack.value()};
  if (segment.ack < own_.last_ack)
    return Broken{Rule::kAckGoesBack, own_.last_ack.value(), segment.ack.value()};
  own_.last_ack = segment.ack;
  return std::nullopt;
}

Conversation::Judgement Conversation::check_sequence(const Segment& segment) {
  const Seq data_end = segment.seq + static_cast<std::uint32_t>(segment.data.size());
  const Seq iss = own_.syn.seq;
  if (segment.seq.value() - iss.value() > own_.end.value() - iss.value())
    return Broken{Rule::kSequenceGap, own_.end.value(), segment.seq.value()};
  if (segment.length() > 0 && segment.seq == iss)
    return Broken{Rule::kDataAtSyn, (iss + 1).value(), segment.seq.value()};
  if (own_.fin && segment.end() > *own_.fin + 1)
    return Broken{Rule::kDataAfterFin, (*own_.fin + 1).value(), segment.end().value()};
  const bool fin = segment.has(Segment::kFin);
  if (own_.fin && fin && data_end != *own_.fin)
    return Broken{Rule::kFinMoved, own_.fin->value(), data_end.value()};
  if (fin) own_.fin = data_end;
  own_.end = max(own_.end, segment.end());
  return std::nullopt;
}

Conversation::Judgement Conversation::check_data(const Segment& segment, Contents contents) {
  const auto size = static_cast<std::uint32_t>(segment.data.size());
  if (size == 0) return std::nullopt;
  if (!own_.edge) return Broken{Rule::kDataBeforeWindow, 0, size};
  // A window probe is one byte beyond the window (RFC 9293, 3.8.6.1).
  if (const Seq end = segment.seq + size; end > *own_.edge + 1)
    return Broken{Rule::kDataBeyondWindow, (*own_.edge + 1).value(), end.value()};
  if (size > own_.peer->mss) return Broken{Rule::kSegmentOverMss, own_.peer->mss, size};
  if (contents == nullptr) {
    const auto differs = own_.texts.add(segment.seq, segment.data);
    return differs ? Judgement(Broken{Rule::kResendDiffers, differs->before, differs->now})
                   : std::nullopt;
  }
  const std::uint32_t iss = own_.syn.seq.value();
  const std::uint32_t offset = segment.seq.value() - iss - 1;
  for (std::uint32_t i = 0; i < size; ++i) {
    const std::byte expected = contents(iss, offset + i);
    if (segment.data[i] == expected) continue;
    return Broken{Rule::kOtherData, std::to_integer<std::uint32_t>(expected),
                  std::to_integer<std::uint32_t>(segment.data[i])};
  }
  return std::nullopt;
}

Conversation::Judgement Conversation::check_sack(const Segment& segment) const {
  const bool permitted = own_.syn.sack && own_.peer->sack;
  if (segment.block_count > 0 && !permitted)
    return Broken{Rule::kSackNotPermitted, 0, segment.block_count};
  for (std::size_t i = 0; i < segment.block_count; ++i) {
    const auto [left, right] = segment.blocks[i];
    if (right <= left) return Broken{Rule::kSackBlockEmpty, (left + 1).value(), right.value()};
    if (!received_.covers(left, right))
      return Broken{Rule::kSackOfTheUnsent, received_.next().value(), right.value()};
  }
  return std::nullopt;
}

Conversation::Judgement Conversation::check_timestamp(const Segment& segment) {
  const bool negotiated = own_.syn.timestamps && own_.peer->timestamps;
  if (negotiated != segment.timestamps) {
    return Broken{Rule::kTimestampsNotNegotiated, negotiated ? 1u : 0u,
                  segment.timestamps ? 1u : 0u};
  }
  if (!negotiated) return std::nullopt;
  const std::uint32_t last = own_.last_timestamp;
  if (last != 0 && Seq(segment.timestamp) < Seq(last))
    return Broken{Rule::kTimestampGoesBack, last, segment.timestamp};
  own_.last_timestamp = segment.timestamp;
  return std::nullopt;
}

// Rounding by the scale may cut off less than one unit, or two where it was up before: so Linux
// does it in a handshake whose SYN had data. A host that has received the peer's FIN needs no
// window any more.
Conversation::Judgement Conversation::check_window(const Segment& segment) {
  const unsigned shift = shift_of_own();
  const Seq edge = segment.ack + (std::uint32_t{segment.window} << shift);
  const bool shrinks = own_.announced - edge >= (own_.took_syn_data ? 2 : 1) << shift;
  if (shrinks && !peer_has_ended_at(segment.ack))
    return Broken{Rule::kWindowShrinks, own_.announced.value(), edge.value()};
  own_.announced = max(own_.announced, edge);
  return std::nullopt;
}

bool Conversation::peer_has_ended_at(Seq ack) const {
  const auto& ends = own_.peer_ends;
  const auto fins = ends.begin() + std::min<std::size_t>(own_.fin_count, ends.size());
  return std::find(ends.begin(), fins, ack) != fins;
}

void Conversation::clear() {
  own_ = {};
  received_.clear();
  syns_.clear();
  resets_.clear();
  reset_count_ = 0;
}

// ---- Queries ----

bool Conversation::reset_at(Seq sequence) const {
  return std::ranges::any_of(resets_, [&](const Reset& r) { return r.seq == sequence; });
}

bool Conversation::refused(Seq iss) const {
  return std::ranges::any_of(resets_,
                             [&](const Reset& r) { return r.has_ack && r.ack == iss + 1; });
}

std::optional<Seq> Conversation::last_ack(Seq iss) const {
  const bool known = own_.peer && !own_.not_judged && own_.syn.seq == iss;
  return known ? std::optional(own_.last_ack) : std::nullopt;
}

std::optional<Seq> Conversation::end() const {
  return own_.opened && !own_.not_judged ? std::optional(own_.end) : std::nullopt;
}

std::uint32_t Conversation::last_timestamp() const {
  return own_.last_timestamp != 0 ? own_.last_timestamp : own_.syn_timestamp;
}

}  // namespace conker::verdict
