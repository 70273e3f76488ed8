#include <gtest/gtest.h>

#include <set>
#include <string>

#include "stack/base/address_text.hpp"
#include "stack/ip6/router_discovery.hpp"
#include "tests/unit/ip6_advertisement.hpp"

namespace conker {
namespace {

using namespace test;

class FakeRouterHost final : public RouterDiscoveryHost {
 public:
  void solicit_routers() override { ++solicited; }
  bool may_be_reachable(const IpAddress& router) const override { return !silent.contains(router); }

  int solicited = 0;
  std::set<IpAddress> silent;
};

IpAddress router(std::uint32_t number) {
  return IpAddress({0xfe800001, 0, 0, number});
}

class Ip6RouterDiscoveryTest : public ::testing::Test {
 protected:
  void arrives(std::uint32_t from, Advertised advertised) {
    discovery_.input(router(from), advertised.parsed(), now_);
  }
  void advance(Duration duration) {
    const Instant end = now_ + duration;
    while (discovery_.next_deadline() <= end) {
      now_ = std::max(now_, discovery_.next_deadline());
      discovery_.timers(now_);
      ASSERT_GT(discovery_.next_deadline(), now_) << "time would stand still";
    }
    now_ = end;
  }
  std::string towards(const char* destination) {
    const auto hop = discovery_.next_hop(*IpAddress::parse(destination));
    return hop ? to_string(hop->next) + "/" + std::to_string(hop->matched) : "none";
  }

