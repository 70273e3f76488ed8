#include <gtest/gtest.h>

#include <set>

#include "stack/ip6/interface_identifiers.hpp"

namespace conker {
namespace {

constexpr MacAddress kMac{{2, 0, 0, 0, 0, 2}}, kOtherMac{{2, 0, 0, 0, 0, 3}};
constexpr SipKey kSecret{1, 2}, kOtherSecret{1, 3};
constexpr std::uint64_t kPrefix = 0x20010db800000001, kOtherPrefix = 0x20010db800000002;

// RFC 7217, 5: stable in one network, and without a relation to that in another.
TEST(Ip6InterfaceIdentifiers, StableOnesDependOnEachInputAndNothingElse) {
  const std::uint64_t first = stable_identifier(kPrefix, kMac, 0, kSecret);
  EXPECT_EQ(stable_identifier(kPrefix, kMac, 0, kSecret), first);
  const std::set<std::uint64_t> all{first, stable_identifier(kOtherPrefix, kMac, 0, kSecret),
                                    stable_identifier(kPrefix, kOtherMac, 0, kSecret),
                                    stable_identifier(kPrefix, kMac, 1, kSecret),
                                    stable_identifier(kPrefix, kMac, 0, kOtherSecret)};
  EXPECT_EQ(all.size(), 5u);
}

// RFC 8981, 3.3.2
TEST(Ip6InterfaceIdentifiers, TemporaryOnesChangeWithTheTime) {
  const std::set<std::uint64_t> all{stable_identifier(kPrefix, kMac, 0, kSecret),
                                    temporary_identifier(kPrefix, kMac, 0, 0, kSecret),
                                    temporary_identifier(kPrefix, kMac, 1, 0, kSecret),
                                    temporary_identifier(kPrefix, kMac, 1, 1, kSecret)};
  EXPECT_EQ(all.size(), 4u);
}

// RFC 5453, 3, and the registry that it has begun.
TEST(Ip6InterfaceIdentifiers, ReservedOnes) {
  for (const std::uint64_t reserved :
       {0x0ull, 0x02005efffe000000ull, 0x02005efffe005213ull, 0x02005efffeffffffull,
        0xfdffffffffffff80ull, 0xfdffffffffffffffull}) {
    EXPECT_TRUE(is_reserved_identifier(reserved)) << std::hex << reserved;
  }
  for (const std::uint64_t free : {0x1ull, 0x02005efffdffffffull, 0x02005eff00000000ull,
                                   0xfdffffffffffff7full, 0xfe00000000000000ull}) {
    EXPECT_FALSE(is_reserved_identifier(free)) << std::hex << free;
  }
}

TEST(Ip6InterfaceIdentifiers, AddressOfAnIdentifier) {
  EXPECT_EQ(address_in(kLinkLocalPrefix, 0x1234567890abcdef),
            *IpAddress::parse("fe80::1234:5678:90ab:cdef"));
}

}  // namespace
}  // namespace conker
