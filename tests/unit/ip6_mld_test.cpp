#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "stack/base/address_text.hpp"
#include "stack/ip6/mld.hpp"
#include "stack/wire/bytes.hpp"
#include "tests/support/frames.hpp"

namespace conker {
namespace {

using namespace test;

const IpAddress kFirstGroup = *IpAddress::parse("ff02::1:ff00:1%1"),
                kSecondGroup = *IpAddress::parse("ff02::1:ff00:2%1");

/// What was sent: the destination, and the message in hexadecimal without its checksum.
struct Reported {
  std::string to;
  int type = 0;
  std::vector<std::pair<int, std::string>> records;  // of version 2: type and group
};

class FakeMldHost final : public MldHost {
 public:
  IpAddress mld_source() const override { return source; }
  void send_mld(const IpAddress& destination, std::span<const std::byte> message) override {
    EXPECT_LE(message.size(), 1280u - 48u);
    EXPECT_TRUE(verify_icmp6_checksum(message, source, destination));
    Reported out;
    out.to = to_string(destination);
    out.type = get8(message, 0);
    if (out.type == 143) {
      const std::size_t count = get16(message, 6);
      EXPECT_EQ(message.size(), 8 + count * 20);
      for (std::size_t i = 0; i < count; ++i) {
        EXPECT_EQ(get16(message, 8 + i * 20 + 2), 0) << "no sources";
        out.records.emplace_back(get8(message, 8 + i * 20),
                                 to_string(*get_ipv6(message, 8 + i * 20 + 4)));
      }
    } else {
      out.records.emplace_back(0, to_string(*get_ipv6(message, 8)));
    }
    sent.push_back(out);
  }

  IpAddress source = *IpAddress::parse("fe80::1%1");
  std::deque<Reported> sent;
};

using Records = std::vector<std::pair<int, std::string>>;
const std::string kFirstText = "ff02::1:ff00:1", kSecondText = "ff02::1:ff00:2";

class Ip6MldTest : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kRoom = 2000;

  void advance(Duration duration) {
    const Instant end = now_ + duration;
    while (listener_.next_deadline() <= end) {
      now_ = std::max(now_, listener_.next_deadline());
      listener_.timers(now_);
      ASSERT_GT(listener_.next_deadline(), now_) << "time would stand still";
    }
    now_ = end;
  }
  std::deque<Reported> sent() { return std::exchange(host_.sent, {}); }
  void query(const IpAddress& group = IpAddress(), bool version1 = false,
             std::uint32_t response = 1000) {
    MldQuery query;
    query.version1 = version1;
    query.response = response;
    query.group = group;
    listener_.input(query, now_);
  }
  void joined(const IpAddress& group) {
    ASSERT_TRUE(listener_.join(group, now_));
    advance(10s);
    (void)sent();
  }

  FakeMldHost host_;
  Counters counters_;
  std::vector<std::byte> bytes_ = std::vector<std::byte>(1 << 20);
  Arena arena_{std::span(bytes_)};
  MldListener listener_{arena_, kRoom, host_, counters_, SipKey{5, 6}};
  Instant now_{1s};
};

// RFC 3810, 6.1 and 9.1
TEST_F(Ip6MldTest, ReportsAJoinTwice) {
  ASSERT_TRUE(listener_.join(kFirstGroup, now_));
  ASSERT_TRUE(listener_.join(kSecondGroup, now_));
  advance(0s);
  auto reports = sent();
  ASSERT_EQ(reports.size(), 1u) << "one report of both";
  EXPECT_EQ(reports[0].to, "ff02::16");
  EXPECT_EQ(reports[0].records, (Records{{4, kFirstText}, {4, kSecondText}}));
  advance(1s);
  reports = sent();
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].records, (Records{{4, kFirstText}, {4, kSecondText}}));
  advance(1h);
  EXPECT_TRUE(sent().empty());
  EXPECT_EQ(counters_[Count::mld_reports_out], 2u);
}

TEST_F(Ip6MldTest, ReportsALeaveTwiceAfterTheLastOfEqualJoins) {
  joined(kFirstGroup);
  ASSERT_TRUE(listener_.join(kFirstGroup, now_));
  advance(10s);
  EXPECT_TRUE(sent().empty()) << "two addresses in one solicited-node group";
  listener_.leave(kFirstGroup, now_);
  advance(10s);
  EXPECT_TRUE(sent().empty());
  EXPECT_EQ(listener_.count(), 1u);
  listener_.leave(kFirstGroup, now_);
  EXPECT_EQ(listener_.count(), 0u);
  advance(10s);
  const auto reports = sent();
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_EQ(reports[1].records, (Records{{3, kFirstText}}));
  query();
  advance(10s);
  EXPECT_TRUE(sent().empty());
  listener_.leave(kFirstGroup, now_);
  EXPECT_EQ(listener_.next_deadline(), kNever) << "one that was never joined";
}

