// Random numbers that are the same on every machine. All decisions of the simulator use them, and
// so follow from its seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace conker::sim {

/// SplitMix64 (Steele, Lea and Flood, 2014): eight bytes of state, good from any seed.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t operator()() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  /// A number from 0 to n - 1.
  std::uint32_t below(std::uint32_t n) {
    return static_cast<std::uint32_t>(((*this)() >> 32) * std::uint64_t{n} >> 32);
  }
  bool one_in(std::uint32_t n) { return below(n) == 0; }
  bool per_mille(std::uint32_t rate) { return rate != 0 && below(1000) < rate; }
  template <typename T>
  T of(std::initializer_list<T> all) {
    return *(all.begin() + below(static_cast<std::uint32_t>(all.size())));
  }

 private:
  std::uint64_t state_;
};

/// The byte at `offset` of the stream whose sender's ISS is `iss`: any byte can be checked by
/// itself, on the wire and at the other end, and none has to be stored.
constexpr std::byte byte_of_stream(std::uint32_t iss, std::uint32_t offset) {
  std::uint32_t x = (offset >> 2) + iss * 0x9e3779b1u;
  x = (x ^ x >> 16) * 0x7feb352du;
  x ^= x >> 15;
  return static_cast<std::byte>(x >> 8 * (offset & 3) & 0xff);
}

}  // namespace conker::sim
