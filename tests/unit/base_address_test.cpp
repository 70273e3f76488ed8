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
        "10.77.0.x", "10.77.0.99999999999999999999", "10.77.0.2%1"}) {
    EXPECT_FALSE(IpAddress::parse(bad)) << bad;
  }
}

TEST(IpAddress, ParsesIpv4OnlyWhereAsked) {
  EXPECT_EQ(IpAddress::parse_v4("10.77.0.2"), IpAddress::v4(10, 77, 0, 2));
  EXPECT_EQ(Prefix::parse_v4("10.77.0.2/24"), (Prefix{IpAddress::v4(10, 77, 0, 2), 24}));
  EXPECT_EQ(Endpoint::parse_v4("10.77.0.2:7"), (Endpoint{IpAddress::v4(10, 77, 0, 2), Port{7}}));
  EXPECT_FALSE(IpAddress::parse_v4("2001:db8::1"));
  EXPECT_FALSE(Prefix::parse_v4("2001:db8::/32"));
  EXPECT_FALSE(Endpoint::parse_v4("[2001:db8::1]:7"));
}

TEST(IpAddress, ParsesIpv6PerRfc4291) {
  EXPECT_EQ(IpAddress::parse("::"), IpAddress());
  EXPECT_EQ(IpAddress::parse("::1"), IpAddress({0, 0, 0, 1}));
  EXPECT_EQ(IpAddress::parse("1::"), IpAddress({0x10000, 0, 0, 0}));
  EXPECT_EQ(IpAddress::parse("2001:DB8:0:0:8:800:200C:417A"),
            IpAddress({0x20010db8, 0, 0x00080800, 0x200c417a}));
  EXPECT_EQ(IpAddress::parse("2001:db8::8:800:200c:417a"),
            IpAddress({0x20010db8, 0, 0x00080800, 0x200c417a}));
  EXPECT_EQ(IpAddress::parse("0001:2:3:4:5:6:7:8"),
            IpAddress({0x00010002, 0x00030004, 0x00050006, 0x00070008}));
  EXPECT_EQ(IpAddress::parse("1:2:3:4:5:6:7::"),
            IpAddress({0x00010002, 0x00030004, 0x00050006, 0x00070000}));
  EXPECT_EQ(IpAddress::parse("::2:3:4:5:6:7:8"),
            IpAddress({0x00000002, 0x00030004, 0x00050006, 0x00070008}));
  EXPECT_EQ(IpAddress::parse("64:ff9b::192.0.2.33"), IpAddress({0x0064ff9b, 0, 0, 0xc0000221}));
  EXPECT_EQ(IpAddress::parse("1:2:3:4:5:6:1.2.3.4"),
            IpAddress({0x00010002, 0x00030004, 0x00050006, 0x01020304}));
}

TEST(IpAddress, RefusesOtherFormsOfIpv6) {
  for (const char* bad : {":",
                          ":::",
                          "1",
                          "1:",
                          ":1",
                          "1::2::3",
                          "1:::2",
                          "1:2:3:4:5:6:7",
                          "1:2:3:4:5:6:7:8:9",
                          "1:2:3:4:5:6:7:8:",
                          ":1:2:3:4:5:6:7:8",
                          "::1:2:3:4:5:6:7:8",
                          "1:2:3:4::5:6:7:8",
                          "1:2:3:4:5:6:7:8::",
                          "12345::",
                          "g::",
                          "::1 ",
                          " ::1",
                          "[::1]",
                          "::1/128",
                          "1.2.3.4::",
                          "::1.2.3.4:5",
                          "1:2:3:4:5:6:7:1.2.3.4",
                          "::1.2.3",
                          "::01.2.3.4",
                          "::1%"}) {
    EXPECT_FALSE(IpAddress::parse(bad)) << bad;
  }
  for (const char* mapped : {"::ffff:10.77.0.2", "::ffff:a4d:2", "0:0:0:0:0:ffff:0:1"}) {
    EXPECT_FALSE(IpAddress::parse(mapped)) << mapped << " would be an IPv4 address";
  }
}

