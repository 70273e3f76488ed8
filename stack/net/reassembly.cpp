#include "stack/net/reassembly.hpp"

#include <algorithm>
#include <cstring>

#include "stack/wire/bytes.hpp"
#include "stack/wire/tcp.hpp"

namespace conker {
namespace {

constexpr std::size_t kOtherHeaders = 8;  // the least that ICMP and UDP have, in bytes

bool malformed(const Fragment& fragment) {
  const std::size_t length = fragment.payload.size();
  // Per RFC 791, 3.2, all fragments but the last have a multiple of 8 bytes, and none reaches past
  // the end of the largest packet.
  return length == 0 || (fragment.more && length % 8 != 0) ||
         fragment.offset + length > fragment.largest;
}

// Whether a fragment boundary cuts the transport header, which a packet filter then cannot examine
// (RFC 1858, 3.2.1 and 3.2.2; RFC 3128).
bool cuts_the_header(const Fragment& fragment) {
  const bool tcp = fragment.protocol == kProtocolTcp;
  if (fragment.offset == 8) return tcp;
  if (fragment.offset != 0) return false;
  if (!tcp) return fragment.payload.size() < kOtherHeaders;
  constexpr std::size_t kDataOffset = 12;
  return fragment.payload.size() < kTcpHeaderMin ||
         fragment.payload.size() < std::size_t{get8(fragment.payload, kDataOffset)} / 16 * 4;
}

}  // namespace

void Reassembly::attach(ChunkPool& chunks, Counters& counters, const Settings& settings) {
  chunks_ = &chunks;
  chunks.open(Use::kFragments);
  counters_ = &counters;
  timeout_ = settings.reassembly_timeout;
}

// ---- The table, short enough for linear search ----

std::uint32_t Reassembly::find(const Fragment& fragment) const {
  for (std::uint32_t i = waiting_.head(); i != kNone; i = table_[i].next) {
    const Datagram& d = table_[i];
    if (d.identification == fragment.identification && d.protocol == fragment.protocol &&
        d.source == fragment.source && d.destination == fragment.destination) {
      return i;
    }
  }
  return kNone;
}

std::uint32_t Reassembly::create(const Fragment& fragment, Instant now) {
  if (table_.empty()) return kNone;
  if (waiting_.size() == table_.size()) drop_oldest();
  const auto unused = std::ranges::find_if(table_, [](const Datagram& d) { return !d.used; });
  const auto index = static_cast<std::uint32_t>(unused - table_.begin());
  Datagram& d = *unused;
  d = Datagram{};
  d.used = true;
  d.source = fragment.source;
  d.destination = fragment.destination;
  d.identification = fragment.identification;
  d.protocol = fragment.protocol;
  d.deadline = now + timeout_;
  waiting_.push(table_, index);
  return index;
}

void Reassembly::drop_bytes(Datagram& d) {
  while (d.head != 0) {
    const std::uint32_t index = d.head - 1;
    d.head = (*chunks_)[index].next == kNone ? 0 : (*chunks_)[index].next + 1;
    chunks_->give_back(index);
  }
  held_ -= d.chunks;
  d.chunks = d.fragments = d.received = 0;
}

void Reassembly::refuse(std::uint32_t index, Count why) {
  Datagram& d = table_[index];
  counters_->add(why, d.fragments);
  drop_bytes(d);
  d.refused = true;
  d.refusal = why;
}

void Reassembly::free(std::uint32_t index) {
  drop_bytes(table_[index]);
  waiting_.remove(table_, index);
  table_[index].used = false;
}

// ---- A fragment ----

bool Reassembly::input(const Fragment& fragment, Instant now, Whole& whole) {
  const auto drop = [this](Count why) {
    counters_->add(why);
    return false;
  };
  counters_->add(Count::fragments_in);
  std::uint32_t index = find(fragment);
  if (malformed(fragment) || cuts_the_header(fragment)) {
    if (index != kNone && !table_[index].refused) refuse(index, Count::drop_fragment_malformed);
    return drop(Count::drop_fragment_malformed);
  }
  if (fragment.header.size() > kHeaderMax) return drop(Count::drop_fragment_room);
  if (index == kNone) index = create(fragment, now);
  if (index == kNone) return drop(Count::drop_fragment_room);
  Datagram& d = table_[index];
  if (d.refused) return drop(d.refusal);

  const std::uint32_t offset = fragment.offset;
  const auto length = static_cast<std::uint32_t>(fragment.payload.size());
  const auto refuse_all = [&](Count why) {
    refuse(index, why);
    return drop(why);
  };
  if (kHeaderMax + offset + length > whole_.size()) return refuse_all(Count::drop_fragment_room);
  std::uint32_t previous = kNone;
  switch (fit(d, offset, fragment.payload, previous)) {
    case Fit::kOverlap:
      return refuse_all(Count::drop_fragment_overlap);
    case Fit::kRepeated:
      return drop(Count::drop_fragment_repeated);
    case Fit::kNew:
      break;
  }
  // The fragment is a second last one, or data lies behind the end that it sets.
  const bool behind = previous == kNone ? d.head != 0 : (*chunks_)[previous].next != kNone;
  const bool last = !fragment.more;
  if ((last && (d.total != 0 || behind)) || (d.total != 0 && offset + length > d.total)) {
    return refuse_all(Count::drop_fragment_overlap);
  }
  if (!make_room(index, chunks_->chunks_for(length))) {
    return refuse_all(Count::drop_fragment_room);
  }
  if (last) d.total = offset + length;
  if (offset == 0) keep_first(d, fragment);
  if ((fragment.traffic_class & 3) == 3) d.congested = true;
  store(d, previous, offset, fragment.payload);
  ++d.fragments;
  d.received += length;
  if (d.total == 0 || d.received != d.total) return false;
  complete(index, whole);
  return true;
}

// Finds the fragment's place: behind chunk `previous` (kNone: in front).
Reassembly::Fit Reassembly::fit(const Datagram& d, std::uint32_t offset,
                                std::span<const std::byte> bytes, std::uint32_t& previous) const {
  const std::uint32_t begin = offset;
  const auto end = begin + static_cast<std::uint32_t>(bytes.size());
  std::uint32_t same = 0;  // bytes that were received before, and are equal
  for (std::uint32_t at = d.head == 0 ? kNone : d.head - 1; at != kNone; at = (*chunks_)[at].next) {
    const auto there = chunks_->used(at);
    const std::uint32_t from = (*chunks_)[at].sequence.value();
    const auto to = from + static_cast<std::uint32_t>(there.size());
    if (from >= end) break;
    if (to <= begin) {
      previous = at;
      continue;
    }
    const std::uint32_t low = std::max(from, begin), high = std::min(to, end);
    if (!std::ranges::equal(there.subspan(low - from, high - low),
                            bytes.subspan(low - begin, high - low))) {
      return Fit::kOverlap;
    }
    same += high - low;
  }
  if (same == 0) return Fit::kNew;
  return same == bytes.size() ? Fit::kRepeated : Fit::kOverlap;
}

// Drops the oldest packets at the cap, except the one that needs the room.
bool Reassembly::make_room(std::uint32_t index, std::uint32_t chunks) {
  while (held_ + chunks > most_chunks_ || chunks_->available(Use::kFragments) < chunks) {
    if (waiting_.head() == index) return false;
    drop_oldest();
  }
  return true;
}

void Reassembly::drop_oldest() {
  const std::uint32_t oldest = waiting_.head();
  refuse(oldest, Count::drop_fragment_room);
  free(oldest);
}

bool Reassembly::shed() {
  if (!chunks_->above_floor(Use::kFragments)) return false;
  drop_oldest();
  return true;
}

void Reassembly::store(Datagram& d, std::uint32_t previous, std::uint32_t offset,
                       std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::uint32_t fresh = chunks_->take(Use::kFragments, Claim::kFirst);
    ChunkPool::Chunk& chunk = (*chunks_)[fresh];
    const auto n = std::min<std::size_t>(bytes.size(), chunks_->chunk_bytes());
    std::memcpy(chunks_->storage(fresh).data(), bytes.data(), n);
    chunk.end = static_cast<std::uint16_t>(n);
    chunk.sequence = Seq(offset);
    if (previous == kNone) {
      chunk.next = d.head == 0 ? kNone : d.head - 1;
      d.head = fresh + 1;
    } else {
      chunk.next = (*chunks_)[previous].next;
      (*chunks_)[previous].next = fresh;
    }
    previous = fresh;
    ++d.chunks;
    ++held_;
    offset += static_cast<std::uint32_t>(n);
    bytes = bytes.subspan(n);
  }
}

