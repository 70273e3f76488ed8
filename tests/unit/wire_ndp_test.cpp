#include <gtest/gtest.h>

#include "stack/wire/ndp.hpp"
#include "tests/support/frames.hpp"

namespace conker {
namespace {

using test::hex;
using test::to_hex;

constexpr const char* kTarget = "20010db8 00000000 00000000 00000002";
constexpr const char* kLink = "01 01 020000000001";
constexpr const char* kTargetLink = "02 01 020000000001";
const MacAddress kMac{{2, 0, 0, 0, 0, 1}};

// A message with the packet that it is in.
struct Received {
  Received(std::string_view text, const char* from, const char* to, std::uint8_t hop_limit = 255)
      : bytes(hex(text)) {
    packet.source = *IpAddress::parse(from);
    packet.destination = *IpAddress::parse(to);
    packet.hop_limit = hop_limit;
  }
  Icmp6Message message() const { return *parse_icmp6(bytes); }

  std::vector<std::byte> bytes;
  Ipv6Packet packet;
};

template <typename... Piece>
std::string join(Piece... pieces) {
  return (std::string(pieces) + ...);
}

auto solicitation(const Received& in) {
  return parse_neighbour_solicitation(in.message(), in.packet);
}
auto advertisement(const Received& in) {
  return parse_neighbour_advertisement(in.message(), in.packet);
}
auto router(const Received& in) {
  return parse_router_advertisement(in.message(), in.packet);
}
auto redirect(const Received& in) {
  return parse_redirect(in.message(), in.packet);
}

TEST(WireNdp, ParsesNeighbourSolicitations) {
  const std::string text = join("87 00 0000 00000000", kTarget, kLink, "0e 01 aabbccddeeff");
  const auto parsed = solicitation({text, "fe80::1", "ff02::1:ff00:2"});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->target, IpAddress::parse("2001:db8::2"));
  EXPECT_EQ(parsed->source_link, kMac);
  ASSERT_TRUE(parsed->nonce);
  EXPECT_EQ(to_hex(*parsed->nonce), "aa bb cc dd ee ff");
}

TEST(WireNdp, ChecksNeighbourSolicitations) {
  const std::string plain = join("87 00 0000 00000000", kTarget);
  EXPECT_TRUE(solicitation({plain, "::", "ff02::1:ff00:2"})) << "a probe";
  EXPECT_FALSE(solicitation({plain, "fe80::1", "ff02::1:ff00:2", 254})) << "it was forwarded";
  EXPECT_FALSE(solicitation({plain, "::", "2001:db8::2"})) << "a probe goes to all solicited nodes";
  EXPECT_FALSE(solicitation({plain + kLink, "::", "ff02::1:ff00:2"})) << "from a link address";
  EXPECT_FALSE(solicitation({join("87 01 0000 00000000", kTarget), "fe80::1", "fe80::2"}))
      << "a code";
  EXPECT_FALSE(solicitation({"87 00 0000 00000000 20010db8 00000000", "fe80::1", "fe80::2"}))
      << "truncated";
  EXPECT_FALSE(solicitation(
      {"87 00 0000 00000000 ff020000 00000000 00000000 00000001", "fe80::1", "fe80::2"}))
      << "a multicast target";
  EXPECT_FALSE(solicitation({plain + "01 00 020000000001", "fe80::1", "fe80::2"}))
      << "an option of length 0";
  EXPECT_FALSE(solicitation({plain + "01 02 020000000001", "fe80::1", "fe80::2"}))
      << "an option past the end";
  EXPECT_FALSE(solicitation({plain + "01 01 0200", "fe80::1", "fe80::2"})) << "half an option";
  EXPECT_FALSE(advertisement({plain, "fe80::1", "fe80::2"})) << "another type";
}

TEST(WireNdp, IgnoresOptionsThatItDoesNotKnowAndInvalidOnes) {
  const std::string plain = join("87 00 0000 00000000", kTarget);
  const auto parsed = solicitation({plain + "c8 01 000000000000" + kLink, "fe80::1", "fe80::2"});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->source_link, kMac);
  for (const char* link :
       {"01 01 030000000001", "01 01 000000000000", "01 02 020000000001 0000000000000000"}) {
    const auto other = solicitation({plain + link, "fe80::1", "fe80::2"});
    ASSERT_TRUE(other) << link;
    EXPECT_FALSE(other->source_link) << link;
  }
}

