// Whether one counter numbers all packets of a host; and texts that are sent again.
#include <gtest/gtest.h>

#include <optional>

#include "stack/verdict/ip_ids.hpp"
#include "stack/verdict/recent_texts.hpp"

namespace conker {
namespace {

using verdict::IpIds;
using verdict::RecentTexts;
using verdict::Rule;
using verdict::Segment;

class VerdictIpIdsTest : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kEnough = 300;

  /// A packet of this host in the connection with this port of ours; whether the rule is told.
  bool told(std::uint16_t id, std::uint16_t port, std::uint8_t host = 1) {
    Segment segment;
    segment.source = {IpAddress::v4(10, 0, 0, host), Port{9000}};
    segment.ip_id = id;
    return ids_.add({IpAddress::v4(10, 0, 0, 9), Port{port}}, segment).has_value();
  }
  /// How often it is told of so many connections, each with one packet numbered by `number`.
  std::uint32_t told_of(auto&& number) {
    std::uint32_t times = 0;
    for (std::uint32_t i = 0; i < kEnough; ++i)
      times += told(static_cast<std::uint16_t>(number(i)), static_cast<std::uint16_t>(1024 + i));
    return times;
  }

  IpIds ids_;
};

TEST_F(VerdictIpIdsTest, OneCounterIsToldOnce) {
  EXPECT_EQ(told_of([](std::uint32_t i) { return 65'400 + 3 * i; }), 1u);
  EXPECT_EQ(told_of([](std::uint32_t i) { return i; }), 0u);
}

TEST_F(VerdictIpIdsTest, ACounterForEachConnectionIsNone) {
  for (std::uint32_t i = 0; i < kEnough; ++i) {
    const auto port = static_cast<std::uint16_t>(1024 + i);
    const auto first = static_cast<std::uint16_t>(i * 40'503);
    for (std::uint16_t n = 0; n < 4; ++n) EXPECT_FALSE(told(first + n, port));
  }
}

TEST_F(VerdictIpIdsTest, NumbersChosenAtRandomOrZeroAreNone) {
  EXPECT_EQ(told_of([](std::uint32_t i) { return i * 0x9e3779b9u >> 16; }), 0u);
  EXPECT_EQ(told_of([](std::uint32_t) { return 0; }), 0u);
  EXPECT_EQ(told_of([](std::uint32_t) { return 7; }), 0u) << "one that stands still tells nothing";
}

TEST_F(VerdictIpIdsTest, HostsAreNotComparedWithEachOther) {
  for (std::uint32_t i = 0; i < 2 * kEnough; ++i)
    EXPECT_FALSE(told(static_cast<std::uint16_t>(i), static_cast<std::uint16_t>(1024 + i),
                      static_cast<std::uint8_t>(1 + i % 2)));
}

TEST(VerdictRecentTextsTest, WhatIsSentAgainMustBeTheSame) {
  const std::array first{std::byte{1}, std::byte{2}}, other{std::byte{2}, std::byte{1}};
  RecentTexts texts;
  EXPECT_FALSE(texts.add(Seq(100), first));
  EXPECT_FALSE(texts.add(Seq(100), first));
  EXPECT_FALSE(texts.add(Seq(102), other)) << "another place";
  EXPECT_FALSE(texts.add(Seq(100), std::span(other).first(1))) << "other bounds";
  const auto differs = texts.add(Seq(100), other);
  ASSERT_TRUE(differs);
  EXPECT_NE(differs->before, differs->now);
}

}  // namespace
}  // namespace conker
