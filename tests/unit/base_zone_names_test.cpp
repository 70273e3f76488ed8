// Names of zones in addresses (RFC 4007, 11).
#include <gtest/gtest.h>

#include <string>

#include "stack/base/address_text.hpp"
#include "stack/base/zone_names.hpp"

namespace conker {
namespace {

TEST(ZoneNames, AreReadBehindAPercentSign) {
  ZoneNames names({"lan", "lab"});
  EXPECT_EQ(names.parse("fe80::1%lab"), IpAddress::parse("fe80::1%2"));
  EXPECT_EQ(names.parse("fe80::1%1"), IpAddress::parse("fe80::1%1"));
  EXPECT_EQ(names.parse("fe80::1"), IpAddress::parse("fe80::1"));
  EXPECT_EQ(names.parse("10.77.0.2"), IpAddress::parse("10.77.0.2"));
  EXPECT_EQ(names.parse_endpoint("[fe80::1%lan]:80"), Endpoint::parse("[fe80::1%1]:80"));
  for (const char* bad : {"fe80::1%", "fe80::1%moon", "2001:db8::1%lan", "10.77.0.2%lan", "%lan",
                          "fe80::1%lan%lab"}) {
    EXPECT_FALSE(names.parse(bad)) << bad;
  }
  EXPECT_FALSE(names.parse_endpoint("fe80::1%lan:80"));
}

TEST(ZoneNames, ANameThatIsANumberComesBeforeTheNumber) {
  ZoneNames names({"2", "lab"});
  EXPECT_EQ(names.parse("fe80::1%2"), IpAddress::parse("fe80::1%1"));
}

TEST(ZoneNames, AProgramThatPassesAddressesOnTakesAnyName) {
  ZoneNames names;
  names.learn();
  for (const char* name : {"lan", "7", "lan", "lab"}) {
    const auto address = names.parse(std::string("fe80::1%") + name);
    ASSERT_TRUE(address) << name;
    EXPECT_EQ(names.of(address->zone()), name);
  }
  EXPECT_EQ(names.size(), 3u);
  EXPECT_FALSE(names.parse("fe80::1%")) << "no name";
  EXPECT_FALSE(names.parse("fe80::1%" + std::string(33, 'x'))) << "longer than a link's name";
  for (int i = 0; i < 1000; ++i) (void)names.parse("fe80::1%n" + std::to_string(i));
  EXPECT_EQ(names.size(), 256u);
}

TEST(ZoneNames, AreWrittenWithAddresses) {
  const ZoneNames before = ZoneNames::of_process();
  ZoneNames::of_process() = ZoneNames({"lan"});
  EXPECT_EQ(to_string(*IpAddress::parse("fe80::1%1")), "fe80::1%lan");
  EXPECT_EQ(to_string(*IpAddress::parse("fe80::1%2")), "fe80::1%2") << "it has no name";
  EXPECT_EQ(to_string(*Endpoint::parse("[fe80::1%1]:80")), "[fe80::1%lan]:80");
  EXPECT_EQ(to_string(*Prefix::parse("fe80::1%1/64")), "fe80::1%lan/64");
  EXPECT_EQ(to_string(*Endpoint::parse("[2001:db8::1]:80")), "[2001:db8::1]:80");
  ZoneNames::of_process() = before;
}

}  // namespace
}  // namespace conker
