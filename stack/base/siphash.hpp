// SipHash, a keyed hash: without the key a peer can neither predict values nor provoke collisions.
// (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012.)
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

/// `last` holds the up to 7 bytes behind `words`, and in its upper byte the message length modulo
/// 256.
template <int kPerWord, int kAtEnd>
constexpr std::uint64_t siphash(const SipKey& key, std::span<const std::uint64_t> words,
                                std::uint64_t last) {
  SipState state{key.k0 ^ 0x736f6d6570736575, key.k1 ^ 0x646f72616e646f6d,
                 key.k0 ^ 0x6c7967656e657261, key.k1 ^ 0x7465646279746573};
  for (const std::uint64_t word : words) state.absorb<kPerWord>(word);
  state.absorb<kPerWord>(last);
  state.v2 ^= 0xff;
  for (int i = 0; i < kAtEnd; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

constexpr std::uint64_t length_of(std::span<const std::uint64_t> words) {
  return static_cast<std::uint64_t>(words.size()) << 59;
}
constexpr std::uint64_t with_length_12(std::uint32_t last) {
  return std::uint64_t{12} << 56 | last;
}

}  // namespace detail

/// SipHash-2-4 of a message of 8 * words.size() bytes, given as little-endian words. For values
/// that an attacker must not predict: initial sequence numbers, ports.
constexpr std::uint64_t siphash24(const SipKey& key, std::span<const std::uint64_t> words) {
  return detail::siphash<2, 4>(key, words, detail::length_of(words));
}

/// SipHash-1-3, which is faster: for hash tables.
constexpr std::uint64_t siphash13(const SipKey& key, std::span<const std::uint64_t> words) {
  return detail::siphash<1, 3>(key, words, detail::length_of(words));
}

/// SipHash-2-4 of a message of 12 bytes, the size of an IPv4 four-tuple.
constexpr std::uint64_t siphash24(const SipKey& key, std::uint64_t first, std::uint32_t last) {
  return detail::siphash<2, 4>(key, std::span(&first, 1), detail::with_length_12(last));
}
constexpr std::uint64_t siphash13(const SipKey& key, std::uint64_t first, std::uint32_t last) {
  return detail::siphash<1, 3>(key, std::span(&first, 1), detail::with_length_12(last));
}

}  // namespace conker
