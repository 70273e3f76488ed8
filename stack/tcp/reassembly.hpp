// Data that arrived beyond a hole.
#pragma once

#include <cstdint>
#include <span>

#include "stack/base/byte_queue.hpp"
#include "stack/base/chunk_pool.hpp"
#include "stack/base/seq.hpp"
#include "stack/wire/tcp.hpp"

namespace conker {

/// What became of bytes that arrived beyond a hole.
struct Insertion {
  Seq end;                // from their first byte up to here all is held
  SackBlock duplicate{};  // the first of them that were there already; empty when there are none
};

/// Chunks sorted by sequence number, none overlapping another. What came first stays: bytes that
/// disagree later are not looked at. What finds no chunk is dropped and comes again.
class Reassembly {
 public:
  bool empty() const { return head_ == 0; }

  /// Keeps what of [sequence, sequence + bytes) is not there yet, in at most so many chunks in all.
  Insertion insert(ChunkPool& pool, Seq sequence, std::span<const std::byte> bytes,
                   std::uint32_t most_chunks);
  /// The first of [begin, end) that is held, as far as it goes without a hole; empty when nothing
  /// is.
  SackBlock first_held(const ChunkPool& pool, Seq begin, Seq end) const;
  /// Moves what follows rcv_nxt without a hole to the queue, as far as the budget of received data
  /// goes, and says how many bytes that were. Where something is left that begins at rcv_nxt +
  /// these, the caller throws it away.
  std::uint32_t deliver(ChunkPool& pool, Seq rcv_nxt, ByteQueue& queue);
  void clear(ChunkPool& pool);
  /// Whether the first byte held is at or before `sequence`.
  bool begins_at(const ChunkPool& pool, Seq sequence) const {
    return head_ != 0 && pool[head_ - 1].sequence <= sequence;
  }

  /// Walked.
  std::uint32_t bytes(const ChunkPool& pool) const;
  std::uint32_t chunks() const { return chunks_; }

 private:
  std::uint32_t insert_piece(ChunkPool& pool, std::uint32_t& previous, Seq sequence,
                             std::span<const std::byte> bytes, std::uint32_t most_chunks);

  std::uint32_t head_ = 0;  // counted from one
  std::uint32_t tail_ = 0;
  std::uint32_t chunks_ = 0;
};

}  // namespace conker
