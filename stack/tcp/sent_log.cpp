#include "stack/tcp/sent_log.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

namespace conker {

std::uint32_t SentLog::open(ChunkPool& pool, Seq at) {
  if (pool.chunk_bytes() % sizeof(SentSegment) != 0 || pool.chunk_bytes() < 2 * kHead) return 0;
  const std::uint32_t chunk = pool.take(Use::kScoreboard, Claim::kFirst);
  if (chunk == kNone) return 0;
  pool[chunk].begin = pool[chunk].end = kHead;
  auto* flight = std::construct_at(reinterpret_cast<Flight*>(pool.storage(chunk).data()));
  flight->tail = chunk;
  flight->fack = flight->rack_end = at;
  return chunk + 1;
}

void SentLog::close(ChunkPool& pool, std::uint32_t log) {
  for (std::uint32_t at = log == 0 ? kNone : log - 1; at != kNone;) {
    const std::uint32_t next = pool[at].next;
    pool.give_back(at);
    at = next;
  }
}

std::uint32_t SentLog::chunks(const ChunkPool& pool, std::uint32_t log) {
  std::uint32_t count = 0;
  for (std::uint32_t at = log == 0 ? kNone : log - 1; at != kNone; at = pool[at].next) ++count;
  return count;
}

SentSegment* SentLog::front() {
  const ChunkPool::Chunk& chunk = pool_[head_];
  return chunk.begin == chunk.end ? nullptr : &record(head_, chunk.begin);
}

SentSegment* SentLog::back() {
  const std::uint32_t tail = flight().tail;
  const ChunkPool::Chunk& chunk = pool_[tail];
  if (chunk.begin == chunk.end) return nullptr;
  return &record(tail, chunk.end - static_cast<std::uint32_t>(sizeof(SentSegment)));
}

void SentLog::pop_front() {
  ChunkPool::Chunk& chunk = pool_[head_];
  chunk.begin = static_cast<std::uint16_t>(chunk.begin + sizeof(SentSegment));
  if (chunk.begin == chunk.end) refill();
}

// The first chunk holds what is known of the flight, so it stays, and takes over what the second has.
void SentLog::refill() {
  ChunkPool::Chunk& head = pool_[head_];
  head.begin = head.end = kHead;
  const std::uint32_t second = head.next;
  if (second == kNone) return;
  ChunkPool::Chunk& next = pool_[second];
  const auto bytes = std::min<std::uint32_t>(next.end - next.begin, pool_.chunk_bytes() - kHead);
  std::memcpy(pool_.storage(head_).data() + kHead, pool_.storage(second).data() + next.begin, bytes);
  head.end = static_cast<std::uint16_t>(kHead + bytes);
  next.begin = static_cast<std::uint16_t>(next.begin + bytes);
  if (next.begin != next.end) return;
  head.next = next.next;
  if (flight().tail == second) flight().tail = head_;
  pool_.give_back(second);
}

void SentLog::push(const SentSegment& segment) {
  std::uint32_t tail = flight().tail;
  if (pool_[tail].end + sizeof(SentSegment) > pool_.chunk_bytes()) {
    ChunkPool::Chunk& head = pool_[head_];
    const std::uint32_t used = head.end - head.begin;
    if (tail == head_ && used <= (pool_.chunk_bytes() - kHead) / 2) {
      std::byte* bytes = pool_.storage(head_).data();
      std::memmove(bytes + kHead, bytes + head.begin, used);
      head.begin = kHead;
      head.end = static_cast<std::uint16_t>(kHead + used);
    } else if (const std::uint32_t fresh = pool_.take(Use::kScoreboard, Claim::kMore); fresh != kNone) {
      pool_[tail].next = fresh;
      flight().tail = tail = fresh;
    } else {
      // Whatever was known of the last is forgotten.
      SentSegment& last = *back();
      if ((last.flags & SentSegment::kSacked) != 0) flight().sacked -= last.length();
      if (!last.in_pipe()) flight().pipe += last.length();
      last.flags = 0;
      last.end = segment.end;
      last.sent_at = segment.sent_at;
      return;
    }
  }
  record(tail, pool_[tail].end) = segment;
  pool_[tail].end = static_cast<std::uint16_t>(pool_[tail].end + sizeof(SentSegment));
}

}  // namespace conker
