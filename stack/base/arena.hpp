// Storage is handed in once; tables are cut from it once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace conker {

/// Cuts arrays from one piece of zeroed storage. With no storage it only measures, so that the same
/// code that lays the tables out also says how much they need.
class Arena {
 public:
  static constexpr std::size_t kAlignment = 16;

  Arena() = default;
  explicit Arena(std::span<std::byte> storage) : begin_(storage.data()), size_(storage.size()) {}

  /// An array of `count` records, all bytes zero. Records must take zero bytes for their initial
  /// state and need no destructor; that lets a table of a million records start without touching a
  /// page. The first lies at a multiple of `alignment`, a power of two.
  template <typename T>
  std::span<T> take(std::size_t count, std::size_t alignment = kAlignment) {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= kAlignment);
    used_ = (used_ + kAlignment - 1) / kAlignment * kAlignment;
    std::size_t at = used_;
    used_ += alignment - kAlignment +
             count * sizeof(T);  // where the storage begins, measuring does not know
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
