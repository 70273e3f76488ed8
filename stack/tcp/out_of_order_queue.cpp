#include "stack/tcp/out_of_order_queue.hpp"

#include <algorithm>
#include <cstring>

namespace conker {
namespace {

std::uint32_t length_of(const ChunkPool::Chunk& chunk) {
  return chunk.end - chunk.begin;
}

}  // namespace

// Inserts bytes without overlap behind chunk `previous` (kNone: in front) and moves `previous` to
// their end. Returns how many there was room for.
std::uint32_t OutOfOrderQueue::insert_piece(ChunkPool& pool, std::uint32_t& previous, Seq sequence,
                                            std::span<const std::byte> bytes,
                                            std::uint32_t most_chunks) {
  std::uint32_t stored = 0;
  while (!bytes.empty()) {
    std::size_t n = 0;
    if (previous != kNone && pool[previous].sequence + length_of(pool[previous]) == sequence &&
        pool[previous].end < pool.chunk_bytes()) {
      ChunkPool::Chunk& chunk = pool[previous];  // small segments share a chunk
      n = std::min<std::size_t>(bytes.size(), pool.chunk_bytes() - chunk.end);
      std::memcpy(pool.storage(previous).data() + chunk.end, bytes.data(), n);
      chunk.end = static_cast<std::uint16_t>(chunk.end + n);
    } else {
      if (chunks_ >= most_chunks) break;
      const std::uint32_t fresh =
          pool.take(Use::kOutOfOrder, chunks_ == 0 ? Claim::kFirst : Claim::kMore);
      if (fresh == kNone) break;
      ++chunks_;
      ChunkPool::Chunk& chunk = pool[fresh];
      n = std::min<std::size_t>(bytes.size(), pool.chunk_bytes());
      std::memcpy(pool.storage(fresh).data(), bytes.data(), n);
      chunk.end = static_cast<std::uint16_t>(n);
      chunk.sequence = sequence;
      if (previous == kNone) {
        chunk.next = head_ == 0 ? kNone : head_ - 1;
        head_ = fresh + 1;
      } else {
        chunk.next = pool[previous].next;
        pool[previous].next = fresh;
      }
      if (chunk.next == kNone) tail_ = fresh + 1;
      previous = fresh;
    }
    stored += static_cast<std::uint32_t>(n);
    sequence += static_cast<std::uint32_t>(n);
    bytes = bytes.subspan(n);
  }
  return stored;
}

Insertion OutOfOrderQueue::insert(ChunkPool& pool, Seq sequence, std::span<const std::byte> bytes,
                                  std::uint32_t most_chunks) {
  Insertion result;
  std::uint32_t previous = kNone;
  std::uint32_t next = head_ == 0 ? kNone : head_ - 1;
  // Mostly one segment follows the other.
  if (tail_ != 0 && pool[tail_ - 1].sequence <= sequence) next = tail_ - 1;
  while (!bytes.empty()) {
    if (next != kNone && pool[next].sequence <= sequence) {
      // Skip bytes that this chunk already has.
      const std::int32_t covered = (pool[next].sequence + length_of(pool[next])) - sequence;
      if (covered > 0) {
        const auto n = std::min<std::size_t>(bytes.size(), static_cast<std::uint32_t>(covered));
        if (result.duplicate.left == result.duplicate.right)
          result.duplicate = {sequence, sequence};
        bytes = bytes.subspan(n);
        if (result.duplicate.right == sequence)
          result.duplicate.right += static_cast<std::uint32_t>(n);
        sequence += static_cast<std::uint32_t>(n);
      }
      previous = next;
      next = pool[next].next;
      continue;
    }
    std::size_t n = bytes.size();
    if (next != kNone)
      n = std::min<std::size_t>(n, static_cast<std::uint32_t>(pool[next].sequence - sequence));
    const std::uint32_t stored =
        insert_piece(pool, previous, sequence, bytes.first(n), most_chunks);
    bytes = bytes.subspan(stored);
    sequence += stored;
    if (stored < n) break;
  }
  result.end = sequence;
  return result;
}

SackBlock OutOfOrderQueue::first_held(const ChunkPool& pool, Seq begin, Seq end) const {
  SackBlock held{begin, begin};
  for (std::uint32_t at = head_ == 0 ? kNone : head_ - 1; at != kNone; at = pool[at].next) {
    const Seq left = max(pool[at].sequence, begin);
    const Seq right = min(pool[at].sequence + length_of(pool[at]), end);
    if (left >= end) break;
    if (right <= left) continue;
    if (held.left == held.right) held = {left, left};
    if (held.right != left) break;
    held.right = right;
  }
  return held;
}

std::uint32_t OutOfOrderQueue::deliver(ChunkPool& pool, Seq rcv_nxt, ByteQueue& queue) {
  std::uint32_t delivered = 0;
  while (head_ != 0) {
    const std::uint32_t index = head_ - 1;
    ChunkPool::Chunk& chunk = pool[index];
    const Seq wanted = rcv_nxt + delivered;
    if (chunk.sequence > wanted) break;
    const std::uint32_t next = chunk.next == kNone ? 0 : chunk.next + 1;
    const std::uint32_t length = length_of(chunk);
    const auto old = static_cast<std::uint32_t>(wanted - chunk.sequence);
    if (old < length) {
      chunk.begin = static_cast<std::uint16_t>(chunk.begin + old);
      chunk.sequence = wanted;
      chunk.next = kNone;
      if (!queue.append_chunk(pool, index, Use::kReceive)) {
        chunk.next = next == 0 ? kNone : next - 1;
        break;
      }
      delivered += length - old;
    } else {
      pool.give_back(index);
    }
    head_ = next;
    if (head_ == 0) tail_ = 0;
    --chunks_;
  }
  return delivered;
}

void OutOfOrderQueue::clear(ChunkPool& pool) {
  while (head_ != 0) {
    const std::uint32_t index = head_ - 1;
    head_ = pool[index].next == kNone ? 0 : pool[index].next + 1;
    pool.give_back(index);
  }
  tail_ = 0;
  chunks_ = 0;
}

std::uint32_t OutOfOrderQueue::bytes(const ChunkPool& pool) const {
  std::uint32_t total = 0;
  for (std::uint32_t at = head_; at != 0;
       at = pool[at - 1].next == kNone ? 0 : pool[at - 1].next + 1) {
    total += length_of(pool[at - 1]);
  }
  return total;
}

}  // namespace conker
