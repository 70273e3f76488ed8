// A stream of bytes that both ends compute from a seed, and a hash that does not depend on how the
// stream is cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace conker::peer {

/// Pseudo-random bytes (splitmix64, little-endian words): the same seed gives the same stream.
class Pattern {
 public:
  explicit Pattern(std::uint64_t seed) : state_(seed) {}

  void fill(std::span<std::byte> out) {
    for (std::byte& byte : out) {
      if (left_ == 0) {
        word_ = next();
        left_ = 8;
      }
      byte = static_cast<std::byte>(word_ & 0xff);
      word_ >>= 8;
      --left_;
    }
  }

 private:
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
  std::uint64_t word_ = 0;
  int left_ = 0;
};

/// FNV-1a of 64 bits: notices any lost, duplicated, swapped or changed byte of a test.
class Hash {
 public:
  void add(std::span<const std::byte> bytes) {
    for (const std::byte byte : bytes)
      value_ = (value_ ^ static_cast<std::uint8_t>(byte)) * 0x100000001b3u;
    bytes_ += bytes.size();
  }
  std::uint64_t value() const { return value_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325u;
  std::uint64_t bytes_ = 0;
};

}  // namespace conker::peer