TEST_F(Ip6MldTest, AJoinWhileALeaveIsReported) {
  joined(kFirstGroup);
  listener_.leave(kFirstGroup, now_);
  advance(0s);
  ASSERT_TRUE(listener_.join(kFirstGroup, now_));
  EXPECT_EQ(sent()[0].records, (Records{{3, kFirstText}}));
  advance(10s);
  const auto reports = sent();
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_EQ(reports[0].records, (Records{{4, kFirstText}}));
  EXPECT_EQ(reports[1].records, (Records{{4, kFirstText}}));
}

// RFC 3810, 6
TEST_F(Ip6MldTest, AllNodesAndTheInterfacesOwnGroupsAreNotReported) {
  for (const char* group : {"ff02::1%1", "ff01::1%1", "ff00::1"}) {
    EXPECT_TRUE(listener_.join(*IpAddress::parse(group), now_)) << group;
    listener_.leave(*IpAddress::parse(group), now_);
  }
  EXPECT_EQ(listener_.next_deadline(), kNever);
}

// RFC 3810, 6.2
TEST_F(Ip6MldTest, AnswersAGeneralQueryOnceWithinItsTime) {
  joined(kFirstGroup);
  joined(kSecondGroup);
  for (int i = 0; i < 20; ++i) {
    query();
    EXPECT_LE(listener_.next_deadline(), now_ + 1s);
    query(IpAddress(), false, 5000);
    advance(1s);
    const auto reports = sent();
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0].records, (Records{{2, kFirstText}, {2, kSecondText}}));
    advance(5s);
    EXPECT_TRUE(sent().empty());
  }
}

TEST_F(Ip6MldTest, AnswersAQueryOfAGroup) {
  joined(kFirstGroup);
  joined(kSecondGroup);
  query(kSecondGroup.without_zone());
  advance(1s);
  const auto reports = sent();
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].records, (Records{{2, kSecondText}}));
  query(*IpAddress::parse("ff02::9"));
  EXPECT_EQ(listener_.next_deadline(), kNever) << "others' groups";
}

TEST_F(Ip6MldTest, QueriesThatAllowNoDelayMakeNoFlood) {
  joined(kFirstGroup);
  for (int i = 0; i < 1000; ++i) {
    query(IpAddress(), false, 0);
    advance(1ms);
  }
  EXPECT_LE(sent().size(), 20u);
}

// RFC 3810, 8.2.1
TEST_F(Ip6MldTest, SpeaksVersionOneToAQuerierOfThatVersion) {
  joined(kFirstGroup);
  query(IpAddress(), true);
  advance(1s);
  auto reports = sent();
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].type, 131);
  EXPECT_EQ(reports[0].to, kFirstText);
  listener_.leave(kFirstGroup, now_);
  advance(0s);
  reports = sent();
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].type, 132);
  EXPECT_EQ(reports[0].to, "ff02::2");
  EXPECT_EQ(reports[0].records[0].second, kFirstText);
  advance(300s);
  (void)sent();
  ASSERT_TRUE(listener_.join(kSecondGroup, now_));
  advance(0s);
  EXPECT_EQ(sent()[0].type, 143) << "the querier of version 1 has been silent";
}

TEST_F(Ip6MldTest, ManyGroupsArePacedAndAllReported) {
  for (std::uint32_t i = 0; i < kRoom; ++i) {
    ASSERT_TRUE(listener_.join(IpAddress({0xff020001, 0, 1, 0xff000000 | i * 7}), now_));
  }
  EXPECT_FALSE(listener_.join(kFirstGroup, now_)) << "no room";
  listener_.timers(now_);
  EXPECT_EQ(sent().size(), 8u);
  advance(1h);
  std::map<std::string, int> times;
  query();
  (void)sent();
  advance(2s);
  for (const auto& report : sent()) {
    for (const auto& [type, group] : report.records) ++times[group];
  }
  EXPECT_EQ(times.size(), kRoom);
  for (const auto& [group, count] : times) EXPECT_EQ(count, 1) << group;
  for (std::uint32_t i = 0; i < kRoom; ++i) {
    listener_.leave(IpAddress({0xff020001, 0, 1, 0xff000000 | i * 7}), now_);
  }
  advance(1h);
  EXPECT_TRUE(listener_.join(kFirstGroup, now_)) << "there is room again";
  EXPECT_EQ(listener_.count(), 1u);
}

TEST_F(Ip6MldTest, TellsANewLinkOfAllGroups) {
  joined(kFirstGroup);
  joined(kSecondGroup);
  listener_.link_up(now_);
  advance(0s);
  EXPECT_EQ(sent()[0].records, (Records{{4, kFirstText}, {4, kSecondText}}));
}

// RFC 3810, 5.2.13
TEST_F(Ip6MldTest, ReportsFromTheUnspecifiedAddressWithoutAnother) {
  host_.source = IpAddress();
  ASSERT_TRUE(listener_.join(kFirstGroup, now_));
  advance(0s);
  EXPECT_EQ(sent().size(), 1u);
}

}  // namespace
}  // namespace conker
