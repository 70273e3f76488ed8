// The blocks of a receiver's SACK option: out-of-order data (RFC 2018) and duplicate data (RFC
// 2883).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "stack/base/seq.hpp"
#include "stack/wire/tcp.hpp"

namespace conker {

/// The blocks that changed last, the latest first (RFC 2018, 4), so that each is sent several times
/// before others displace it. A full list drops the block that has not changed for longest: the
/// peer knows it.
class SackList {
 public:
  bool empty() const { return count_ == 0 && !has_duplicate(); }
  std::span<const SackBlock> blocks() const { return std::span(blocks_).first(count_); }

  /// Adds a block that arrived out of order. It is merged with adjacent ones and becomes the
  /// latest.
  void add(SackBlock block) {
    std::uint8_t kept = 0;
    for (std::uint8_t i = 0; i < count_; ++i) {
      const SackBlock other = blocks_[i];
      if (other.left > block.right || other.right < block.left) {
        blocks_[kept++] = other;
        continue;
      }
      block = {min(block.left, other.left), max(block.right, other.right)};
    }
    count_ = std::min<std::uint8_t>(static_cast<std::uint8_t>(kept + 1), kMost);
    for (std::uint8_t i = count_; i-- > 1;) blocks_[i] = blocks_[i - 1];
    blocks_[0] = block;
  }

  /// Drops blocks before `rcv_nxt`, which are acknowledged cumulatively.
  void forget_before(Seq rcv_nxt) {
    const auto end = std::remove_if(blocks_.begin(), blocks_.begin() + count_,
                                    [&](const SackBlock& block) { return block.right <= rcv_nxt; });
    count_ = static_cast<std::uint8_t>(end - blocks_.begin());
  }

  /// Drops all blocks, after the out-of-order data was discarded.
  void forget_blocks() { count_ = 0; }

  /// Notes duplicate bytes for the next ACK (RFC 2883, 4), and only that one.
  void note_duplicate(const SackBlock& block) {
    if (!has_duplicate()) duplicate_ = block;
  }

  /// Writes the option with at most `most` blocks: the D-SACK block first.
  void write(TcpSegment& segment, std::size_t most) const {
    most = std::min(most, segment.sack.size());
    if (has_duplicate() && most > 0) segment.sack[segment.sack_count++] = duplicate_;
    for (const SackBlock& block : blocks()) {
      if (segment.sack_count >= most) break;
      segment.sack[segment.sack_count++] = block;
    }
  }
  void sent() { duplicate_ = {}; }
  void clear() { *this = {}; }

 private:
  static constexpr std::uint8_t kMost = TcpSegment::kMaxSackBlocks;

  bool has_duplicate() const { return duplicate_.left != duplicate_.right; }

  std::array<SackBlock, kMost> blocks_{};
  SackBlock duplicate_{};
  std::uint8_t count_ = 0;
};

}  // namespace conker
