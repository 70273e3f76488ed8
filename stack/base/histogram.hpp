// A histogram of durations in fixed memory.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "stack/base/time.hpp"

namespace conker {

/// Counts durations from 0 us to about 4295 s, each kept to within 1/16 of its value. A longer one
/// counts as the longest.
class Histogram {
 public:
  void add(Duration duration) {
    const std::uint32_t us = clamp(duration);
    ++buckets_[bucket(us)];
    ++count_;
    if (us > max_) max_ = us;
  }
  /// The same `count` times, as far as its bucket can count.
  void add(Duration duration, std::uint64_t count) {
    const std::uint32_t us = clamp(duration);
    std::uint32_t& in = buckets_[bucket(us)];
    if (count > UINT32_MAX - in) count = UINT32_MAX - in;
    in += static_cast<std::uint32_t>(count);
    count_ += count;
    if (us > max_) max_ = us;
  }
  /// The shortest duration that is counted in the same bucket.
  static constexpr Duration shortest_beside(Duration duration) {
    const std::size_t of = bucket(clamp(duration));
    return Duration(of == 0 ? 0 : upper(of - 1) + 1);
  }
  void clear() { *this = Histogram(); }

  std::uint64_t count() const { return count_; }
  Duration max() const { return Duration(max_); }

  /// Durations from `first` to `last` us.
  struct Bucket {
    std::uint32_t first, last, count;
  };
  /// Calls f(bucket) for each that is not empty, the shortest first.
  template <typename F>
  void for_each(F&& f) const {
    for (std::size_t i = 0; i < buckets_.size(); ++i)
      if (buckets_[i] != 0) f(Bucket{i == 0 ? 0 : upper(i - 1) + 1, upper(i), buckets_[i]});
  }

  /// The smallest duration that `per_mille` of 1000 recorded durations do not exceed; 0 when empty.
  Duration quantile(std::uint32_t per_mille) const {
    const std::uint64_t wanted = (count_ * per_mille + 999) / 1000;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen >= wanted && seen > 0) return Duration(upper(i) < max_ ? upper(i) : max_);
    }
    return max();
  }

 private:
  static constexpr int kSubBits = 4;  // 16 buckets for each power of two
  static constexpr std::size_t kBuckets = (33 - kSubBits) << kSubBits;

  static constexpr std::uint32_t clamp(Duration d) {
    if (d.count() < 0) return 0;
    return d.count() > 0xffffffff ? 0xffffffff : static_cast<std::uint32_t>(d.count());
  }
  static constexpr std::size_t bucket(std::uint32_t us) {
    if (us < (1u << kSubBits)) return us;
    const int shift = std::bit_width(us) - kSubBits - 1;
    return (static_cast<std::size_t>(shift + 1) << kSubBits) + ((us >> shift) - (1u << kSubBits));
  }
  static constexpr std::uint32_t upper(std::size_t bucket) {
    if (bucket < (1u << kSubBits)) return static_cast<std::uint32_t>(bucket);
    const int shift = static_cast<int>(bucket >> kSubBits) - 1;
    const std::uint64_t base = (bucket & ((1u << kSubBits) - 1)) + (1u << kSubBits);
    return static_cast<std::uint32_t>(((base + 1) << shift) - 1);
  }

  std::array<std::uint32_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
  std::uint32_t max_ = 0;
};

}  // namespace conker
