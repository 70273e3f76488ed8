#include "stack/base/chunk_pool.hpp"

namespace conker {

std::uint32_t ChunkPool::take(Share share) {
  if (share == Share::kMost && free() <= capacity() / 8) return kNone;
  std::uint32_t index = free_;
  if (index != kNone) {
    free_ = chunks_[index].next;
  } else if (fresh_ < chunks_.size()) {
    index = fresh_++;
  } else {
    return kNone;
  }
  ++taken_;
  chunks_[index] = Chunk{kNone, 0, 0, Seq()};
  return index;
}

void ChunkPool::give_back(std::uint32_t index) {
  ++returned_;
  chunks_[index].next = free_;
  free_ = index;
}

}  // namespace conker
