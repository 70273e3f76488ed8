// Sequence numbers: arithmetic modulo 2^32 (RFC 9293, 3.4).
#pragma once

#include <cstdint>

namespace conker {

/// A TCP sequence number. Comparison is modulo 2^32 and has a meaning only for numbers less than
/// 2^31 apart.
class Seq {
 public:
  constexpr Seq() = default;
  explicit constexpr Seq(std::uint32_t value) : value_(value) {}

  constexpr std::uint32_t value() const { return value_; }

  constexpr Seq operator+(std::uint32_t n) const { return Seq(value_ + n); }
  constexpr Seq operator-(std::uint32_t n) const { return Seq(value_ - n); }
  constexpr Seq& operator+=(std::uint32_t n) {
    value_ += n;
    return *this;
  }
  /// The distance from `other` to this number; negative when this number is before `other`.
  constexpr std::int32_t operator-(Seq other) const {
    return static_cast<std::int32_t>(value_ - other.value_);
  }

  constexpr bool operator==(const Seq&) const = default;
  constexpr bool operator<(Seq other) const { return *this - other < 0; }
  constexpr bool operator<=(Seq other) const { return *this - other <= 0; }
  constexpr bool operator>(Seq other) const { return *this - other > 0; }
  constexpr bool operator>=(Seq other) const { return *this - other >= 0; }

 private:
  std::uint32_t value_ = 0;
};

/// Whether first <= s < first + length.
constexpr bool in_range(Seq s, Seq first, std::uint32_t length) {
  return (s.value() - first.value()) < length;
}

constexpr Seq min(Seq a, Seq b) {
  return a < b ? a : b;
}

constexpr Seq max(Seq a, Seq b) {
  return a < b ? b : a;
}

}  // namespace conker
