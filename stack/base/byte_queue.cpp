#include "stack/base/byte_queue.hpp"

#include <algorithm>
#include <cstring>

namespace conker {

void ByteQueue::link(ChunkPool& pool, std::uint32_t index) {
  if (head_ == 0) {
    head_ = index + 1;
  } else {
    pool[tail_ - 1].next = index;
  }
  tail_ = index + 1;
}

std::uint32_t ByteQueue::append(ChunkPool& pool, std::span<const std::byte> bytes, Use use,
                                Claim claim) {
  std::uint32_t stored = 0;
  while (!bytes.empty()) {
    if (tail_ == 0 || pool[tail_ - 1].end == pool.chunk_bytes()) {
      const std::uint32_t fresh = pool.take(use, claim);
      if (fresh == kNone) break;
      link(pool, fresh);
    }
    ChunkPool::Chunk& chunk = pool[tail_ - 1];
    const auto n = std::min<std::size_t>(bytes.size(), pool.chunk_bytes() - chunk.end);
    std::memcpy(pool.storage(tail_ - 1).data() + chunk.end, bytes.data(), n);
    chunk.end = static_cast<std::uint16_t>(chunk.end + n);
    bytes = bytes.subspan(n);
    stored += static_cast<std::uint32_t>(n);
  }
  size_ += stored;
  return stored;
}

bool ByteQueue::append_chunk(ChunkPool& pool, std::uint32_t index, Use use) {
  const auto bytes = pool.used(index);
  const auto length = static_cast<std::uint32_t>(bytes.size());
  if (tail_ != 0 && pool[tail_ - 1].end + length <= pool.chunk_bytes()) {
    append(pool, bytes, use, Claim::kMore);
    pool.give_back(index);
    return true;
  }
  if (!pool.recharge(index, use)) return false;
  size_ += length;
  link(pool, index);
  return true;
}

void ByteQueue::consume(ChunkPool& pool, std::uint32_t n) {
  n = std::min(n, size_);
  size_ -= n;
  while (head_ != 0) {
    ChunkPool::Chunk& chunk = pool[head_ - 1];
    const std::uint32_t here = chunk.end - chunk.begin;
    if (n < here) {
      chunk.begin = static_cast<std::uint16_t>(chunk.begin + n);
      return;
    }
    n -= here;
    const std::uint32_t next = chunk.next;
    pool.give_back(head_ - 1);
    head_ = next == kNone ? 0 : next + 1;
    if (n == 0) break;
  }
  if (head_ == 0) tail_ = 0;
}

std::uint32_t ByteQueue::gather(const ChunkPool& pool, std::uint32_t offset, std::uint32_t& length,
                                std::span<std::span<const std::byte>> out, Place& near) const {
  std::uint32_t pieces = 0;
  std::uint32_t wanted = length;
  if (near.chunk == kNone || near.offset > offset) near = {head_ == 0 ? kNone : head_ - 1, 0};
  offset -= near.offset;
  for (std::uint32_t at = near.chunk; at != kNone && wanted > 0 && pieces < out.size();
       at = pool[at].next) {
    const auto used = pool.used(at);
    if (offset >= used.size()) {
      offset -= static_cast<std::uint32_t>(used.size());
      near.offset += static_cast<std::uint32_t>(used.size());
      near.chunk = pool[at].next;
      continue;
    }
    out[pieces] = used.subspan(offset, std::min<std::size_t>(wanted, used.size() - offset));
    wanted -= static_cast<std::uint32_t>(out[pieces].size());
    offset = 0;
    ++pieces;
  }
  length -= wanted;
  return pieces;
}

std::uint32_t ByteQueue::copy(const ChunkPool& pool, std::span<std::byte> out) const {
  std::uint32_t copied = 0;
  for (std::uint32_t at = head_ == 0 ? kNone : head_ - 1; at != kNone && copied < out.size();
       at = pool[at].next) {
    const auto used = pool.used(at);
    const auto n = std::min<std::size_t>(used.size(), out.size() - copied);
    std::memcpy(out.data() + copied, used.data(), n);
    copied += static_cast<std::uint32_t>(n);
  }
  return copied;
}

std::uint32_t ByteQueue::chunks(const ChunkPool& pool) const {
  std::uint32_t count = 0;
  for (std::uint32_t at = head_ == 0 ? kNone : head_ - 1; at != kNone; at = pool[at].next) ++count;
  return count;
}

}  // namespace conker