TEST(WireNdp, ParsesNeighbourAdvertisements) {
  const auto parsed = advertisement(
      {join("88 00 0000 e0000000", kTarget, kTargetLink), "2001:db8::2", "2001:db8::1"});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->target, IpAddress::parse("2001:db8::2"));
  EXPECT_TRUE(parsed->router && parsed->solicited && parsed->override_entry);
  EXPECT_EQ(parsed->target_link, kMac);
  const auto plain =
      advertisement({join("88 00 0000 20000000", kTarget), "2001:db8::2", "ff02::1"});
  ASSERT_TRUE(plain);
  EXPECT_TRUE(!plain->router && !plain->solicited && plain->override_entry);
  EXPECT_FALSE(plain->target_link);
  EXPECT_FALSE(advertisement({join("88 00 0000 40000000", kTarget), "2001:db8::2", "ff02::1"}))
      << "solicited, to all";
}

constexpr const char* kPrefix =
    "03 04 40 c0 00278d00 00093a80 00000000 20010db8 00010002 ffffffff ffffffff";

TEST(WireNdp, ParsesRouterAdvertisements) {
  const Received message{
      join("86 00 0000 40 c8 0708 00007530 000003e8", kLink, "05 01 0000 00000514", kPrefix),
      "fe80::1", "ff02::1"};  // which the options lie in
  const auto parsed = router(message);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->hop_limit, 64);
  EXPECT_TRUE(parsed->managed && parsed->other);
  EXPECT_EQ(parsed->preference, 1);
  EXPECT_EQ(parsed->lifetime, 1800);
  EXPECT_EQ(parsed->reachable, 30000u);
  EXPECT_EQ(parsed->retransmit, 1000u);
  EXPECT_EQ(parsed->link, kMac);
  EXPECT_EQ(parsed->mtu, 1300u);
  int options = 0;
  for (const NdpOption option : parsed->options) {
    ++options;
    if (option.type != NdpOption::kPrefix) continue;
    const auto prefix = parse_prefix_information(option);
    ASSERT_TRUE(prefix);
    EXPECT_EQ(prefix->prefix, Prefix::parse("2001:db8:1:2::/64")) << "other bits are ignored";
    EXPECT_TRUE(prefix->on_link && prefix->autonomous);
    EXPECT_EQ(prefix->valid, 2592000u);
    EXPECT_EQ(prefix->preferred, 604800u);
  }
  EXPECT_EQ(options, 3);
  const std::string plain = "86 00 0000 40 00 0708 00000000 00000000";
  EXPECT_FALSE(router({plain, "2001:db8::1", "ff02::1"})) << "RFC 4861, 6.1.2: from fe80::/10";
  EXPECT_FALSE(router({plain, "fe80::1", "ff02::1", 64}));
  EXPECT_FALSE(router({"86 00 0000 40 00 0708 00000000", "fe80::1", "ff02::1"}));
  EXPECT_EQ(router({"86 00 0000 40 18 0708 00000000 00000000", "fe80::1", "ff02::1"})->preference,
            -1);
  EXPECT_EQ(router({"86 00 0000 40 10 0708 00000000 00000000", "fe80::1", "ff02::1"})->preference,
            0)
      << "RFC 4191, 2.2: the reserved value";
}

// The first of some options. `bytes` must outlive it.
NdpOption first(const std::vector<std::byte>& bytes) {
  return *NdpOptions::parse(bytes)->begin();
}

TEST(WireNdp, RefusesOtherPrefixes) {
  for (const char* wrong :
       {"03 04 81 c0 00278d00 00093a80 00000000 20010db8 00010002 00000000 00000000",
        "03 04 08 c0 00278d00 00093a80 00000000 ff000000 00000000 00000000 00000000",
        "03 04 60 c0 00278d00 00093a80 00000000 00000000 00000000 0000ffff 00000000",
        "03 03 40 c0 00278d00 00093a80 00000000 20010db8 00010002"}) {
    const auto bytes = hex(wrong);
    EXPECT_FALSE(parse_prefix_information(first(bytes))) << wrong;
  }
}

TEST(WireNdp, ParsesRoutes) {
  const auto route = [](const char* text) {
    const auto bytes = hex(text);
    return parse_route_information(first(bytes));
  };
  const auto one = route("18 02 20 18 00000e10 20010db8 ffffffff");
  ASSERT_TRUE(one);
  EXPECT_EQ(one->prefix, Prefix::parse("2001:db8::/32"));
  EXPECT_EQ(one->preference, -1);
  EXPECT_EQ(one->lifetime, 3600u);
  EXPECT_EQ(route("18 01 00 08 ffffffff")->prefix, Prefix::parse("::/0"));
  EXPECT_EQ(route("18 03 80 00 00000000 20010db8 00000000 00000000 00000001")->prefix,
            Prefix::parse("2001:db8::1/128"));
  EXPECT_FALSE(route("18 02 41 00 00000e10 20010db8 00000000")) << "longer than its bits";
  EXPECT_FALSE(route("18 01 01 00 00000e10"));
  EXPECT_FALSE(route("18 02 20 10 00000e10 20010db8 00000000")) << "reserved preference";
}

