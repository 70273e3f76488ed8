#include <gtest/gtest.h>

#include <array>

#include "stack/base/siphash.hpp"

namespace conker {
namespace {

// The bytes 00, 01, 02 ... as key and message, as the reference implementation's test has them.
constexpr SipKey kKey{0x0706050403020100, 0x0f0e0d0c0b0a0908};
constexpr std::array<std::uint64_t, 3> kMessage{0x0706050403020100, 0x0f0e0d0c0b0a0908,
                                                0x1716151413121110};

std::uint64_t of(std::uint64_t (*hash)(const SipKey&, std::span<const std::uint64_t>),
                 std::size_t words) {
  return hash(kKey, std::span(kMessage).first(words));
}

TEST(SipHash, TwoFourMatchesThePublishedVectors) {
  EXPECT_EQ(of(siphash24, 0), 0x726fdb47dd0e0e31u);
  EXPECT_EQ(of(siphash24, 1), 0x93f5f5799a932462u);
  EXPECT_EQ(of(siphash24, 2), 0x3f2acc7f57c29bdbu);
  EXPECT_EQ(of(siphash24, 3), 0xb8ad50c6f649af94u);
}

TEST(SipHash, OneThreeMatchesOtherImplementations) {
  EXPECT_EQ(of(siphash13, 0), 0xabac0158050fc4dcu);
  EXPECT_EQ(of(siphash13, 1), 0x369095118d299a8eu);
  EXPECT_EQ(of(siphash13, 2), 0xcc4fdd1a7d908b66u);
  // CPython hashes bytes with SipHash-1-3, with PYTHONHASHSEED=0 by the key of zeros.
  EXPECT_EQ(siphash13({0, 0}, std::span(kMessage).first(1)), 0xead411e67ebe2eeau);
  EXPECT_EQ(siphash13({0, 0}, std::span(kMessage).first(2)), 0x8972188433a5c5b7u);
}

// The words above are the bytes 0, 1, 2, ... in their order, and so are these twelve.
TEST(SipHash, TwelveBytesHashLikeTheSpan) {
  EXPECT_EQ(siphash24(kKey, kMessage[0], 0x0b0a0908), 0x751e8fbc860ee5fbu);
  EXPECT_EQ(siphash13(kKey, kMessage[0], 0x0b0a0908), 0x78a384b157b4d9a2u);
}

TEST(SipHash, DependsOnBothHalvesOfTheKey) {
  EXPECT_NE(siphash24({1, 0}, kMessage), siphash24({0, 0}, kMessage));
  EXPECT_NE(siphash24({0, 1}, kMessage), siphash24({0, 0}, kMessage));
}

}  // namespace
}  // namespace conker
