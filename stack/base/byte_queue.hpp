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

  /// Copies in as much as the budget has room for and says how much. An empty queue claims as one
  /// that holds nothing, for all of the bytes.
  std::uint32_t append(ChunkPool& pool, std::span<const std::byte> bytes, Use use) {
    return append(pool, bytes, use, empty() ? Claim::kFirst : Claim::kMore);
  }
  std::uint32_t append(ChunkPool& pool, std::span<const std::byte> bytes, Use use, Claim claim);
  /// Takes over a filled chunk that nothing follows; what fits behind the last byte is copied there
  /// instead, so that chunks of a byte each do not add up. False, and the chunk stays its owner's,
  /// where the budget of `use` has no place for it.
  [[nodiscard]] bool append_chunk(ChunkPool& pool, std::uint32_t index, Use use);
  /// Drops the first n bytes, at most all.
  void consume(ChunkPool& pool, std::uint32_t n);
  void clear(ChunkPool& pool) {
    if (size_ != 0) consume(pool, size_);
  }
  /// The bytes [offset, offset + length) in place. Says how many pieces were needed; fewer bytes
  /// than asked for if there are not as many or the pieces do not suffice: `length` tells.
  std::uint32_t gather(const ChunkPool& pool, std::uint32_t offset, std::uint32_t& length,
                       std::span<std::span<const std::byte>> out) const {
    Place beginning;
    return gather(pool, offset, length, out, beginning);
  }
  /// A chunk of the queue, and how far from the queue's beginning its first byte is.
  struct Place {
    std::uint32_t chunk = kNone;
    std::uint32_t offset = 0;
  };
  /// The same. `near` says where to begin to look, if it is not behind `offset`, and is moved
  /// there.
  std::uint32_t gather(const ChunkPool& pool, std::uint32_t offset, std::uint32_t& length,
                       std::span<std::span<const std::byte>> out, Place& near) const;
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
