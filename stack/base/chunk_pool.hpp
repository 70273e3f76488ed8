// The bytes that travel: a pool of equal chunks that all connections share. Who has no bytes holds no chunk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/base/arena.hpp"
#include "stack/base/seq.hpp"

namespace conker {

inline constexpr std::uint32_t kNone = 0xffffffff;

class ChunkPool {
 public:
  /// What is known of a chunk; its bytes lie apart.
  struct Chunk {
    std::uint32_t next;   // in a queue or in the free list
    std::uint16_t begin;  // bytes in use: [begin, end)
    std::uint16_t end;
    Seq sequence;  // of the byte at begin, while the chunk is out of order
  };

  ChunkPool(Arena& arena, std::uint32_t chunks, std::uint32_t chunk_bytes)
      : chunks_(arena.take<Chunk>(chunks)),
        bytes_(arena.take<std::byte>(std::size_t{chunks} * chunk_bytes)),
        chunk_bytes_(chunk_bytes) {}

  /// Who may have the last eighth of the pool: data that has arrived in its order, which is given back as
  /// soon as it is read. All that waits for somebody else (data to be sent, data behind a hole, logs) shares
  /// the rest: else two hosts that are full of what they have to send would not hear each other's ACKs and
  /// data.
  enum class Share : std::uint8_t { kAll, kMost };

  /// An empty chunk that nothing follows; kNone when there is none.
  std::uint32_t take(Share share = Share::kAll);
  void give_back(std::uint32_t index);

  Chunk& operator[](std::uint32_t index) { return chunks_[index]; }
  const Chunk& operator[](std::uint32_t index) const { return chunks_[index]; }
  /// All bytes of a chunk, in use or not.
  std::span<std::byte> storage(std::uint32_t index) {
    return bytes_.subspan(std::size_t{index} * chunk_bytes_, chunk_bytes_);
  }
  /// The bytes of a chunk that are in use.
  std::span<const std::byte> used(std::uint32_t index) const {
    const Chunk& chunk = chunks_[index];
    return bytes_.subspan(std::size_t{index} * chunk_bytes_ + chunk.begin, chunk.end - chunk.begin);
  }

  /// Bytes that one of those who keep data for somebody else may hold: much of what is free while most is,
  /// little when little is. Whoever keeps to it shares alike, and the pool does not run out.
  std::uint64_t fair_bytes() const {
    const std::uint64_t most = capacity() - capacity() / 8;
    const std::uint64_t left = free() > capacity() / 8 ? free() - capacity() / 8 : 0;
    return most == 0 ? 0 : left * left * chunk_bytes_ / most;
  }

  std::uint32_t chunk_bytes() const { return chunk_bytes_; }
  std::uint32_t capacity() const { return static_cast<std::uint32_t>(chunks_.size()); }
  std::uint32_t free() const { return capacity() - static_cast<std::uint32_t>(taken_ - returned_); }
  std::uint64_t taken() const { return taken_; }
  std::uint64_t returned() const { return returned_; }

 private:
  std::span<Chunk> chunks_;
  std::span<std::byte> bytes_;
  std::uint32_t chunk_bytes_;
  std::uint32_t free_ = kNone;
  std::uint32_t fresh_ = 0;  // chunks from here on were never used
  std::uint64_t taken_ = 0;
  std::uint64_t returned_ = 0;
};

}  // namespace conker
