#include "tests/sim/flows.hpp"

#include <algorithm>

#include "tests/sim/dice.hpp"

namespace conker::sim {
namespace {

std::int32_t distance(std::uint32_t to, std::uint32_t from) {
  return static_cast<std::int32_t>(to - from);
}

constexpr std::size_t kMaxBeyond = 256;
constexpr std::size_t kMaxSyns = 8;
constexpr std::uint16_t kLeastMss = 48;  // what a peer says below that is not believed
constexpr std::int32_t kNear = 1 << 24;

}  // namespace

// ---- What a host has heard ----

void Flows::Side::learn(std::uint32_t begin, std::uint32_t length) {
  if (length == 0) return;
  if (peer && distance(begin + length, complete) <= 0) return;
  if (beyond.size() == kMaxBeyond) {
    lost_track = true;
    return;
  }
  if (!beyond.empty() && beyond.back().end == begin) {
    beyond.back().end = begin + length;
  } else {
    beyond.push_back({begin, begin + length});
  }
  if (peer) complete_what_is_there();
}

void Flows::Side::complete_what_is_there() {
  for (bool more = true; more;) {
    more = false;
    for (std::size_t i = 0; i < beyond.size();) {
      const Span span = beyond[i];
      const bool old = distance(span.end, complete) <= 0;
      if (!old && distance(span.begin, complete) <= 0) {
        complete = span.end;
        more = true;
      }
      if (old || distance(span.begin, complete) <= 0) {
        beyond[i] = beyond.back();
        beyond.pop_back();
      } else {
        ++i;
      }
    }
  }
}

bool Flows::Side::has_heard(std::uint32_t begin, std::uint32_t end_) const {
  if (lost_track || distance(end_, complete) <= 0) return true;
  if (distance(begin, complete) < 0) begin = complete;
  for (bool more = true; more && distance(begin, end_) < 0;) {
    more = false;
    for (const Span& span : beyond) {
      if (distance(span.begin, begin) <= 0 && distance(span.end, begin) > 0) {
        begin = span.end;
        more = true;
      }
    }
  }
  return distance(begin, end_) >= 0;
}

void Flows::heard(std::uint32_t host, const Seen& seen) {
  Side& side = sides_[key(host, seen.source, seen.destination_port, seen.source_port)];
  if (seen.has(Seen::kRst)) {
    side.resets[side.reset_count++ % side.resets.size()] = {seen.seq, seen.ack,
                                                            seen.has(Seen::kAck)};
    return;
  }
  std::uint32_t begin = seen.seq;
  if (seen.has(Seen::kSyn)) {
    const Syn syn{seen.seq, seen.mss != 0 ? std::max(seen.mss, kLeastMss) : std::uint16_t{536},
                  seen.scale, seen.sack_permitted, seen.timestamps};
    const auto known = std::ranges::find(side.syns, seen.seq, &Syn::seq);
    if (known == side.syns.end()) {
      if (side.syns.size() == kMaxSyns) side.syns.erase(side.syns.begin());
      side.syns.push_back(syn);
    } else if (side.opened && !side.peer && seen.has(Seen::kAck) && seen.ack == side.syn.seq + 1) {
      *known = syn;  // what it has offered to others with this number is of no interest
    }
    ++begin;
  }
  side.learn(begin, seen.length() - (seen.has(Seen::kSyn) ? 1 : 0));
  if (seen.has(Seen::kFin))
    side.peer_ends[side.fin_count++ % side.peer_ends.size()] = seen.seq + seen.length();
  if (!side.opened || !seen.has(Seen::kAck) || seen.ack - side.syn.seq > side.end - side.syn.seq)
    return;
  // Before its first answer a host may not have decided which SYN it believes: the larger shift is
  // the safe one.
  std::uint8_t shift = 0;
  if (!seen.has(Seen::kSyn) && side.peer) {
    shift = std::min<std::uint8_t>(side.shift_of_peer(), 14);
  } else if (!seen.has(Seen::kSyn) && side.syn.scale != Seen::kNoScale) {
    for (const Syn& syn : side.syns) {
      if (syn.scale != Seen::kNoScale)
        shift = std::max(shift, std::min<std::uint8_t>(syn.scale, 14));
    }
  }
  const std::uint32_t edge = seen.ack + (std::uint32_t{seen.window} << shift);
  if (!side.edge || distance(edge, *side.edge) > 0) side.edge = edge;
}

// ---- What a host says ----

const char* Flows::said(std::uint32_t host, const Seen& seen, bool unseen, bool cookies) {
  if (seen.has(Seen::kRst)) return nullptr;
  Side& side = sides_[key(host, seen.destination, seen.source_port, seen.destination_port)];
  if (seen.has(Seen::kSyn)) return said_syn(side, seen);
  if (!seen.has(Seen::kAck)) return "a segment without ACK";
  if (!side.opened) return unseen ? nullptr : "a segment of a connection that was never opened";
  // A SYN is answered where it arrives, what the connection before it still owed at the end of the
  // turn. By chance the new one may have come to the same number.
  const bool owed = seen.length() == 0 && side.end_before && *side.end_before == seen.seq;
  const bool fits = side.peer && side.end == seen.seq && distance(seen.ack, side.last_ack) >= 0 &&
                    distance(seen.ack, side.complete) <= 0;
  if (owed && !fits) return nullptr;
  // The same cookie may come back twice, and each time make a connection of the same numbers.
  if (side.blind || (cookies && side.passive)) return nullptr;
  // Its number may lie among those of the connection before it, whose peer it does not speak to.
  const bool to_another =
      side.peer && side.peer->seq + 1 != seen.ack &&
      std::ranges::any_of(side.syns, [&](const Syn& s) { return s.seq + 1 == seen.ack; });
  if (unseen && (to_another || seen.seq - side.syn.seq > side.end - side.syn.seq)) {
    // What led here was dropped on the way to the wire: its data, or even its SYN.
    side.blind = true;
    return nullptr;
  }
  side.spoke = true;
  if (const char* fault = check_ack(side, seen)) return fault;
  if (const char* fault = check_data(side, seen)) return fault;
  return check_options(side, seen);
}

const char* Flows::said_syn(Side& side, const Seen& seen) {
  const bool answers = seen.has(Seen::kAck);
  // It may have said more already: an ACK of what made no sense goes before the SYN-ACK that is due
  // again.
  const bool again = answers && side.peer && side.peer->seq + 1 == seen.ack;
  const bool same = side.opened && side.syn.seq == seen.seq && (!side.spoke || again);
  const bool same_peer = !answers || !side.peer || side.peer->seq + 1 == seen.ack;
  if (!same || !same_peer) {
    Side fresh;
    fresh.syns = std::move(side.syns);
    fresh.beyond = std::move(side.beyond);
    fresh.resets = side.resets;
    fresh.reset_count = side.reset_count;
    // A handshake that came to nothing leaves the TIME-WAIT before it, which goes on answering.
    // Its record may have answered, too (RFC 5961, 3), but sends no data and acknowledges none.
    const bool only_shook_hands = side.passive && side.end == side.syn.seq + 1 && side.peer &&
                                  side.last_ack == side.peer->seq + 1;
    if (only_shook_hands && side.end_before) {
      fresh.end_before = side.end_before;
    } else if (side.opened && side.end != seen.seq + 1) {
      fresh.end_before = side.end;
    }
    side = std::move(fresh);
    side.opened = true;
    side.passive = answers;
    side.syn = {seen.seq, seen.mss, seen.scale, seen.sack_permitted, seen.timestamps};
    side.end = seen.seq + 1;
  } else if (answers) {
    // Now it offers only what the peer offered.
    side.syn.scale = seen.scale;
    side.syn.sack = seen.sack_permitted;
    side.syn.timestamps = seen.timestamps;
  }
  if (seen.timestamps) side.syn_timestamp = seen.timestamp;
  if (!seen.data.empty()) return "data in a SYN";
  if (!answers) return seen.has(Seen::kFin) ? "SYN and FIN in one segment" : nullptr;
  if (side.peer) return nullptr;
  for (const Syn& syn : side.syns) {
    if (syn.seq + 1 != seen.ack) continue;
    side.peer = syn;
    side.complete = side.last_ack = seen.ack;
    side.promised = seen.ack + seen.window;
    side.complete_what_is_there();
    return nullptr;
  }
  return "a SYN-ACK for a SYN that never came";
}

const char* Flows::check_ack(Side& side, const Seen& seen) {
  if (!side.peer) {
    std::int32_t nearest = kNear;
    for (const Syn& syn : side.syns) {
      const std::int32_t ahead = distance(seen.ack, syn.seq + 1);
      if (ahead < 0 || ahead >= nearest) continue;
      nearest = ahead;
      side.peer = syn;
    }
    if (!side.peer) return "an ACK of a SYN that never came";
    side.complete = side.last_ack = side.peer->seq + 1;
    side.promised = side.complete;
    side.complete_what_is_there();
  }
  if (!side.lost_track && distance(seen.ack, side.complete) > 0)
    return "an ACK of what never arrived";
  if (distance(seen.ack, side.last_ack) < 0) return "an ACK that goes back behind an earlier one";
  side.last_ack = seen.ack;
  return nullptr;
}

const char* Flows::check_data(Side& side, const Seen& seen) {
  const std::uint32_t end = seen.seq + seen.length();
  const std::uint32_t data_end = seen.seq + static_cast<std::uint32_t>(seen.data.size());
  if (seen.seq - side.syn.seq > side.end - side.syn.seq)
    return "a sequence number that leaves a gap";
  if (seen.length() > 0 && seen.seq == side.syn.seq)
    return "data at the sequence number of its SYN";
  if (side.fin && distance(end, *side.fin + 1) > 0) return "data behind its own FIN";
  if (side.fin && seen.has(Seen::kFin) && data_end != *side.fin) return "a FIN that has moved";
  if (seen.has(Seen::kFin)) side.fin = data_end;
  if (distance(end, side.end) > 0) side.end = end;
  if (seen.data.empty()) return nullptr;
  if (!side.edge) return "data before the peer has announced a window";
  if (distance(data_end, *side.edge + 1) > 0) return "data beyond the peer's window";
  if (seen.data.size() > side.peer->mss) return "a segment larger than the peer's MSS";
  for (std::uint32_t i = 0; i < seen.data.size(); ++i) {
    if (seen.data[i] != byte_of_stream(side.syn.seq, seen.seq + i - side.syn.seq - 1)) {
      return "a segment with other data than was sent at that place";
    }
  }
  return nullptr;
}

const char* Flows::check_options(Side& side, const Seen& seen) {
  const bool sack = side.syn.sack && side.peer->sack;
  const bool timestamps = side.syn.timestamps && side.peer->timestamps;
  if (seen.block_count > 0 && !sack) return "SACK blocks that were not agreed upon";
  for (std::size_t i = 0; i < seen.block_count; ++i) {
    const auto [left, right] = seen.blocks[i];
    if (distance(right, left) <= 0) return "an empty SACK block";
    if (!side.has_heard(left, right)) return "a SACK block of what never arrived";
  }
  if (timestamps != seen.timestamps) return "timestamps other than agreed upon";
  if (timestamps) {
    if (side.last_timestamp != 0 && distance(seen.timestamp, side.last_timestamp) < 0) {
      return "a timestamp that goes back";
    }
    side.last_timestamp = seen.timestamp;
  }
  // The scale may cut off less than one unit; who has had the peer's FIN needs no window any more.
  const unsigned shift = std::min<unsigned>(side.shift_of_own(), 14);
  const std::uint32_t edge = seen.ack + (std::uint32_t{seen.window} << shift);
  const auto fins =
      side.peer_ends.begin() + std::min<std::size_t>(side.fin_count, side.peer_ends.size());
  const bool over = std::find(side.peer_ends.begin(), fins, seen.ack) != fins;
  if (!over && distance(side.promised, edge) >= std::int32_t{1} << shift) {
    return "a window that shrinks";
  }
  if (distance(edge, side.promised) > 0) side.promised = edge;
  return nullptr;
}

// ---- Questions ----

const Flows::Side* Flows::find(std::uint32_t host, std::uint32_t remote, std::uint16_t local_port,
                               std::uint16_t remote_port) const {
  const auto found = sides_.find(key(host, remote, local_port, remote_port));
  return found == sides_.end() ? nullptr : &found->second;
}

bool Flows::reset_at(std::uint32_t host, std::uint32_t remote, std::uint16_t local_port,
                     std::uint16_t remote_port, std::uint32_t sequence) const {
  const Side* side = find(host, remote, local_port, remote_port);
  if (side == nullptr) return false;
  const auto end =
      side->resets.begin() + std::min<std::size_t>(side->reset_count, side->resets.size());
  return std::any_of(side->resets.begin(), end, [&](const Reset& r) { return r.seq == sequence; });
}

bool Flows::refused(std::uint32_t host, std::uint32_t remote, std::uint16_t local_port,
                    std::uint16_t remote_port, std::uint32_t iss) const {
  const Side* side = find(host, remote, local_port, remote_port);
  if (side == nullptr) return false;
  const auto end =
      side->resets.begin() + std::min<std::size_t>(side->reset_count, side->resets.size());
  return std::any_of(side->resets.begin(), end,
                     [&](const Reset& r) { return r.has_ack && r.ack == iss + 1; });
}

std::optional<std::uint32_t> Flows::last_ack(std::uint32_t host, std::uint32_t remote,
                                             std::uint16_t local_port, std::uint16_t remote_port,
                                             std::uint32_t iss) const {
  const Side* side = find(host, remote, local_port, remote_port);
  const bool known = side != nullptr && side->peer && !side->blind && side->syn.seq == iss;
  return known ? std::optional(side->last_ack) : std::nullopt;
}

std::optional<std::uint32_t> Flows::end(std::uint32_t host, std::uint32_t remote,
                                        std::uint16_t local_port, std::uint16_t remote_port) const {
  const Side* side = find(host, remote, local_port, remote_port);
  return side != nullptr && side->opened && !side->blind ? std::optional(side->end) : std::nullopt;
}

std::uint32_t Flows::last_timestamp(std::uint32_t host, std::uint32_t remote,
                                    std::uint16_t local_port, std::uint16_t remote_port) const {
  const Side* side = find(host, remote, local_port, remote_port);
  if (side == nullptr) return 0;
  return side->last_timestamp != 0 ? side->last_timestamp : side->syn_timestamp;
}

void Flows::forget(std::uint32_t host) {
  std::erase_if(sides_, [host](const auto& entry) { return entry.first >> 56 == host; });
}

}  // namespace conker::sim
