// The out-of-order queue: data received beyond a hole.
#pragma once

#include <cstdint>
#include <span>

#include "stack/base/byte_queue.hpp"
#include "stack/base/chunk_pool.hpp"
#include "stack/base/seq.hpp"
#include "stack/wire/tcp.hpp"

namespace conker {

/// The result of an insertion.
struct Insertion {
  Seq end;                // all bytes from the first inserted one up to here are held
  SackBlock duplicate{};  // the first range that was held before; empty when there is none
};

/// Chunks sorted by sequence number, without overlap. Data received first is kept: later bytes for
/// the same numbers are not compared. Bytes without room are dropped and will be retransmitted.
class OutOfOrderQueue {
 public:
  bool empty() const { return head_ == 0; }

  /// Inserts the bytes of [sequence, sequence + bytes) that are not held yet, with at most so many
  /// chunks in all.
  Insertion insert(ChunkPool& pool, Seq sequence, std::span<const std::byte> bytes,
                   std::uint32_t most_chunks);
  /// The first range within [begin, end) that is held without a hole; empty when there is none.
  SackBlock first_held(const ChunkPool& pool, Seq begin, Seq end) const;
  /// Moves data that follows rcv_nxt without a hole to the queue, as far as the budget of received
  /// data permits; returns how many bytes. Data that remains at rcv_nxt + that number must be
  /// discarded by the caller.
  std::uint32_t deliver(ChunkPool& pool, Seq rcv_nxt, ByteQueue& queue);
  void clear(ChunkPool& pool);
  /// Whether the first byte held is at or before `sequence`.
  bool begins_at(const ChunkPool& pool, Seq sequence) const {
    return head_ != 0 && pool[head_ - 1].sequence <= sequence;
  }

  /// Counted by walking.
  std::uint32_t bytes(const ChunkPool& pool) const;
  std::uint32_t chunks() const { return chunks_; }

 private:
  std::uint32_t insert_piece(ChunkPool& pool, std::uint32_t& previous, Seq sequence,
                             std::span<const std::byte> bytes, std::uint32_t most_chunks);

  std::uint32_t head_ = 0;  // index of the first chunk, counted from one
  std::uint32_t tail_ = 0;
  std::uint32_t chunks_ = 0;
};

}  // namespace conker
