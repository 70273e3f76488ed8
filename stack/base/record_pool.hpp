// A pool of records whose indices other objects keep. Records are reused last in, first out.
#pragma once

#include <cstdint>
#include <span>

#include "stack/base/arena.hpp"
#include "stack/base/chunk_pool.hpp"

namespace conker {

/// `Next` is the member that links the free records. A record that was never taken is never
/// touched.
template <typename Record, std::uint32_t Record::*Next>
class RecordPool {
 public:
  RecordPool(Arena& arena, std::uint32_t capacity) : records_(arena.take<Record>(capacity)) {}

  /// Takes a fresh record; kNone when there is none.
  std::uint32_t take() {
    std::uint32_t index = free_;
    if (index != kNone) {
      free_ = records_[index].*Next;
    } else if (fresh_ < records_.size()) {
      index = fresh_++;
    } else {
      return kNone;
    }
    records_[index] = Record{};
    ++taken_;
    return index;
  }

  void give_back(std::uint32_t index) {
    records_[index].*Next = free_;
    free_ = index;
    --taken_;
  }

  Record& operator[](std::uint32_t index) { return records_[index]; }
  const Record& operator[](std::uint32_t index) const { return records_[index]; }
  std::uint32_t taken() const { return taken_; }

 private:
  std::span<Record> records_;
  std::uint32_t free_ = kNone;
  std::uint32_t fresh_ = 0;
  std::uint32_t taken_ = 0;
};

}  // namespace conker
