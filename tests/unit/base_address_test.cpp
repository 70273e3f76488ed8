#include <gtest/gtest.h>

#include <string>

#include "stack/base/address.hpp"

namespace conker {
namespace {

std::string text(const IpAddress& address) {
  std::array<char, IpAddress::kTextSize> room;
  return std::string(address.to_string(room));
}

std::string text(const MacAddress& mac) {
  std::array<char, MacAddress::kTextSize> room;
  return std::string(mac.to_string(room));
}

TEST(IpAddress, ParsesDottedQuads) {
  EXPECT_EQ(IpAddress::parse("10.77.0.2"), IpAddress::v4(10, 77, 0, 2));
  EXPECT_EQ(IpAddress::parse("0.0.0.0"), IpAddress::v4(0));
  EXPECT_EQ(IpAddress::parse("255.255.255.255"), IpAddress::v4(0xffffffff));
}

TEST(IpAddress, RefusesOtherForms) {
  for (const char* bad :
       {"", ".", "10", "10.77.0", "10.77.0.", "10.77.0.2.", "10.77.0.2.1", "10.77.0.256",
        "10.77..2", "010.77.0.2", "10.77.00.2", "10.77.0.2 ", " 10.77.0.2", "10.77.0.-2",
        "10.77.0.x", "::1", "10.77.0.99999999999999999999"}) {
    EXPECT_FALSE(IpAddress::parse(bad)) << bad;
  }
}

TEST(IpAddress, FormatsWhatItParses) {
  for (const char* good : {"0.0.0.0", "10.77.0.2", "192.168.100.1", "255.255.255.255"}) {
    EXPECT_EQ(text(*IpAddress::parse(good)), good);
  }
}

TEST(IpAddress, FormatsIpv6PerRfc5952) {
  EXPECT_EQ(text(IpAddress()), "::");
  EXPECT_EQ(text(IpAddress({0, 0, 0, 1})), "::1");
  EXPECT_EQ(text(IpAddress({0x20010db8, 0, 0, 0})), "2001:db8::");
  EXPECT_EQ(text(IpAddress({0x20010db8, 0x00000001, 0x00010001, 0x00010001})),
            "2001:db8:0:1:1:1:1:1");
  EXPECT_EQ(text(IpAddress({0x20010000, 0x00000001, 0, 0x00000001})), "2001:0:0:1::1")
      << "the longest run";
  EXPECT_EQ(text(IpAddress({0x20010db8, 0, 0x00010000, 0x00000001})), "2001:db8::1:0:0:1")
      << "the first of equals";
  EXPECT_EQ(text(IpAddress({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff})),
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

TEST(IpAddress, ClassifiesAddresses) {
  EXPECT_TRUE(IpAddress::v4(0).is_unspecified());
  EXPECT_TRUE(IpAddress().is_unspecified());
  EXPECT_FALSE(IpAddress({1, 0, 0, 0}).is_unspecified());
  EXPECT_TRUE(IpAddress::v4(224, 0, 0, 1).is_multicast());
  EXPECT_FALSE(IpAddress::v4(240, 0, 0, 1).is_multicast());
  EXPECT_TRUE(IpAddress::v4(127, 3, 2, 1).is_loopback());
}

TEST(Prefix, ParsesAddressAndLength) {
  EXPECT_EQ(Prefix::parse("10.77.0.0/24"), (Prefix{IpAddress::v4(10, 77, 0, 0), 24}));
  EXPECT_EQ(Prefix::parse("0.0.0.0/0"), (Prefix{IpAddress::v4(0), 0}));
  EXPECT_EQ(Prefix::parse("10.77.0.2/32"), (Prefix{IpAddress::v4(10, 77, 0, 2), 32}));
  for (const char* bad : {"", "/", "10.77.0.0", "10.77.0.0/", "10.77.0.0/33", "10.77.0.0/024",
                          "10.77.0.0/24 ", "/24"}) {
    EXPECT_FALSE(Prefix::parse(bad)) << bad;
  }
}

TEST(Prefix, ContainsAndBroadcasts) {
  const Prefix prefix{IpAddress::v4(10, 77, 0, 2), 24};
  EXPECT_TRUE(prefix.contains(IpAddress::v4(10, 77, 0, 200)));
  EXPECT_FALSE(prefix.contains(IpAddress::v4(10, 77, 1, 2)));
  EXPECT_EQ(prefix.broadcast(), IpAddress::v4(10, 77, 0, 255));
  EXPECT_FALSE((Prefix{IpAddress::v4(10, 77, 0, 2), 31}).broadcast()) << "RFC 3021";
  EXPECT_TRUE((Prefix{IpAddress::v4(0), 0}).contains(IpAddress::v4(1, 2, 3, 4)));
}

TEST(MacAddress, ParsesAndFormats) {
  const auto mac = MacAddress::parse("02:00:5E:10:00:fF");
  ASSERT_TRUE(mac);
  EXPECT_EQ(text(*mac), "02:00:5e:10:00:ff");
  for (const char* bad : {"", "02", "02:00:00:00:00", "02:00:00:00:00:01:", "02:00:00:00:00:0g",
                          "2:0:0:0:0:1", "02-00-00-00-00-01", "02:00:00:00:00:011"}) {
    EXPECT_FALSE(MacAddress::parse(bad)) << bad;
  }
}

TEST(MacAddress, RecognizesGroupAddresses) {
  EXPECT_TRUE(MacAddress::broadcast().is_group());
  EXPECT_TRUE(MacAddress::parse("01:00:5e:00:00:01")->is_group());
  EXPECT_FALSE(MacAddress::parse("02:00:00:00:00:01")->is_group());
}

std::string text(const Endpoint& endpoint) {
  std::array<char, Endpoint::kTextSize> room;
  return std::string(endpoint.to_string(room));
}

TEST(Endpoint, IsReadAsItIsWritten) {
  const auto endpoint = Endpoint::parse("10.77.0.1:80");
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->address, IpAddress::v4(10, 77, 0, 1));
  EXPECT_EQ(endpoint->port, Port{80});
  EXPECT_EQ(text(*endpoint), "10.77.0.1:80");
  EXPECT_EQ(text(Endpoint{IpAddress(), Port{7}}), "*:7");
  EXPECT_EQ(text(Endpoint{IpAddress({0x20010db8, 0, 0, 1}), Port{65535}}), "[2001:db8::1]:65535");
  for (const char* wrong :
       {"", ":", "10.77.0.1", "10.77.0.1:", "10.77.0.1:0", "10.77.0.1:65536", "10.77.0.1:+8",
        "10.77.0.1: 8", "10.77.0.1:8x", "www.example.org:80", "10.77.0.1:000080"}) {
    EXPECT_FALSE(Endpoint::parse(wrong)) << wrong;
  }
}

TEST(HostPort, IsTakenApartWithBracketsAroundColons) {
  const auto name = HostPort::parse("www.example.org:80");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->host, "www.example.org");
  EXPECT_EQ(name->port, Port{80});
  const auto six = HostPort::parse("[2001:db8::1]:443");
  ASSERT_TRUE(six);
  EXPECT_EQ(six->host, "2001:db8::1");
  EXPECT_EQ(six->port, Port{443});
  for (const char* wrong : {"2001:db8::1:443", "[]:80", "[2001:db8::1]", "[2001:db8::1]443", ":80",
                            "a:b:80", "host:"}) {
    EXPECT_FALSE(HostPort::parse(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace conker
