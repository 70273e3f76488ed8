#include "stack/verdict/conversations.hpp"

#include <algorithm>

namespace conker::verdict {
namespace {

constexpr std::size_t kMaxSyns = 8;
constexpr std::uint16_t kDefaultMss = 536;  // RFC 9293, 3.7.1
constexpr std::uint16_t kLeastMss = 48;     // a smaller value of a peer is raised to this
constexpr std::int32_t kNear = 1 << 24;

}  // namespace

// ---- Segments that a host has received ----

void Conversations::on_received(const Segment& segment) {
  ++segments_;
  Side& side = sides_[segment.of_receiver()];
  if (segment.has(Segment::kRst)) {
    side.resets[side.reset_count++ % side.resets.size()] = {segment.seq, segment.ack,
                                                            segment.has(Segment::kAck)};
    return;
  }
  const bool syn = segment.has(Segment::kSyn);
  if (syn) receive_syn(side, segment);
  side.received.add(segment.seq + (syn ? 1 : 0), segment.length() - (syn ? 1 : 0));
  if (segment.has(Segment::kFin))
    side.peer_ends[side.fin_count++ % side.peer_ends.size()] = segment.end();
  const bool acknowledges_sent =
      side.opened && segment.has(Segment::kAck) &&
      segment.ack.value() - side.syn.seq.value() <= side.end.value() - side.syn.seq.value();
  if (!acknowledges_sent) return;
  const Seq edge = segment.ack + (std::uint32_t{segment.window} << side.shift_received(segment));
  if (!side.edge || edge > *side.edge) side.edge = edge;
}

void Conversations::receive_syn(Side& side, const Segment& segment) {
  const Syn syn{segment.seq, segment.mss != 0 ? std::max(segment.mss, kLeastMss) : kDefaultMss,
                segment.scale, segment.sack_permitted, segment.timestamps};
  const auto known = std::ranges::find(side.syns, segment.seq, &Syn::seq);
  if (known == side.syns.end()) {
    if (side.syns.size() == kMaxSyns) side.syns.erase(side.syns.begin());
    side.syns.push_back(syn);
  } else if (side.opened && !side.peer && segment.has(Segment::kAck) &&
             segment.ack == side.syn.seq + 1) {
    *known = syn;  // options that it offered to other peers with this ISS do not matter
  }
}

// Before its first answer a host may not have decided which SYN it accepts: the larger shift is the
// safe one.
std::uint8_t Conversations::Side::shift_received(const Segment& segment) const {
  if (segment.has(Segment::kSyn)) return 0;
  if (peer) return shift_of_peer();
  std::uint8_t shift = 0;
  if (syn.scale == Segment::kNoScale) return shift;
  for (const Syn& s : syns) {
    if (s.scale != Segment::kNoScale) shift = std::max(shift, s.scale);
  }
  return shift;
}

// ---- Segments that a host sends ----

std::optional<Finding> Conversations::on_sent(const Segment& segment, const Excuses& excuses) {
  ++segments_;
  if (segment.has(Segment::kRst)) return std::nullopt;
  const FourTuple tuple = segment.of_sender();
  Side& side = sides_[tuple];
  const Judgement broken =
      segment.has(Segment::kSyn) ? sent_syn(side, segment) : sent(side, segment, excuses);
  if (!broken) return std::nullopt;
  return finding_of(*broken, segment, segments_);
}

Conversations::Judgement Conversations::sent(Side& side, const Segment& segment,
                                             const Excuses& excuses) const {
  if (!segment.has(Segment::kAck)) return Broken{Rule::kAckMissing, Segment::kAck, segment.flags};
  if (!side.opened) {
    if (excuses.unseen_segments) return std::nullopt;
    return Broken{Rule::kNeverOpened, Segment::kRst, segment.flags};
  }
  // A SYN is answered at once, but a final segment of the previous connection leaves at the end of
  // the turn. By chance the new ISS may equal its number.
  const bool owed = segment.length() == 0 && side.end_before == segment.seq;
  const bool fits = side.peer && side.end == segment.seq && segment.ack >= side.last_ack &&
                    segment.ack <= side.received.next();
  if (owed && !fits) return std::nullopt;
  // The same cookie may arrive twice, and each time make a connection with the same numbers.
  if (side.not_judged || (excuses.syn_cookies && side.passive)) return std::nullopt;
  // The number may lie within the sequence space of the previous connection, whose peer is another.
  const bool to_another =
      side.peer && side.peer->seq + 1 != segment.ack &&
      std::ranges::any_of(side.syns, [&](const Syn& s) { return s.seq + 1 == segment.ack; });
  const bool gap =
      segment.seq.value() - side.syn.seq.value() > side.end.value() - side.syn.seq.value();
  if (excuses.unseen_segments && (to_another || gap)) {
    // The segments before it, perhaps even the SYN, were dropped before they reached the wire.
    side.not_judged = true;
    return std::nullopt;
  }
  if (excuses.in_transit) {
    if (overtaken(side, segment)) return std::nullopt;
    const bool within = side.edge && segment.seq > side.end && segment.seq <= *side.edge;
    if (within) side.end = segment.seq;
  }
  side.spoke = true;
  if (const Judgement broken = check_ack(side, segment)) return broken;
  if (const Judgement broken = check_sequence(side, segment)) return broken;
  if (const Judgement broken = check_data(side, segment)) return broken;
  if (const Judgement broken = check_sack(side, segment)) return broken;
  if (const Judgement broken = check_timestamp(side, segment)) return broken;
  return check_window(side, segment);
}

/// Whether the segment may have been sent before another that has arrived: it has no new numbers.
bool Conversations::overtaken(const Side& side, const Segment& segment) {
  if (!side.peer || segment.seq <= side.syn.seq || segment.end() > side.end) return false;
  const bool older_ack = segment.ack < side.last_ack && segment.ack > side.peer->seq;
  const bool older_timestamp = segment.timestamps && side.last_timestamp != 0 &&
                               Seq(segment.timestamp) < Seq(side.last_timestamp);
  return older_ack || older_timestamp;
}

std::uint32_t Conversations::Side::last_syn_answered() const {
  return syns.empty() ? 0 : (syns.back().seq + 1).value();
}

// The state that remains when the host begins another connection with this SYN: what its peers
// sent.
Conversations::Side Conversations::Side::successor() {
  Side fresh;
  fresh.syns = std::move(syns);
  fresh.received = std::move(received);
  fresh.received.restart();
  fresh.resets = resets;
  fresh.reset_count = reset_count;
  return fresh;
}

Conversations::Judgement Conversations::sent_syn(Side& side, const Segment& segment) {
  const bool answers = segment.has(Segment::kAck);
  // The host may have sent an ACK before: an ACK of an unacceptable segment precedes the SYN-ACK
  // that is sent again.
  const bool again = answers && side.peer && side.peer->seq + 1 == segment.ack;
  const bool same = side.opened && side.syn.seq == segment.seq && (!side.spoke || again);
  const bool same_peer = !answers || !side.peer || side.peer->seq + 1 == segment.ack;
  if (!same || !same_peer) {
    Side fresh = side.successor();
    // A handshake that was not completed leaves the previous TIME-WAIT record, which goes on
    // answering. Its record may have answered, too (RFC 5961, 3), but sends no data and
    // acknowledges none.
    const bool only_shook_hands = side.passive && side.end == side.syn.seq + 1 && side.peer &&
                                  side.last_ack == side.peer->seq + 1;
    if (only_shook_hands && side.end_before) {
      fresh.end_before = side.end_before;
    } else if (side.opened && side.end != segment.seq + 1) {
      fresh.end_before = side.end;
    }
    side = std::move(fresh);
    side.opened = true;
    side.passive = answers;
    side.syn = {segment.seq, segment.mss, segment.scale, segment.sack_permitted,
                segment.timestamps};
    side.end = segment.seq + 1;
  } else if (answers) {
    // A SYN-ACK has only options that the peer offered.
    side.syn.scale = segment.scale;
    side.syn.sack = segment.sack_permitted;
    side.syn.timestamps = segment.timestamps;
  }
  if (segment.timestamps) side.syn_timestamp = segment.timestamp;
  side.end = max(side.end, segment.end());
  if (!segment.data.empty()) {
    return Broken{Rule::kDataInSyn, 0, static_cast<std::uint32_t>(segment.data.size())};
  }
  if (!answers) {
    if (!segment.has(Segment::kFin)) return std::nullopt;
    return Broken{Rule::kSynWithFin, Segment::kSyn, segment.flags};
  }
  if (side.peer) return std::nullopt;
  const auto answered =
      std::ranges::find(side.syns, segment.ack, [](const Syn& s) { return s.seq + 1; });
  if (answered == side.syns.end())
    return Broken{Rule::kSynAckOfNoSyn, side.last_syn_answered(), segment.ack.value()};
  side.peer = *answered;
  side.last_ack = segment.ack;
  side.announced = segment.ack + segment.window;
  side.received.start_at(segment.ack);
  return std::nullopt;
}

Conversations::Judgement Conversations::check_ack(Side& side, const Segment& segment) {
  if (!side.peer) {
    std::int32_t nearest = kNear;
    for (const Syn& syn : side.syns) {
      const std::int32_t ahead = segment.ack - (syn.seq + 1);
      if (ahead < 0 || ahead >= nearest) continue;
      nearest = ahead;
      side.peer = syn;
    }
    if (!side.peer) return Broken{Rule::kAckOfNoSyn, side.last_syn_answered(), segment.ack.value()};
    const Seq first = side.peer->seq + 1;
    side.last_ack = side.announced = first;
    side.received.start_at(first);
  }
  const Seq next = side.received.next();
  if (!side.received.lost_track() && segment.ack > next)
    return Broken{Rule::kAckOfTheUnsent, next.value(), segment.ack.value()};
  if (segment.ack < side.last_ack)
    return Broken{Rule::kAckGoesBack, side.last_ack.value(), segment.ack.value()};
  side.last_ack = segment.ack;
  return std::nullopt;
}

Conversations::Judgement Conversations::check_sequence(Side& side, const Segment& segment) {
  const Seq data_end = segment.seq + static_cast<std::uint32_t>(segment.data.size());
  const Seq iss = side.syn.seq;
  if (segment.seq.value() - iss.value() > side.end.value() - iss.value())
    return Broken{Rule::kSequenceGap, side.end.value(), segment.seq.value()};
  if (segment.length() > 0 && segment.seq == iss)
    return Broken{Rule::kDataAtSyn, (iss + 1).value(), segment.seq.value()};
  if (side.fin && segment.end() > *side.fin + 1)
    return Broken{Rule::kDataAfterFin, (*side.fin + 1).value(), segment.end().value()};
  const bool fin = segment.has(Segment::kFin);
  if (side.fin && fin && data_end != *side.fin)
    return Broken{Rule::kFinMoved, side.fin->value(), data_end.value()};
  if (fin) side.fin = data_end;
  side.end = max(side.end, segment.end());
  return std::nullopt;
}

Conversations::Judgement Conversations::check_data(const Side& side, const Segment& segment) const {
  const auto size = static_cast<std::uint32_t>(segment.data.size());
  if (size == 0) return std::nullopt;
  if (!side.edge) return Broken{Rule::kDataBeforeWindow, 0, size};
  // A window probe is one byte beyond the window (RFC 9293, 3.8.6.1).
  if (const Seq end = segment.seq + size; end > *side.edge + 1)
    return Broken{Rule::kDataBeyondWindow, (*side.edge + 1).value(), end.value()};
  if (size > side.peer->mss) return Broken{Rule::kSegmentOverMss, side.peer->mss, size};
  if (contents_ == nullptr) return std::nullopt;
  const std::uint32_t iss = side.syn.seq.value();
  const std::uint32_t offset = segment.seq.value() - iss - 1;
  for (std::uint32_t i = 0; i < size; ++i) {
    const std::byte expected = contents_(iss, offset + i);
    if (segment.data[i] == expected) continue;
    return Broken{Rule::kOtherData, std::to_integer<std::uint32_t>(expected),
                  std::to_integer<std::uint32_t>(segment.data[i])};
  }
  return std::nullopt;
}

Conversations::Judgement Conversations::check_sack(const Side& side, const Segment& segment) {
  const bool permitted = side.syn.sack && side.peer->sack;
  if (segment.block_count > 0 && !permitted)
    return Broken{Rule::kSackNotPermitted, 0, segment.block_count};
  for (std::size_t i = 0; i < segment.block_count; ++i) {
    const auto [left, right] = segment.blocks[i];
    if (right <= left) return Broken{Rule::kSackBlockEmpty, (left + 1).value(), right.value()};
    if (!side.received.covers(left, right))
      return Broken{Rule::kSackOfTheUnsent, side.received.next().value(), right.value()};
  }
  return std::nullopt;
}

Conversations::Judgement Conversations::check_timestamp(Side& side, const Segment& segment) {
  const bool negotiated = side.syn.timestamps && side.peer->timestamps;
  if (negotiated != segment.timestamps) {
    return Broken{Rule::kTimestampsNotNegotiated, negotiated ? 1u : 0u,
                  segment.timestamps ? 1u : 0u};
  }
  if (!negotiated) return std::nullopt;
  const std::uint32_t last = side.last_timestamp;
  if (last != 0 && Seq(segment.timestamp) < Seq(last))
    return Broken{Rule::kTimestampGoesBack, last, segment.timestamp};
  side.last_timestamp = segment.timestamp;
  return std::nullopt;
}

// Rounding by the scale may cut off less than one unit; a host that has received the peer's FIN
// needs no window any more.
Conversations::Judgement Conversations::check_window(Side& side, const Segment& segment) {
  const unsigned shift = side.shift_of_own();
  const Seq edge = segment.ack + (std::uint32_t{segment.window} << shift);
  const bool shrinks = side.announced - edge >= std::int32_t{1} << shift;
  if (shrinks && !side.peer_has_ended_at(segment.ack))
    return Broken{Rule::kWindowShrinks, side.announced.value(), edge.value()};
  side.announced = max(side.announced, edge);
  return std::nullopt;
}

bool Conversations::Side::peer_has_ended_at(Seq ack) const {
  const auto fins = peer_ends.begin() + std::min<std::size_t>(fin_count, peer_ends.size());
  return std::find(peer_ends.begin(), fins, ack) != fins;
}

// ---- Queries ----

// Multiplications that do not wait for each other: this is done for every segment.
std::size_t Conversations::Hash::operator()(const FourTuple& tuple) const {
  const auto local = tuple.local.halves(), remote = tuple.remote.halves();
  const std::uint64_t ports = std::uint64_t{tuple.local_port.value} << 16 | tuple.remote_port.value;
  const std::uint64_t mixed = ports * 0x9e3779b97f4a7c15 ^ (local[0] ^ 1) * 0xbf58476d1ce4e5b9 ^
                              (local[1] ^ 2) * 0x94d049bb133111eb ^
                              (remote[0] ^ 3) * 0xd6e8feb86659fd93 ^
                              (remote[1] ^ 4) * 0xff51afd7ed558ccd;
  return static_cast<std::size_t>(mixed ^ mixed >> 32);
}

const Conversations::Side* Conversations::find(const FourTuple& tuple) const {
  const auto found = sides_.find(tuple);
  return found == sides_.end() ? nullptr : &found->second;
}

bool Conversations::reset_at(const FourTuple& tuple, Seq sequence) const {
  const Side* side = find(tuple);
  if (side == nullptr) return false;
  const auto end =
      side->resets.begin() + std::min<std::size_t>(side->reset_count, side->resets.size());
  return std::any_of(side->resets.begin(), end, [&](const Reset& r) { return r.seq == sequence; });
}

bool Conversations::refused(const FourTuple& tuple, Seq iss) const {
  const Side* side = find(tuple);
  if (side == nullptr) return false;
  const auto end =
      side->resets.begin() + std::min<std::size_t>(side->reset_count, side->resets.size());
  return std::any_of(side->resets.begin(), end,
                     [&](const Reset& r) { return r.has_ack && r.ack == iss + 1; });
}

std::optional<Seq> Conversations::last_ack(const FourTuple& tuple, Seq iss) const {
  const Side* side = find(tuple);
  const bool known = side != nullptr && side->peer && !side->not_judged && side->syn.seq == iss;
  return known ? std::optional(side->last_ack) : std::nullopt;
}

std::optional<Seq> Conversations::end(const FourTuple& tuple) const {
  const Side* side = find(tuple);
  const bool known = side != nullptr && side->opened && !side->not_judged;
  return known ? std::optional(side->end) : std::nullopt;
}

std::uint32_t Conversations::last_timestamp(const FourTuple& tuple) const {
  const Side* side = find(tuple);
  if (side == nullptr) return 0;
  return side->last_timestamp != 0 ? side->last_timestamp : side->syn_timestamp;
}

void Conversations::forget(const IpAddress& host) {
  std::erase_if(sides_, [&](const auto& entry) { return entry.first.local == host; });
}

}  // namespace conker::verdict