TEST(WireNdp, ParsesDnsServersAndSearchLists) {
  const auto servers =
      hex("19 05 0000 00000e10 20010db8 00000000 00000000 00000053"
          "ff020000 00000000 00000000 00000001");
  const auto rdnss = parse_rdnss(first(servers));
  ASSERT_TRUE(rdnss);
  EXPECT_EQ(rdnss->lifetime, 3600u);
  ASSERT_EQ(rdnss->count(), 2u);
  EXPECT_EQ(rdnss->address(0), IpAddress::parse("2001:db8::53"));
  EXPECT_FALSE(rdnss->address(1)) << "no host";
  for (const char* wrong : {"19 01 0000 00000e10", "19 02 0000 00000e10 20010db8 00000000"}) {
    const auto bytes = hex(wrong);
    EXPECT_FALSE(parse_rdnss(first(bytes))) << wrong;
  }
  const auto list = hex("1f 02 0000 00000e10 03 6c616e 00 000000");
  const auto dnssl = parse_dnssl(first(list));
  ASSERT_TRUE(dnssl);
  EXPECT_EQ(dnssl->lifetime, 3600u);
  EXPECT_EQ(to_hex(dnssl->names), "03 6c 61 6e 00 00 00 00");
  EXPECT_FALSE(parse_dnssl(first(servers)));
}

TEST(WireNdp, ParsesRedirects) {
  constexpr const char* kRouter = "fe800000 00000000 00000000 00000009";
  const auto parsed = redirect(
      {join("89 00 0000 00000000", kRouter, kTarget, kTargetLink), "fe80::1", "2001:db8::1"});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->target, IpAddress::parse("fe80::9"));
  EXPECT_EQ(parsed->destination, IpAddress::parse("2001:db8::2"));
  EXPECT_EQ(parsed->target_link, kMac);
  EXPECT_TRUE(redirect({join("89 00 0000 00000000", kTarget, kTarget), "fe80::1", "2001:db8::1"}))
      << "it is on the link";
  EXPECT_FALSE(
      redirect({join("89 00 0000 00000000", kRouter, kTarget), "2001:db8::9", "2001:db8::1"}));
  EXPECT_FALSE(
      redirect({"89 00 0000 00000000 20010db8 00000000 00000000 00000009"
                "20010db8 00000000 00000000 00000002",
                "fe80::1", "2001:db8::1"}));
  EXPECT_FALSE(
      redirect({"89 00 0000 00000000 fe800000 00000000 00000000 00000009"
                "ff0e0000 00000000 00000000 00000002",
                "fe80::1", "2001:db8::1"}));
}

TEST(WireNdp, ParsesRouterSolicitations) {
  const auto parse = [](const Received& in) {
    return parse_router_solicitation(in.message(), in.packet);
  };
  EXPECT_EQ(parse({join("85 00 0000 00000000", kLink), "fe80::1", "ff02::2"})->source_link, kMac);
  EXPECT_TRUE(parse({"85 00 0000 00000000", "::", "ff02::2"}));
  EXPECT_FALSE(parse({join("85 00 0000 00000000", kLink), "::", "ff02::2"}));
}

TEST(WireNdp, Emits) {
  const IpAddress ours = *IpAddress::parse("fe80::1%2");
  const IpAddress all = kAllNodes.with_zone(2);
  std::array<std::byte, kNdpMostBytes> out;
  const auto written = [&](std::size_t length) {
    EXPECT_LE(length, out.size());
    const auto message = std::span(out).first(length);
    EXPECT_TRUE(verify_icmp6_checksum(message, ours, all));
    return to_hex(message.first(2)) + " " + to_hex(message.subspan(4));
  };
  EXPECT_EQ(written(emit_router_solicitation({kMac}, ours, all, out)),
            to_hex(hex(join("85 00 00000000", kLink))));
  NeighbourSolicitation solicited{*IpAddress::parse("2001:db8::2"), kMac, {}};
  solicited.nonce.emplace()[5] = std::byte{7};
  EXPECT_EQ(written(emit_neighbour_solicitation(solicited, ours, all, out)),
            to_hex(hex(join("87 00 00000000", kTarget, kLink, "0e 01 000000000007"))));
  const NeighbourAdvertisement advertised{*IpAddress::parse("fe80::1%2"), false, true, true, kMac};
  EXPECT_EQ(written(emit_neighbour_advertisement(advertised, ours, all, out)),
            to_hex(hex(join("88 00 60000000 fe800000 00000000 00000000 00000001", kTargetLink))));
}

}  // namespace
}  // namespace conker
