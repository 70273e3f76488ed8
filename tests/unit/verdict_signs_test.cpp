// What a host tells of its peers from its own counters and from their ISNs.
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "stack/verdict/signs.hpp"

namespace conker {
namespace {

using verdict::Rule;
using verdict::Signs;
using Broken = std::vector<std::pair<Rule, std::uint32_t>>;

class VerdictSignsTest : public ::testing::Test {
 protected:
  Broken broken() const {
    Broken all;
    signs_.visit(counters_, [&](Rule rule, std::uint32_t times) { all.emplace_back(rule, times); });
    return all;
  }
  /// Connections from one port after the other.
  void add_isn(std::uint32_t isn) {
    signs_.add_isn(Endpoint{IpAddress(), Port{port_++}}, Seq(isn));
  }

  Counters counters_;
  Signs signs_;
  std::uint16_t port_ = 1024;
};

TEST_F(VerdictSignsTest, CountsWhatWasRefusedSinceItsBegin) {
  counters_.add(Count::drop_segment_checksum, 5);
  signs_.begin(counters_);
  EXPECT_EQ(broken(), Broken());
  counters_.add(Count::drop_segment_checksum, 2);
  counters_.add(Count::drop_ip_malformed);
  EXPECT_EQ(broken(), (Broken{{Rule::kBadLength, 1}, {Rule::kBadTcpChecksum, 2}}));
}

TEST_F(VerdictSignsTest, WhatARightPeerMaySendIsNoSign) {
  signs_.begin(counters_);
  for (const Count count :
       {Count::drop_segment_unacceptable, Count::drop_segment_ack, Count::drop_segment_reset,
        Count::drop_segment_no_connection, Count::segments_retransmitted})
    counters_.add(count);
  EXPECT_EQ(broken(), Broken());
}

TEST_F(VerdictSignsTest, AnIsnThatRepeats) {
  signs_.begin(counters_);
  add_isn(1);
  add_isn(1);
  EXPECT_EQ(broken(), Broken()) << "once may be chance";
  add_isn(1);
  EXPECT_EQ(broken(), (Broken{{Rule::kIsnRepeats, 2}}));
  signs_.begin(counters_);
  EXPECT_EQ(broken(), Broken());
}

TEST_F(VerdictSignsTest, IsnsThatFollowFromEachOther) {
  signs_.begin(counters_);
  for (std::uint32_t i = 0; i < 256; ++i) add_isn(i * 64'000);
  EXPECT_EQ(broken(), (Broken{{Rule::kIsnPredictable, 255}}));
}

}  // namespace
}  // namespace conker
