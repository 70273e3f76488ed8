// The bytes that travel: a pool of equal chunks that all share, and the budget by which they share
// it. Who has no bytes holds no chunk.
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

/// What a chunk is taken for. Each use has a floor, chunks that no other use can take, and a
/// ceiling (kBudgets in chunk_pool.cpp has the figures, stack/README.md the reasons).
enum class Use : std::uint8_t {
  kReceive,     // data in its order that the application has not read
  kSend,        // data that the peer has not acknowledged
  kOutOfOrder,  // data beyond a hole; may be thrown away
  kScoreboard,  // what is known of each segment that is out; a connection can do without
  kNeighbours,  // packets that wait for an answer to ARP
  kFragments,   // IPv4 fragments; may be thrown away
  kDatagrams,   // UDP datagrams that the application has not read
};
inline constexpr std::size_t kUses = 7;

/// Chunks of each use, in the order of Use.
using ChunkCounts = std::array<std::uint64_t, kUses>;

/// Who asks for a chunk: one who holds nothing of that use, or one who wants more. The last
/// sixteenth of each ceiling is for the former, so that those who came first cannot keep everybody
/// else out.
enum class Claim : std::uint8_t { kFirst, kMore };

class ChunkPool {
 public:
  /// What is known of a chunk; its bytes lie apart.
  struct Chunk {
    std::uint32_t next;   // in a queue or in the free list
    std::uint16_t begin;  // bytes in use: [begin, end)
    std::uint16_t end;
    Seq sequence;  // of the byte at begin, while the chunk is out of order
    Use use;
  };

  ChunkPool(Arena& arena, std::uint32_t chunks, std::uint32_t chunk_bytes)
      : chunks_(arena.take<Chunk>(chunks)),
        bytes_(arena.take<std::byte>(std::size_t{chunks} * chunk_bytes)),
        chunk_bytes_(chunk_bytes) {}

  /// From now on this use has its floor. Each user of the pool says so when it is made, before the
  /// first turn; what an image does not have keeps no chunks from the others.
  void open(Use use);
  void open(Use use, std::uint32_t floor, std::uint32_t ceiling);

  /// An empty chunk that nothing follows; kNone when the budget has none for this use.
  std::uint32_t take(Use use, Claim claim);
  void give_back(std::uint32_t index);
  /// The chunk becomes something else: data beyond a hole that is in its order now. False, and
  /// nothing changes, where the budget has no place for it.
  [[nodiscard]] bool recharge(std::uint32_t index, Use use);

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

  /// Chunks that can be taken for this use now, one after the other.
  std::uint32_t available(Use use, Claim claim = Claim::kFirst) const {
    const Share& share = share_of(use);
    const std::uint32_t own = share.floor > share.held ? share.floor - share.held : 0;
    const std::uint32_t common = free() > reserved_ ? free() - reserved_ : 0;
    const std::uint32_t room = share.ceiling > share.held ? share.ceiling - share.held : 0;
    const std::uint32_t all = std::min(room, own + common);
    const std::uint32_t kept = claim == Claim::kMore ? share.ceiling / 16 : 0;
    return all > kept ? all - kept : 0;
  }
  /// Whether this use lacks chunks because others hold them, and not because it is at its ceiling.
  bool crowded_out(Use use) const {
    return available(use) == 0 && share_of(use).held < share_of(use).ceiling;
  }
  /// Whether this use holds more than its floor, so that some of it can be taken for another.
  bool above_floor(Use use) const { return share_of(use).held > share_of(use).floor; }

  /// `wanted` bytes, as far as they are a fair share for one of those who have a part in the use:
  /// much of what is free while most is, little when little is. Whoever keeps to it shares alike,
  /// and the use does not run out. Nothing is divided where there is enough.
  std::uint64_t fair_share(Use use, std::uint64_t wanted) const {
    const std::uint64_t left = available(use), ceiling = share_of(use).ceiling;
    const std::uint64_t fair = left * left * chunk_bytes_;  // times the ceiling
    if (ceiling == 0) return 0;
    return fair >= wanted * ceiling ? wanted : fair / ceiling;
  }

  std::uint32_t chunk_bytes() const { return chunk_bytes_; }
  /// Chunks that hold so many bytes.
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

  /// What is wrong with the budget when `held` was found by walking; null when nothing is.
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
  std::uint32_t reserved_ = 0;  // of the free ones: what uses below their floors may still ask for
  std::uint32_t free_ = kNone;
  std::uint32_t fresh_ = 0;  // chunks from here on were never used
  std::uint64_t taken_ = 0;
  std::uint64_t returned_ = 0;
};

}  // namespace conker
