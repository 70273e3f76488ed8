// SipHash: a keyed hash, so that whoever does not know the key can neither predict values nor provoke
// collisions. (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012.)
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace conker {

struct SipKey {
  std::uint64_t k0 = 0, k1 = 0;
};

namespace detail {

struct SipState {
  std::uint64_t v0, v1, v2, v3;

  constexpr void round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  template <int kRounds>
  constexpr void absorb(std::uint64_t word) {
    v3 ^= word;
    for (int i = 0; i < kRounds; ++i) round();
    v0 ^= word;
  }
};

template <int kPerWord, int kAtEnd>
constexpr std::uint64_t siphash(const SipKey& key, std::span<const std::uint64_t> words) {
  SipState state{key.k0 ^ 0x736f6d6570736575, key.k1 ^ 0x646f72616e646f6d, key.k0 ^ 0x6c7967656e657261,
                 key.k1 ^ 0x7465646279746573};
  for (const std::uint64_t word : words) state.absorb<kPerWord>(word);
  // The last word holds the length in bytes, modulo 256, in its upper byte; no bytes are left over beside it.
  state.absorb<kPerWord>(static_cast<std::uint64_t>(words.size()) << 59);
  state.v2 ^= 0xff;
  for (int i = 0; i < kAtEnd; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace detail

/// SipHash-2-4 of a message of 8 * words.size() bytes, given as little-endian words. For what an attacker
/// must not predict: initial sequence numbers, ports.
constexpr std::uint64_t siphash24(const SipKey& key, std::span<const std::uint64_t> words) {
  return detail::siphash<2, 4>(key, words);
}

/// SipHash-1-3: faster, for hash tables.
constexpr std::uint64_t siphash13(const SipKey& key, std::span<const std::uint64_t> words) {
  return detail::siphash<1, 3>(key, words);
}

}  // namespace conker
