#include "stack/base/chunk_pool.hpp"

namespace conker {
namespace {

/// Floor and ceiling of each use in 64ths of the pool, in the order of Use. The floors add up to
/// less than half of the pool.
struct Budget {
  std::uint8_t floor, ceiling;
};
constexpr std::array<Budget, kUses> kBudgets{{
    /* kReceive    */ {8, 48},
    /* kSend       */ {8, 48},
    /* kOutOfOrder */ {1, 24},
    /* kScoreboard */ {1, 16},
    /* kNeighbours */ {2, 16},
    /* kFragments  */ {2, 16},
    /* kDatagrams  */ {4, 16},
}};

constexpr std::uint32_t kUsualPacket = 1500 + 2;  // as it is stored in a neighbour's queue

}  // namespace

void ChunkPool::open(Use use) {
  const Budget& budget = kBudgets[static_cast<std::size_t>(use)];
  const auto part = [this](std::uint32_t of_64) {
    return static_cast<std::uint32_t>(std::uint64_t{capacity()} * of_64 / 64);
  };
  // In a small pool the floor of a use is still at least one chunk, or one packet where only whole
  // packets are kept.
  const bool vital = use == Use::kReceive || use == Use::kSend;
  const bool whole = use == Use::kNeighbours || use == Use::kFragments || use == Use::kDatagrams;
  const std::uint32_t least = vital   ? 1
                              : whole ? std::min(chunks_for(kUsualPacket), part(8))
                                      : std::min<std::uint32_t>(part(4), 1);
  const std::uint32_t floor = std::max(part(budget.floor), least);
  open(use, floor, std::max({part(budget.ceiling), floor, std::uint32_t{1}}));
}

void ChunkPool::open(Use use, std::uint32_t floor, std::uint32_t ceiling) {
  Share& share = share_of(use);
  if (share.ceiling != 0) return;
  share.floor = floor;
  share.ceiling = ceiling;
  reserved_ += floor;
}

std::uint32_t ChunkPool::take(Use use, Claim claim) {
  if (available(use, claim) == 0) return kNone;
  std::uint32_t index = free_;
  if (index != kNone) {
    free_ = chunks_[index].next;
  } else {
    index = fresh_++;
  }
  ++taken_;
  add(use);
  chunks_[index] = Chunk{kNone, 0, 0, Seq(), use};
  return index;
}

void ChunkPool::give_back(std::uint32_t index) {
  ++returned_;
  remove(chunks_[index].use);
  chunks_[index].next = free_;
  free_ = index;
}

bool ChunkPool::recharge(std::uint32_t index, Use use) {
  const Use before = chunks_[index].use;
  remove(before);
  ++returned_;  // a free chunk counts as returned
  const bool fits = available(use) > 0;
  --returned_;
  add(fits ? use : before);
  if (fits) chunks_[index].use = use;
  return fits;
}

void ChunkPool::add(Use use) {
  Share& share = share_of(use);
  if (share.held < share.floor) --reserved_;
  ++share.held;
}

void ChunkPool::remove(Use use) {
  Share& share = share_of(use);
  --share.held;
  if (share.held < share.floor) ++reserved_;
}

const char* ChunkPool::audit(const ChunkCounts& held) const {
  std::uint64_t all = 0, reserved = 0;
  for (std::size_t use = 0; use < kUses; ++use) {
    const Share& share = shares_[use];
    if (share.held != held[use]) return "chunks counted for a use do not equal those found";
    all += share.held;
    reserved += share.floor > share.held ? share.floor - share.held : 0;
    if (share.held > share.ceiling) return "a use of the pool is above its ceiling";
  }
  if (taken_ != returned_ + all) return "chunks taken do not equal those returned and those held";
  if (reserved != reserved_) return "chunks reserved do not equal what uses lack to their floors";
  if (free() < reserved_) return "a use of the pool cannot have its floor";
  return nullptr;
}

}  // namespace conker
