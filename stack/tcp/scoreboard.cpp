#include "stack/tcp/scoreboard.hpp"

#include <algorithm>
#include <bit>
#include <memory>

namespace conker {

std::uint32_t Scoreboard::open(ChunkPool& pool, Seq at) {
  if (pool.chunk_bytes() % sizeof(SentSegment) != 0 || pool.chunk_bytes() < 2 * kHead) return 0;
  const std::uint32_t chunk = pool.take(Use::kScoreboard, Claim::kFirst);
  if (chunk == kNone) return 0;
  auto* flight = std::construct_at(reinterpret_cast<Flight*>(pool.storage(chunk).data()));
  flight->end = flight->fack = flight->rack_end = at;
  return chunk + 1;
}

void Scoreboard::close(ChunkPool& pool, std::uint32_t handle) {
  for (std::uint32_t at = handle == 0 ? kNone : handle - 1; at != kNone;) {
    const std::uint32_t next = pool[at].next;
    pool.give_back(at);
    at = next;
  }
}

std::uint32_t Scoreboard::chunks(const ChunkPool& pool, std::uint32_t handle) {
  std::uint32_t count = 0;
  for (std::uint32_t at = handle == 0 ? kNone : handle - 1; at != kNone; at = pool[at].next)
    ++count;
  return count;
}

Scoreboard::Scoreboard(ChunkPool& pool, std::uint32_t handle)
    : pool_(pool),
      head_(handle - 1),
      f_(*reinterpret_cast<Flight*>(pool.storage(head_).data())),
      inside_(std::bit_floor((pool.chunk_bytes() - kHead) / std::uint32_t{sizeof(SentSegment)})),
      a_chunk_(std::bit_floor(pool.chunk_bytes() / std::uint32_t{sizeof(SentSegment)})),
      named_(std::bit_floor((pool.chunk_bytes() - kHead) / std::uint32_t{sizeof(Name)})) {}

Scoreboard::Number Scoreboard::find(Seq at) {
  std::uint32_t low = 0, high = static_cast<Number>(f_.past - f_.first);
  while (low < high) {
    const std::uint32_t middle = (low + high) / 2;
    if ((*this)[static_cast<Number>(f_.first + middle)].begin < at) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return static_cast<Number>(f_.first + low);
}

Scoreboard::Number Scoreboard::skip_sacked(Number n) {
  while (n != f_.past) {
    SentSegment& s = (*this)[n];
    if (!s.sacked()) break;
    if (s.next != f_.past) {
      const SentSegment& then = (*this)[s.next];
      if (then.sacked()) s.next = then.next;
    }
    n = s.next;
  }
  return n;
}

Scoreboard::Number Scoreboard::first_lost() {
  if (f_.lost == 0) return f_.past;
  while (!(*this)[f_.lost_from].lost()) {
    const Number passed = f_.lost_from++;
    if (!f_.spread || !begins_chunk(f_.lost_from)) continue;
    name_of(passed).lost = false;
    while (!name_of(f_.lost_from).lost) f_.lost_from = static_cast<Number>(f_.lost_from + a_chunk_);
  }
  return f_.lost_from;
}

// Makes room for segment number f.past; called once for each number, and again while it returns
// false.
bool Scoreboard::make_room() {
  const auto count = static_cast<Number>(f_.past - f_.first);
  if (!f_.spread) {
    if (count < inside_) return true;
    const std::uint32_t fresh = pool_.take(Use::kScoreboard, Claim::kMore);
    if (fresh == kNone) return false;
    for (std::uint32_t i = 0; i < count; ++i) {
      chunk(fresh)[i] = (*this)[static_cast<Number>(f_.first + i)];
    }
    f_.base = f_.first;
    f_.spread = true;
    pool_[head_].next = fresh;
    name_of(f_.base) = {fresh & Name::kChunk, f_.lost != 0};
  }
  if (!begins_chunk(f_.past)) return true;
  const auto place = static_cast<Number>(f_.past - f_.base);
  const auto oldest = static_cast<Number>(f_.first - f_.base) / a_chunk_ * a_chunk_;
  const std::uint32_t held = static_cast<Number>(place - oldest) / a_chunk_;
  // One less than there are numbers, so that a full scoreboard differs from an empty one.
  if (held + 1 >= std::min(named_, 0x10000u / a_chunk_)) return false;
  const std::uint32_t fresh = pool_.take(Use::kScoreboard, Claim::kMore);
  if (fresh == kNone) return false;
  pool_[name_of(static_cast<Number>(f_.past - 1)).chunk].next = fresh;
  name_of(f_.past) = {fresh & Name::kChunk, false};
  return true;
}

void Scoreboard::push(Seq end, std::uint32_t sent_at) {
  const auto length = static_cast<std::uint32_t>(end - f_.end);
  if (f_.lump && !make_room()) {
    const auto newest = static_cast<Number>(f_.past - 1);
    f_.end = end;
    put_out(newest, sent_at, length);
    return;
  }
  const Number n = f_.past++;
  SentSegment& s = (*this)[n];
  s = SentSegment{.begin = f_.end, .sent_at = sent_at};
  f_.end = end;
  append_waiting(n, s);
  f_.pipe += length;
  f_.lump = !make_room();
}

void Scoreboard::pop_front() {
  take_out(f_.first, (*this)[f_.first], length_of(f_.first));
  if (f_.lost_from == f_.first) ++f_.lost_from;
  ++f_.first;
  if (empty()) {
    if (f_.spread) close(pool_, pool_[head_].next + 1);
    pool_[head_].next = kNone;
    f_.spread = f_.lump = false;
  } else if (f_.spread && begins_chunk(f_.first)) {
    const std::uint32_t oldest = pool_[head_].next;
    pool_[head_].next = pool_[oldest].next;
    pool_.give_back(oldest);
  }
}

void Scoreboard::put_out(Number n, std::uint32_t sent_at, std::uint32_t longer) {
  SentSegment& s = (*this)[n];
  const std::uint32_t length = length_of(n);
  take_out(n, s, length - longer);
  s.sent_at = sent_at;
  append_waiting(n, s);
  f_.pipe += length;
}

void Scoreboard::mark_sacked(Number n) {
  SentSegment& s = (*this)[n];
  const std::uint32_t length = length_of(n);
  take_out(n, s, length);
  s.flags |= SentSegment::kSacked;
  s.next = static_cast<Number>(n + 1);
  f_.sacked += length;
}

void Scoreboard::mark_lost(Number n) {
  take_out(n, (*this)[n], length_of(n));
  give_up(n);
}

void Scoreboard::lose_all(bool reneged) {
  f_.waiting = {};
  f_.lost = 0;
  for (Number n = f_.first; n != f_.past; ++n) {
    SentSegment& s = (*this)[n];
    if (s.sacked() && !reneged) continue;
    s.flags &= SentSegment::kResent;
    give_up(n);
  }
  f_.pipe = 0;
  if (reneged) f_.sacked = 0;
}

// Puts lost segments back in front of those sent since, in order of sending: first those that were
// sent once.
void Scoreboard::undo_losses() {
  const SentList since = f_.waiting;
  f_.waiting = {};
  for (const bool resent : {false, true}) {
    for (Number n = f_.first; n != f_.past; ++n) {
      SentSegment& s = (*this)[n];
      if (!s.lost() || s.resent() != resent) continue;
      s.flags &= SentSegment::kResent;
      append_waiting(n, s);
      f_.pipe += length_of(n);
    }
  }
  f_.lost = 0;
  Number n = since.head;
  for (std::uint32_t left = since.count; left > 0; --left) {
    SentSegment& s = (*this)[n];
    const Number next = s.next;
    s.flags &= SentSegment::kResent;
    append_waiting(n, s);
    n = next;
  }
}

// Removes a segment from its list and from the counts.
void Scoreboard::take_out(Number n, SentSegment& s, std::uint32_t length) {
  if (s.sacked()) {
    f_.sacked -= length;
  } else if (s.lost()) {
    --f_.lost;
  } else {
    remove_waiting(n, s);
    f_.pipe -= length;
    if (n == f_.rack_last) f_.rack_last = s.previous;
  }
  s.flags &= SentSegment::kResent;
}

// Marks a segment as lost; it must be in no list.
void Scoreboard::give_up(Number n) {
  (*this)[n].flags |= SentSegment::kLost;
  if (f_.spread) name_of(n).lost = true;
  const auto place = [&](Number of) { return static_cast<Number>(of - f_.first); };
  if (f_.lost == 0 || place(n) < place(f_.lost_from)) f_.lost_from = n;
  ++f_.lost;
}

void Scoreboard::append_waiting(Number n, SentSegment& s) {
  SentList& list = f_.waiting;
  if (list.empty()) {
    list.head = n;
  } else {
    (*this)[list.tail].next = n;
    s.previous = list.tail;
  }
  list.tail = n;
  ++list.count;
}

// Mostly it is the head, whose `previous` is not used.
void Scoreboard::remove_waiting(Number n, const SentSegment& s) {
  SentList& list = f_.waiting;
  --list.count;
  if (n == list.head) {
    list.head = s.next;
    return;
  }
  (*this)[s.previous].next = s.next;
  if (n == list.tail) {
    list.tail = s.previous;
  } else {
    (*this)[s.next].previous = s.previous;
  }
}

}  // namespace conker
