// A queue of bytes in chunks of the pool: the send queue and the receive queue of a connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/base/chunk_pool.hpp"

namespace conker {

class ByteQueue {
 public:
  std::uint32_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  /// Appends a copy of as many of `bytes` as the pool's budget for `use` has room for; returns how
  /// many. An empty queue takes all its chunks as Claim::kFirst.
  std::uint32_t append(ChunkPool& pool, std::span<const std::byte> bytes, Use use) {
    return append(pool, bytes, use, empty() ? Claim::kFirst : Claim::kMore);
  }
  std::uint32_t append(ChunkPool& pool, std::span<const std::byte> bytes, Use use, Claim claim);
  /// Appends a filled chunk, whose `next` must be kNone. Bytes that fit behind the queue's last
  /// byte are copied there instead, so that chunks of one byte each do not add up. False where the
  /// budget of `use` has no room; the caller then still owns the chunk.
  [[nodiscard]] bool append_chunk(ChunkPool& pool, std::uint32_t index, Use use);
  /// Drops the first n bytes, at most all.
  void consume(ChunkPool& pool, std::uint32_t n);
  void clear(ChunkPool& pool) {
    if (size_ != 0) consume(pool, size_);
  }
  /// Finds the bytes [offset, offset + length) in place, as up to out.size() spans; returns how
  /// many spans were filled. `length` becomes what they cover, less than asked for where the queue
  /// is shorter or the spans do not suffice.
  std::uint32_t gather(const ChunkPool& pool, std::uint32_t offset, std::uint32_t& length,
                       std::span<std::span<const std::byte>> out) const {
    Place beginning;
    return gather(pool, offset, length, out, beginning);
  }
  /// A chunk of the queue and the offset of its first byte from the queue's beginning.
  struct Place {
    std::uint32_t chunk = kNone;
    std::uint32_t offset = 0;
  };
  /// As above, with a hint: the search begins at `near` where that is not behind `offset`, and
  /// `near` becomes the place where it ended.
  std::uint32_t gather(const ChunkPool& pool, std::uint32_t offset, std::uint32_t& length,
                       std::span<std::span<const std::byte>> out, Place& near) const;
  /// Copies the first bytes of the queue to `out` without dropping them.
  std::uint32_t copy(const ChunkPool& pool, std::span<std::byte> out) const;
  /// Chunks held, counted by walking the queue.
  std::uint32_t chunks(const ChunkPool& pool) const;

 private:
  void link(ChunkPool& pool, std::uint32_t index);

  // Chunk indices are counted from one, so that zeroed memory is an empty queue.
  std::uint32_t head_ = 0;
  std::uint32_t tail_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace conker