void Reassembly::keep_first(Datagram& d, const Fragment& fragment) {
  d.header_length = static_cast<std::uint8_t>(fragment.header.size());
  d.quote_length = static_cast<std::uint8_t>(d.header_length + kOtherHeaders);
  d.traffic_class = fragment.traffic_class;
  std::memcpy(d.quote.data(), fragment.header.data(), d.header_length);
  std::memcpy(d.quote.data() + d.header_length, fragment.payload.data(), kOtherHeaders);
}

void Reassembly::complete(std::uint32_t index, Whole& whole) {
  Datagram& d = table_[index];
  std::size_t at = d.header_length;
  std::memcpy(whole_.data(), d.quote.data(), at);
  for (std::uint32_t chunk = d.head - 1; chunk != kNone; chunk = (*chunks_)[chunk].next) {
    const auto part = chunks_->used(chunk);
    std::memcpy(whole_.data() + at, part.data(), part.size());
    at += part.size();
  }
  whole.packet = whole_.first(at);
  whole.payload = whole.packet.subspan(d.header_length);
  whole.traffic_class = static_cast<std::uint8_t>(d.traffic_class | (d.congested ? 3 : 0));
  counters_->add(Count::fragments_reassembled, d.fragments);
  counters_->add(Count::packets_reassembled);
  free(index);
}

// ---- Reassembly timeout ----

bool Reassembly::expire(Instant now, Expired& expired) {
  const std::uint32_t index = waiting_.head();
  if (index == kNone || table_[index].deadline > now) return false;
  Datagram& d = table_[index];
  expired.source = d.source;
  expired.quote = std::span(d.quote).first(d.refused ? 0 : d.quote_length);
  if (!d.refused) refuse(index, Count::drop_fragment_timeout);
  free(index);
  return true;
}

Instant Reassembly::next_deadline() const {
  return waiting_.empty() ? kNever : table_[waiting_.head()].deadline;
}

std::uint64_t Reassembly::chunks_held() const {
  std::uint64_t held = 0;
  for (std::uint32_t i = waiting_.head(); i != kNone; i = table_[i].next) {
    for (std::uint32_t at = table_[i].head == 0 ? kNone : table_[i].head - 1; at != kNone;
         at = (*chunks_)[at].next) {
      ++held;
    }
  }
  return held;
}

std::uint64_t Reassembly::fragments_held() const {
  std::uint64_t held = 0;
  for (std::uint32_t i = waiting_.head(); i != kNone; i = table_[i].next)
    held += table_[i].fragments;
  return held;
}

}  // namespace conker
