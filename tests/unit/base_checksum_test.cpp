#include <gtest/gtest.h>

#include <vector>

#include "stack/base/checksum.hpp"
#include "tests/support/frames.hpp"
#include "tests/support/random.hpp"

namespace conker {
namespace {

using test::hex;

// The checksum as RFC 1071 defines it: 16-bit words, an odd last byte padded with zero.
std::uint16_t by_the_book(std::span<const std::byte> bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += std::to_integer<std::uint64_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
  }
  while (sum > 0xffff) sum = (sum >> 16) + (sum & 0xffff);
  return static_cast<std::uint16_t>(~sum);
}

TEST(Checksum, ExampleOfRfc1071) {
  Checksum sum;
  sum.add(hex("00 01 f2 03 f4 f5 f6 f7"));
  EXPECT_EQ(sum.finish(), static_cast<std::uint16_t>(~0xddf2)) << "RFC 1071, 3";
}

TEST(Checksum, EmptyIsAllOnes) {
  Checksum sum;
  sum.add({});
  EXPECT_EQ(sum.finish(), 0xffff);
}

TEST(Checksum, ZeroOverDataWithItsChecksum) {
  Checksum sum;
  sum.add(hex("45 00 00 73 00 00 40 00 40 11 b8 61 c0 a8 00 01 c0 a8 00 c7"));
  EXPECT_EQ(sum.finish(), 0);
}

TEST(Checksum, LargestValuesDoNotOverflow) {
  const std::vector<std::byte> ones(65535, std::byte{0xff});
  Checksum sum;
  sum.add(ones);
  EXPECT_EQ(sum.finish(), by_the_book(ones));
}

TEST(Checksum, EveryLengthAndAlignment) {
  test::Random random(1);
  std::vector<std::byte> bytes(200);
  for (auto& b : bytes) b = static_cast<std::byte>(random.below(256));
  for (std::size_t at = 0; at < 9; ++at) {
    for (std::size_t length = 0; at + length <= bytes.size(); ++length) {
      const auto piece = std::span(bytes).subspan(at, length);
      Checksum sum;
      sum.add(piece);
      ASSERT_EQ(sum.finish(), by_the_book(piece)) << length << " bytes from " << at;
    }
  }
}

TEST(Checksum, PiecesSumLikeTheWhole) {
  test::Random random(2);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::byte> bytes(random.below(300));
    for (auto& b : bytes) b = static_cast<std::byte>(random.below(256));
    Checksum sum;
    for (auto rest = std::span<const std::byte>(bytes); !rest.empty();) {
      const std::size_t n = random.below(rest.size()) + 1;
      sum.add(rest.first(n));
      rest = rest.subspan(n);
    }
    ASSERT_EQ(sum.finish(), by_the_book(bytes));
  }
}

TEST(Checksum, NumbersSumLikeTheirBytes) {
  Checksum numbers;
  numbers.add(hex("aa"));
  numbers.add16(0x1234);
  numbers.add32(0x89abcdef);
  numbers.add(hex("55"));
  EXPECT_EQ(numbers.finish(), by_the_book(hex("aa 12 34 89 ab cd ef 55")));
}

TEST(Checksum, PseudoHeaderOfBothFamilies) {
  Checksum v4;
  add_pseudo_header(v4, IpAddress::v4(10, 77, 0, 1), IpAddress::v4(10, 77, 0, 2), 6, 20);
  EXPECT_EQ(v4.finish(), by_the_book(hex("0a4d0001 0a4d0002 00 06 0014")));

  Checksum v6;
  const IpAddress a({0xfe800000, 0, 0, 1});
  const IpAddress b({0xfe800000, 0, 0x12345678, 2});
  add_pseudo_header(v6, a, b, 6, 0x10014);
  EXPECT_EQ(
      v6.finish(),
      by_the_book(hex("fe800000 00000000 00000000 00000001  fe800000 00000000 12345678 00000002"
                      "00010014 000000 06")));
}

TEST(Checksum, PseudoHeaderOfIpv6LeavesOutTheZone) {
  const auto sum = [](const char* source, const char* destination) {
    Checksum of;
    add_pseudo_header(of, *IpAddress::parse(source), *IpAddress::parse(destination), 6, 20);
    return of.finish();
  };
  Checksum bytes;
  bytes.add(
      hex("fe 80 00 00 00 00 00 00 00 00 00 00 00 00 00 01"
          "fe 80 00 00 00 00 00 00 00 00 00 00 00 00 00 02"
          "00 00 00 14 00 00 00 06"));
  EXPECT_EQ(sum("fe80::1", "fe80::2"), bytes.finish()) << "RFC 8200, 8.1";
  EXPECT_EQ(sum("fe80::1%3", "fe80::2%3"), bytes.finish());
}

}  // namespace
}  // namespace conker
