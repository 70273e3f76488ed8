// Carves the stack's tables from storage that the embedder hands in once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace conker {

/// Allocates arrays from one piece of zeroed storage. Without storage an Arena only measures, so
/// that the code that lays the tables out also computes how many bytes they need.
class Arena {
 public:
  static constexpr std::size_t kAlignment = 16;

  Arena() = default;
  explicit Arena(std::span<std::byte> storage) : begin_(storage.data()), size_(storage.size()) {}

  /// Allocates an array of `count` records, all bytes zero, the first at a multiple of `alignment`,
  /// a power of two. All bytes zero must be a record's initial state, and it must need no
  /// destructor; hence a table of a million records starts without touching a page.
  template <typename T>
  std::span<T> take(std::size_t count, std::size_t alignment = kAlignment) {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= kAlignment);
    used_ = (used_ + kAlignment - 1) / kAlignment * kAlignment;
    std::size_t at = used_;
    used_ += alignment - kAlignment +
             count * sizeof(T);  // measuring does not know where the storage begins
    if (begin_ == nullptr || used_ > size_) return {};
    at += (alignment - reinterpret_cast<std::uintptr_t>(begin_ + at) % alignment) % alignment;
    return {reinterpret_cast<T*>(begin_ + at), count};
  }

  std::size_t used() const { return used_; }
  bool measuring() const { return begin_ == nullptr; }
  bool overrun() const { return !measuring() && used_ > size_; }

 private:
  std::byte* begin_ = nullptr;
  std::size_t size_ = 0;
  std::size_t used_ = 0;
};

}  // namespace conker
