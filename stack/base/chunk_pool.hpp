// The pool of equal chunks that holds all queued bytes of the stack, and the budget by which its
// users share it. A connection with nothing queued holds no chunk.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/base/arena.hpp"
#include "stack/base/seq.hpp"

namespace conker {

inline constexpr std::uint32_t kNone = 0xffffffff;

/// What a chunk is used for. Each use has a floor, chunks that no other use can take, and a ceiling
/// (kBudgets in chunk_pool.cpp has the figures, stack/README.md the reasons).
enum class Use : std::uint8_t {
  kReceive,     // in-order data that the application has not read
  kSend,        // data that the peer has not acknowledged
  kOutOfOrder,  // out-of-order data; may be discarded
  kScoreboard,  // records of segments in flight; a connection can do without
  kNeighbours,  // packets that wait for an ARP reply
  kFragments,   // IPv4 fragments; may be discarded
  kDatagrams,   // UDP datagrams that the application has not read
};
inline constexpr std::size_t kUses = 7;

/// Numbers of chunks of each use, in the order of Use.
using ChunkCounts = std::array<std::uint64_t, kUses>;

/// Whether the user that asks for a chunk holds none of that use yet (kFirst) or wants more
/// (kMore). The last sixteenth of each ceiling is reserved for kFirst, so that early users cannot
/// keep all others out.
enum class Claim : std::uint8_t { kFirst, kMore };

class ChunkPool {
 public:
  /// The record of a chunk; its bytes are stored apart.
  struct Chunk {
    std::uint32_t next;   // the next in a queue or in the free list
    std::uint16_t begin;  // bytes in use: [begin, end)
    std::uint16_t end;
    Seq sequence;  // of the byte at `begin`, while the chunk holds out-of-order data
    Use use;
  };

  ChunkPool(Arena& arena, std::uint32_t chunks, std::uint32_t chunk_bytes)
      : chunks_(arena.take<Chunk>(chunks)),
        bytes_(arena.take<std::byte>(std::size_t{chunks} * chunk_bytes)),
        chunk_bytes_(chunk_bytes) {}

  /// Reserves the floor of this use. Each user of the pool calls it when it is made, before the
  /// first turn; a use that is never opened reserves nothing.
  void open(Use use);
  void open(Use use, std::uint32_t floor, std::uint32_t ceiling);

  /// Takes an empty chunk, with `next` kNone; kNone when the budget has none for this use.
  std::uint32_t take(Use use, Claim claim);
  void give_back(std::uint32_t index);
  /// Charges a chunk to another use, as when out-of-order data comes in order. False, and nothing
  /// changes, where the budget has no room for it.
  [[nodiscard]] bool recharge(std::uint32_t index, Use use);

  Chunk& operator[](std::uint32_t index) { return chunks_[index]; }
  const Chunk& operator[](std::uint32_t index) const { return chunks_[index]; }
  /// All bytes of a chunk, in use or not.
  std::span<std::byte> storage(std::uint32_t index) {
    return bytes_.subspan(std::size_t{index} * chunk_bytes_, chunk_bytes_);
  }
  /// The bytes of a chunk that are in use: [begin, end).
  std::span<const std::byte> used(std::uint32_t index) const {
    const Chunk& chunk = chunks_[index];
    return bytes_.subspan(std::size_t{index} * chunk_bytes_ + chunk.begin, chunk.end - chunk.begin);
  }

  /// How many chunks can be taken for this use now, one after the other.
  std::uint32_t available(Use use, Claim claim = Claim::kFirst) const {
    const Share& share = share_of(use);
    const std::uint32_t own = share.floor > share.held ? share.floor - share.held : 0;
    const std::uint32_t common = free() > reserved_ ? free() - reserved_ : 0;
    const std::uint32_t room = share.ceiling > share.held ? share.ceiling - share.held : 0;
    const std::uint32_t all = std::min(room, own + common);
    const std::uint32_t kept = claim == Claim::kMore ? share.ceiling / 16 : 0;
    return all > kept ? all - kept : 0;
  }
  /// Whether this use lacks chunks because other uses hold them, and not because it is at its
  /// ceiling.
  bool crowded_out(Use use) const {
    return available(use) == 0 && share_of(use).held < share_of(use).ceiling;
  }
  /// Whether this use holds more than its floor, so that chunks of it can be reclaimed for another
  /// use.
  bool above_floor(Use use) const { return share_of(use).held > share_of(use).floor; }

  /// Of `wanted` bytes, the part that is fair for one of the holders of this use: much of what is
  /// free while most is free, little when little is. Holders that keep to it get equal shares, and
  /// the use does not run out. All of `wanted` where there is enough.
  std::uint64_t fair_share(Use use, std::uint64_t wanted) const {
    const std::uint64_t left = available(use), ceiling = share_of(use).ceiling;
    const std::uint64_t fair = left * left * chunk_bytes_;  // multiplied by the ceiling
    if (ceiling == 0) return 0;
    return fair >= wanted * ceiling ? wanted : fair / ceiling;
  }

  std::uint32_t chunk_bytes() const { return chunk_bytes_; }
  /// The number of chunks that hold `bytes`.
  std::uint32_t chunks_for(std::size_t bytes) const {
    return static_cast<std::uint32_t>((bytes + chunk_bytes_ - 1) / chunk_bytes_);
  }
  std::uint32_t capacity() const { return static_cast<std::uint32_t>(chunks_.size()); }
  std::uint32_t free() const { return capacity() - static_cast<std::uint32_t>(taken_ - returned_); }
  std::uint32_t held(Use use) const { return share_of(use).held; }
  std::uint32_t floor(Use use) const { return share_of(use).floor; }
  std::uint32_t ceiling(Use use) const { return share_of(use).ceiling; }
  std::uint64_t taken() const { return taken_; }
  std::uint64_t returned() const { return returned_; }

  /// Compares the budget with `held`, which the caller counted by walking its tables; returns what
  /// is wrong, null when nothing is.
  const char* audit(const ChunkCounts& held) const;

 private:
  struct Share {
    std::uint32_t held, floor, ceiling;
  };
  Share& share_of(Use use) { return shares_[static_cast<std::size_t>(use)]; }
  const Share& share_of(Use use) const { return shares_[static_cast<std::size_t>(use)]; }
  void add(Use use);
  void remove(Use use);

  std::span<Chunk> chunks_;
  std::span<std::byte> bytes_;
  std::uint32_t chunk_bytes_;
  std::array<Share, kUses> shares_{};
  std::uint32_t reserved_ = 0;  // free chunks that uses below their floors may still take
  std::uint32_t free_ = kNone;
  std::uint32_t fresh_ = 0;  // chunks from here on were never used
  std::uint64_t taken_ = 0;
  std::uint64_t returned_ = 0;
};

}  // namespace conker
