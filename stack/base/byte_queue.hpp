// A queue of bytes in chunks of the pool.
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

  /// Copies in as much as the pool has room for and says how much.
  std::uint32_t append(ChunkPool& pool, std::span<const std::byte> bytes,
                       ChunkPool::Share share = ChunkPool::Share::kAll);
  /// Takes over a filled chunk that nothing follows.
  void append_chunk(ChunkPool& pool, std::uint32_t index);
  /// Drops the first n bytes, at most all.
  void consume(ChunkPool& pool, std::uint32_t n);
  void clear(ChunkPool& pool) {
    if (size_ != 0) consume(pool, size_);
  }
  /// The bytes [offset, offset + length) in place. Says how many pieces were needed; fewer bytes than asked
  /// for if there are not as many or the pieces do not suffice: `length` tells.
  std::uint32_t gather(const ChunkPool& pool, std::uint32_t offset, std::uint32_t& length,
                       std::span<std::span<const std::byte>> out) const;
  /// Copies the first bytes out without dropping them.
  std::uint32_t copy(const ChunkPool& pool, std::span<std::byte> out) const;
  /// Chunks held; walked.
  std::uint32_t chunks(const ChunkPool& pool) const;

 private:
  void link(ChunkPool& pool, std::uint32_t index);

  // Counted from one, so that zeroed memory is an empty queue.
  std::uint32_t head_ = 0;
  std::uint32_t tail_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace conker