TEST(IpAddress, HoldsTheZoneOfALinkLocalAddress) {
  const auto one = IpAddress::parse("fe80::1%1");
  ASSERT_TRUE(one);
  EXPECT_EQ(one->zone(), 1);
  EXPECT_NE(*one, IpAddress::parse("fe80::1"));
  EXPECT_NE(*one, IpAddress::parse("fe80::1%2"));
  EXPECT_EQ(one->without_zone(), IpAddress({0xfe800000, 0, 0, 1}));
  EXPECT_EQ(one->without_zone().with_zone(1), *one);
  EXPECT_EQ(IpAddress::parse("ff02::1%65535")->zone(), 65535);
  EXPECT_EQ(IpAddress::parse("ff12::1%3")->zone(), 3);
  for (const char* bad :
       {"fe80::1%", "fe80::1%0", "fe80::1%01", "fe80::1%65536", "fe80::1%lan", "fe80::1%1%1",
        "2001:db8::1%1", "::1%1", "ff05::1%1", "fe80:1::1", "fe80:1::1%1", "ff02:1::1"}) {
    EXPECT_FALSE(IpAddress::parse(bad)) << bad;
  }
}

TEST(IpAddress, HoldsNoZoneWhereItsBitsHaveAMeaning) {
  const IpAddress global({0x20010db8, 0, 0, 1});
  EXPECT_EQ(global.zone(), 0);
  EXPECT_EQ(global.with_zone(7), global);
  EXPECT_EQ(IpAddress::v4(169, 254, 0, 1).with_zone(7), IpAddress::v4(169, 254, 0, 1));
  const auto of_prefix = IpAddress::parse("ff32:40:2001:db8::1");
  ASSERT_TRUE(of_prefix) << "RFC 3306, 4: the length of the prefix stands there";
  EXPECT_EQ(of_prefix->zone(), 0);
  EXPECT_EQ(of_prefix->with_zone(7), *of_prefix);
}

TEST(IpAddress, KnowsItsScope) {
  const auto scope = [](const char* text) { return IpAddress::parse(text)->scope(); };
  EXPECT_EQ(scope("fe80::1"), Scope::kLinkLocal);
  EXPECT_EQ(scope("febf::1"), Scope::kLinkLocal);
  EXPECT_EQ(scope("fec0::1"), Scope::kSiteLocal);
  EXPECT_EQ(scope("::1"), Scope::kLinkLocal) << "RFC 4291, 2.5.3";
  EXPECT_EQ(scope("fd00::1"), Scope::kGlobal) << "RFC 4193, 3.3";
  EXPECT_EQ(scope("2001:db8::1"), Scope::kGlobal);
  EXPECT_EQ(scope("ff01::1"), Scope::kInterfaceLocal);
  EXPECT_EQ(scope("ff02::1"), Scope::kLinkLocal);
  EXPECT_EQ(scope("ff18::1"), Scope::kOrganizationLocal);
  EXPECT_EQ(scope("169.254.3.4"), Scope::kLinkLocal) << "RFC 6724, 3.2";
  EXPECT_EQ(scope("127.0.0.1"), Scope::kLinkLocal) << "RFC 6724, 3.2";
  EXPECT_EQ(scope("10.77.0.1"), Scope::kGlobal) << "RFC 6724, 3.2";
  EXPECT_FALSE(IpAddress::parse("fec0::1")->is_link_local());
  EXPECT_FALSE(IpAddress::parse("169.254.3.4")->is_link_local()) << "it needs no zone";
}

TEST(IpAddress, HasASolicitedNodeAndItsMulticastMac) {
  const auto address = *IpAddress::parse("4037::01:800:200e:8c6c");
  EXPECT_EQ(solicited_node(address), IpAddress::parse("ff02::1:ff0e:8c6c")) << "RFC 4291, 2.7.1";
  EXPECT_EQ(MacAddress::of_group(solicited_node(address).with_zone(2)),
            MacAddress::parse("33:33:ff:0e:8c:6c"));
}