  FakeRouterHost host_;
  Counters counters_;
  RouterDiscovery discovery_{InterfaceId{0}, 1500, host_, counters_, SipKey{1, 2}};
  Instant now_{1s};
};

// ---- Solicitation ----

// RFC 7559, 2: after 4 s, doubled, up to an hour, each with a tenth of randomness, for ever.
TEST_F(Ip6RouterDiscoveryTest, SolicitsWithBackOff) {
  EXPECT_EQ(discovery_.next_deadline(), kNever);
  discovery_.start(now_);
  EXPECT_LE(discovery_.next_deadline(), now_ + 1s);
  advance(1s);
  EXPECT_EQ(host_.solicited, 1);
  Duration last = 0s;
  for (int i = 0; i < 16; ++i) {
    const Instant before = now_ = std::max(now_, Instant{});
    const Instant next = discovery_.next_deadline();
    now_ = next;
    discovery_.timers(now_);
    EXPECT_EQ(host_.solicited, i + 2);
    const Duration wait = discovery_.next_deadline() - now_;
    EXPECT_LE(before, now_);
    if (i > 0 && last < 1600s) {
      EXPECT_GE(wait, last * 19 / 10);
      EXPECT_LE(wait, last * 21 / 10);
    }
    EXPECT_LE(wait, 3960s);
    last = wait;
  }
  EXPECT_GE(last, 3240s);
}

TEST_F(Ip6RouterDiscoveryTest, StopsToSolicitWhenARouterAnswers) {
  discovery_.start(now_);
  advance(1s);
  arrives(1, Advertised(0));
  EXPECT_NE(discovery_.next_deadline(), kNever) << "it is no default router (RFC 7559, 2.1)";
  arrives(1, Advertised(65535));
  advance(3600s);
  EXPECT_EQ(host_.solicited, 1);
  discovery_.start(now_);
  advance(1s);
  EXPECT_EQ(host_.solicited, 2) << "the link has come up again";
}

// ---- Default routers ----

// RFC 4861, 6.3.4
TEST_F(Ip6RouterDiscoveryTest, ARouterIsUsedForItsLifetime) {
  EXPECT_EQ(towards("2001:db8::1"), "none");
  const auto before = discovery_.epoch();
  arrives(1, Advertised(1800));
  EXPECT_NE(discovery_.epoch(), before);
  EXPECT_EQ(towards("2001:db8::1"), "fe80::1%1/0");
  EXPECT_TRUE(discovery_.is_router(router(1)));
  advance(1000s);
  arrives(1, Advertised(1800));
  advance(1799s);
  EXPECT_EQ(towards("2001:db8::1"), "fe80::1%1/0");
  advance(1s);
  EXPECT_EQ(towards("2001:db8::1"), "none");
}

TEST_F(Ip6RouterDiscoveryTest, ALifetimeOfZeroEndsARouter) {
  arrives(1, Advertised(1800));
  arrives(2, Advertised(0));
  EXPECT_EQ(discovery_.router_count(), 1u);
  arrives(1, Advertised(0));
  EXPECT_EQ(towards("2001:db8::1"), "none");
}

// RFC 4861, 7.2.5
TEST_F(Ip6RouterDiscoveryTest, ANeighbourThatIsNoRouterAnyMoreIsForgotten) {
  arrives(1, Advertised(1800).route("2001:db8:5::", 48, 600));
  discovery_.is_no_router(router(1));
  EXPECT_EQ(discovery_.router_count(), 0u);
  EXPECT_EQ(discovery_.route_count(), 0u);
  EXPECT_EQ(discovery_.next_deadline(), kNever);
}

// RFC 4191, 3.2
TEST_F(Ip6RouterDiscoveryTest, PrefersARouterByItsPreference) {
  arrives(1, Advertised(1800, -1));
  arrives(2, Advertised(1800, 1));
  arrives(3, Advertised(1800, 0));
  EXPECT_EQ(towards("2001:db8::1"), "fe80::2%1/0");
  arrives(2, Advertised(1800, -1));
  EXPECT_EQ(towards("2001:db8::1"), "fe80::3%1/0");
}

// RFC 4861, 6.3.6
TEST_F(Ip6RouterDiscoveryTest, TakesAnotherRouterWhereOneIsSilent) {
  arrives(1, Advertised(1800, 1));
  arrives(2, Advertised(1800, -1));
  host_.silent = {router(1)};
  EXPECT_EQ(towards("2001:db8::1"), "fe80::2%1/0");
  host_.silent.insert(router(2));
  std::set<std::string> tried;
  for (int i = 0; i < 4; ++i) tried.insert(towards("2001:db8::1"));
  EXPECT_EQ(tried.size(), 2u) << "each in turn";
  host_.silent.clear();
  EXPECT_EQ(towards("2001:db8::1"), "fe80::1%1/0");
}

// ---- Prefixes and routes ----

TEST_F(Ip6RouterDiscoveryTest, APrefixIsOnTheLinkForItsLifetime) {
  arrives(1, Advertised(1800).prefix("2001:db8::", 64, 600, 300));
  EXPECT_EQ(towards("2001:db8::9"), "2001:db8::9/64");
  EXPECT_EQ(towards("2001:db8:0:1::9"), "fe80::1%1/0");
  advance(600s);
  EXPECT_EQ(towards("2001:db8::9"), "fe80::1%1/0");
  arrives(1, Advertised(1800).prefix("2001:db8::", 64, 0xffffffff, 300));
  advance(24h * 3650);
  EXPECT_EQ(towards("2001:db8::9"), "2001:db8::9/64") << "an infinite lifetime";
  arrives(1, Advertised(0).prefix("2001:db8::", 64, 0, 0));
  EXPECT_EQ(towards("2001:db8::9"), "none");
}

// RFC 5942, 4: a prefix without the L flag says nothing of the link.
TEST_F(Ip6RouterDiscoveryTest, APrefixForAddressesAloneIsNotOnTheLink) {
  arrives(1, Advertised(1800)
                 .prefix("2001:db8::", 64, 600, 300, 0x40)
                 .prefix("fe80::", 10, 600, 300)
                 .prefix("ff00::", 8, 600, 300)
                 .prefix("::", 0, 600, 300));
  EXPECT_EQ(discovery_.prefix_count(), 0u);
  EXPECT_EQ(towards("2001:db8::9"), "fe80::1%1/0");
}

// RFC 4191
TEST_F(Ip6RouterDiscoveryTest, MoreSpecificRoutesGoFirst) {
  arrives(1, Advertised(1800, 1));
  arrives(2, Advertised(0).route("2001:db8:5::", 48, 600, -1));
  arrives(3, Advertised(0).route("2001:db8:5::", 48, 600, 1).route("2001:db8:5:5::", 64, 10));
  EXPECT_EQ(towards("2001:db8:5:1::1"), "fe80::3%1/48") << "by preference";
  EXPECT_EQ(towards("2001:db8:5:5::1"), "fe80::3%1/64") << "by length";
  EXPECT_EQ(towards("2001:db8:6::1"), "fe80::1%1/0");
  host_.silent = {router(3)};
  EXPECT_EQ(towards("2001:db8:5:5::1"), "fe80::2%1/48");
  host_.silent.insert(router(2));
  EXPECT_EQ(towards("2001:db8:5:5::1"), "fe80::1%1/0");
  host_.silent.clear();
  advance(10s);
  EXPECT_EQ(towards("2001:db8:5:5::1"), "fe80::3%1/48");
  arrives(3, Advertised(0).route("2001:db8:5::", 48, 0));
  EXPECT_EQ(towards("2001:db8:5:5::1"), "fe80::2%1/48");
}

// RFC 4191, 3.1
TEST_F(Ip6RouterDiscoveryTest, ARouteToEverywhereMakesADefaultRouter) {
  arrives(1, Advertised(1800, 0));
  arrives(2, Advertised(0).route("::", 0, 600, 1));
  EXPECT_EQ(towards("2001:db8::1"), "fe80::2%1/0");
  advance(600s);
  EXPECT_EQ(towards("2001:db8::1"), "fe80::1%1/0");
}

TEST_F(Ip6RouterDiscoveryTest, APrefixOnTheLinkGoesBeforeARouteOfItsLength) {
  arrives(1, Advertised(0).prefix("2001:db8::", 64, 600, 300).route("2001:db8::", 64, 600, 1));
  EXPECT_EQ(towards("2001:db8::9"), "2001:db8::9/64");
}

// ---- Servers and parameters ----

// RFC 8106, 5.3.1
TEST_F(Ip6RouterDiscoveryTest, ServersOfNamesForTheirLifetime) {
  arrives(1, Advertised(1800).servers(100, {"2001:db8::53", "fe80::53"}).servers(200, {"ff02::1"}));
  ASSERT_EQ(discovery_.dns_servers().size(), 2u);
  EXPECT_EQ(to_string(discovery_.dns_servers()[1]), "fe80::53%1");
  advance(50s);
  arrives(2, Advertised(1800).servers(100, {"2001:db8::53"}));
  advance(50s);
  ASSERT_EQ(discovery_.dns_servers().size(), 1u);
  arrives(2, Advertised(1800).servers(0, {"2001:db8::53", "2001:db8::54"}));
  EXPECT_TRUE(discovery_.dns_servers().empty());
}

TEST_F(Ip6RouterDiscoveryTest, NoMoreServersThanThereIsRoomFor) {
  arrives(1, Advertised(1800).servers(
                 100, {"2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4", "2001:db8::5"}));
  EXPECT_EQ(discovery_.dns_servers().size(), RouterDiscovery::kServers);
  arrives(1, Advertised(1800).servers(0, {"2001:db8::2"}));
  ASSERT_EQ(discovery_.dns_servers().size(), 3u);
  EXPECT_EQ(to_string(discovery_.dns_servers()[1]), "2001:db8::3");
}

// RFC 4861, 6.3.4
TEST_F(Ip6RouterDiscoveryTest, TakesTheParametersOfTheLinkWithinLimits) {
  EXPECT_EQ(discovery_.parameters(), LinkParameters{});
  Advertised advertised;
  advertised.message.hop_limit = 64;
  advertised.message.reachable = 20000;
  advertised.message.retransmit = 2000;
  advertised.message.mtu = 1400;
  advertised.message.managed = true;
  arrives(1, advertised);
  LinkParameters expected{64, 1400, 20s, 2s, true, false};
  EXPECT_EQ(discovery_.parameters(), expected);
  arrives(1, Advertised());
  EXPECT_EQ(discovery_.parameters(), expected) << "0 says nothing";

  advertised.message.hop_limit = 1;
  advertised.message.mtu = 1279;
  advertised.message.managed = false;
  arrives(2, advertised);
  advertised.message.mtu = 1501;
  arrives(2, advertised);
  EXPECT_EQ(discovery_.parameters(), expected) << "these would cut the host off";
  advertised.message.reachable = advertised.message.retransmit = 0xffffffff;
  arrives(2, advertised);
  EXPECT_EQ(discovery_.parameters().reachable, 3600s);
  EXPECT_EQ(discovery_.parameters().retransmit, 60s);
  advertised.message.reachable = advertised.message.retransmit = 1;
  arrives(2, advertised);
  EXPECT_EQ(discovery_.parameters().reachable, 1s);
  EXPECT_EQ(discovery_.parameters().retransmit, 100ms);
}

// ---- Floods ----

// The attack tool flood_router26: routers, prefixes and routes without end.
TEST_F(Ip6RouterDiscoveryTest, AFloodOfAdvertisementsDisplacesNothing) {
  arrives(1, Advertised(1800).prefix("2001:db8::", 64, 600, 300).route("2001:db8:5::", 48, 600));
  for (std::uint32_t i = 2; i < 5000; ++i) {
    Advertised flood(65535, 0);
    for (std::uint32_t j = 0; j < 8; ++j) {
      const std::string prefix = to_string(IpAddress({0x20020000 | (i & 0xffff), j << 16, 0, 0}));
      flood.prefix(prefix.c_str(), 64, 0xffffffff, 0xffffffff);
      flood.route(prefix.c_str(), 48, 0xffffffff);
    }
    arrives(i, flood);
  }
  EXPECT_EQ(discovery_.router_count(), RouterDiscovery::kRouters);
  EXPECT_EQ(discovery_.prefix_count(), RouterDiscovery::kPrefixes);
  EXPECT_EQ(discovery_.route_count(), RouterDiscovery::kRoutes);
  EXPECT_EQ(towards("2001:db8::9"), "2001:db8::9/64");
  EXPECT_EQ(towards("2001:db8:5::1"), "fe80::1%1/48");
  EXPECT_EQ(towards("2001:db8:6::1"), "fe80::1%1/0") << "the first of equal ones";
  EXPECT_GT(counters_[Count::router_entries_refused], 5000u);
}

TEST_F(Ip6RouterDiscoveryTest, ARouterTakesThePlaceOfOneThatIsSilent) {
  for (std::uint32_t i = 1; i <= RouterDiscovery::kRouters; ++i) arrives(i, Advertised(1800, 0));
  arrives(99, Advertised(1800, 1));
  EXPECT_FALSE(discovery_.is_router(router(99)));
  host_.silent = {router(3)};
  arrives(99, Advertised(1800, 1));
  EXPECT_FALSE(discovery_.is_router(router(3)));
  EXPECT_EQ(towards("2001:db8:6::1"), "fe80::63%1/0");
}

}  // namespace
}  // namespace conker