TEST(IpAddress, NamesAHost) {
  for (const char* host : {"10.77.0.2", "2001:db8::1", "fe80::1%1", "fd00::1", "::2"})
    EXPECT_TRUE(names_a_host(*IpAddress::parse(host))) << host;
  for (const char* none : {"0.1.2.3", "127.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
                           "::", "::1", "ff02::1", "ff0e::1"}) {
    EXPECT_FALSE(names_a_host(*IpAddress::parse(none))) << none;
  }
  for (const char* host : {"10.77.0.2/24", "10.77.0.0/31", "2001:db8::1/64", "2001:db8::/127",
                           "2001:db8::/128", "fe80::1%1/64", "fe80::1%1/10"}) {
    EXPECT_TRUE(names_a_host(*Prefix::parse(host))) << host;
  }
  for (const char* none : {"10.77.0.0/24", "10.77.0.255/24", "10.77.0.1/0", "2001:db8::/64",
                           "2001:db8::/126", "2001:db8::1/0", "fe80::%1/64"}) {
    EXPECT_FALSE(names_a_host(*Prefix::parse(none))) << none;
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
  for (const char* good : {"::", "::1", "1::", "1:2:3:4:5:6:7:8", "fe80::1%1", "fe80::%65535",
                           "ff02::1:ff00:1%12", "febf:0:ffff:ffff:ffff:ffff:ffff:ffff%65535"}) {
    EXPECT_EQ(text(*IpAddress::parse(good)), good);
  }
}

TEST(IpAddress, ClassifiesAddresses) {
  EXPECT_TRUE(IpAddress::v4(0).is_unspecified());
  EXPECT_TRUE(IpAddress().is_unspecified());
  EXPECT_FALSE(IpAddress({1, 0, 0, 0}).is_unspecified());
  EXPECT_TRUE(IpAddress::v4(224, 0, 0, 1).is_multicast());
  EXPECT_FALSE(IpAddress::v4(240, 0, 0, 1).is_multicast());
  EXPECT_TRUE(IpAddress::v4(127, 3, 2, 1).is_loopback());
  EXPECT_TRUE(IpAddress({0, 0, 0, 1}).is_loopback());
  EXPECT_FALSE(IpAddress({1, 0, 0, 1}).is_loopback());
  EXPECT_TRUE(IpAddress({0xff020000, 0, 0, 1}).is_multicast());
}

TEST(Prefix, ParsesAddressAndLength) {
  EXPECT_EQ(Prefix::parse("10.77.0.0/24"), (Prefix{IpAddress::v4(10, 77, 0, 0), 24}));
  EXPECT_EQ(Prefix::parse("0.0.0.0/0"), (Prefix{IpAddress::v4(0), 0}));
  EXPECT_EQ(Prefix::parse("10.77.0.2/32"), (Prefix{IpAddress::v4(10, 77, 0, 2), 32}));
  for (const char* bad : {"", "/", "10.77.0.0", "10.77.0.0/", "10.77.0.0/33", "10.77.0.0/024",
                          "10.77.0.0/24 ", "/24", "10.77.0.0/64", "2001:db8::", "2001:db8::/",
                          "2001:db8::/129", "2001:db8::/064", "fe80::/64%1", "fe80::1%1/8"}) {
    EXPECT_FALSE(Prefix::parse(bad)) << bad;
  }
  EXPECT_EQ(Prefix::parse("2001:db8::/32"), (Prefix{IpAddress({0x20010db8, 0, 0, 0}), 32}));
  EXPECT_EQ(Prefix::parse("::/0"), (Prefix{IpAddress(), 0}));
  EXPECT_EQ(Prefix::parse("fe80::1%2/128"),
            (Prefix{IpAddress({0xfe800000, 0, 0, 1}).with_zone(2), 128}));
}

TEST(Prefix, ContainsAndBroadcasts) {
  const Prefix prefix{IpAddress::v4(10, 77, 0, 2), 24};
  EXPECT_TRUE(prefix.contains(IpAddress::v4(10, 77, 0, 200)));
  EXPECT_FALSE(prefix.contains(IpAddress::v4(10, 77, 1, 2)));
  EXPECT_EQ(prefix.broadcast(), IpAddress::v4(10, 77, 0, 255));
  EXPECT_FALSE((Prefix{IpAddress::v4(10, 77, 0, 2), 31}).broadcast()) << "RFC 3021";
  EXPECT_TRUE((Prefix{IpAddress::v4(0), 0}).contains(IpAddress::v4(1, 2, 3, 4)));
}

TEST(Prefix, ContainsAddressesOfItsFamily) {
  const auto contains = [](const char* prefix, const char* address) {
    return Prefix::parse(prefix)->contains(*IpAddress::parse(address));
  };
  EXPECT_TRUE(contains("2001:db8:0:8000::/49", "2001:db8:0:ffff::1"));
  EXPECT_FALSE(contains("2001:db8:0:8000::/49", "2001:db8:0:7fff::1"));
  EXPECT_TRUE(contains("2001:db8::/32", "2001:db8:ffff::1"));
  EXPECT_FALSE(contains("2001:db8::/32", "2001:db9::1"));
  EXPECT_TRUE(contains("2001:db8::1/128", "2001:db8::1"));
  EXPECT_FALSE(contains("2001:db8::1/128", "2001:db8::2"));
  EXPECT_TRUE(contains("::/0", "2001:db8::1"));
  EXPECT_FALSE(contains("::/0", "10.77.0.1"));
  EXPECT_FALSE(contains("0.0.0.0/0", "2001:db8::1"));
}

TEST(Prefix, IsOfItsZone) {
  const auto contains = [](const char* prefix, const char* address) {
    return Prefix::parse(prefix)->contains(*IpAddress::parse(address));
  };
  for (const char* length : {"10", "64"}) {
    const std::string in_one = std::string("fe80::%1/") + length;
    EXPECT_TRUE(contains(in_one.c_str(), "fe80::2%1"));
    EXPECT_FALSE(contains(in_one.c_str(), "fe80::2%2"));
    EXPECT_FALSE(contains(in_one.c_str(), "fe80::2"));
    EXPECT_TRUE(contains((std::string("fe80::/") + length).c_str(), "fe80::2%2"));
  }
}

TEST(Prefix, HasANetwork) {
  const auto network = [](const char* text) { return Prefix::parse(text)->network(); };
  EXPECT_EQ(network("10.77.3.2/23"), IpAddress::parse("10.77.2.0"));
  EXPECT_EQ(network("10.77.3.2/0"), IpAddress::parse("0.0.0.0"));
  EXPECT_EQ(network("2001:db8:1:2:3:4:5:6/64"), IpAddress::parse("2001:db8:1:2::"));
  EXPECT_EQ(network("2001:db8::ff/121"), IpAddress::parse("2001:db8::80"));
  EXPECT_EQ(network("2001:db8::1/128"), IpAddress::parse("2001:db8::1"));
  EXPECT_EQ(network("fe80::1%2/64"), IpAddress::parse("fe80::%2"));
  EXPECT_EQ(network("fe80::1%2/10"), IpAddress::parse("fe80::%2"));
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
  for (const char* six : {"[2001:db8::1]:80", "[fe80::1%2]:65535", "[fe80::1]:1"}) {
    EXPECT_EQ(text(*Endpoint::parse(six)), six);
  }
  for (const char* wrong :
       {"", ":", "10.77.0.1", "10.77.0.1:", "10.77.0.1:0", "10.77.0.1:65536", "10.77.0.1:+8",
        "10.77.0.1: 8", "10.77.0.1:8x", "www.example.org:80", "10.77.0.1:000080", "2001:db8::1:80",
        "[2001:db8::1]", "[2001:db8::1]:0", "[fe80::1%lan]:80", "[::ffff:10.77.0.1]:80"}) {
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
