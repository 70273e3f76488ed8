#include <gtest/gtest.h>

#include <set>
#include <string>

#include "stack/base/address_text.hpp"
#include "stack/ip6/interface_identifiers.hpp"
#include "stack/ip6/slaac.hpp"
#include "tests/unit/ip6_advertisement.hpp"

namespace conker {
namespace {

using namespace test;

constexpr MacAddress kSlaacMac{{2, 0, 0, 0, 0, 2}};
constexpr SipKey kSlaacSecret{7, 8};
const IpAddress kSlaacRouter = *IpAddress::parse("fe80::1%1");
constexpr std::uint32_t kAlways = 0xffffffff;

class FakeAddressHost final : public AddressHost {
 public:
  Error add_address(const IpAddress& address) override {
    if (refuses) return Error::kTableFull;
    EXPECT_TRUE(addresses.insert(address).second);
    return Error::kOk;
  }
  void remove_address(const IpAddress& address) override {
    EXPECT_EQ(addresses.erase(address), 1u);
    deprecated.erase(address);
  }
  void deprecate_address(const IpAddress& address, bool is) override {
    EXPECT_TRUE(addresses.contains(address));
    EXPECT_NE(deprecated.contains(address), is);
    if (is) {
      deprecated.insert(address);
    } else {
      deprecated.erase(address);
    }
  }

  std::set<IpAddress> addresses, deprecated;
  bool refuses = false;
};

IpAddress stable(const char* prefix, std::uint32_t conflicts = 0) {
  const std::uint64_t key = IpAddress::parse(prefix)->halves()[0];
  return address_in(key, stable_identifier(key, kSlaacMac, conflicts, kSlaacSecret));
}

class Ip6SlaacTest : public ::testing::Test {
 protected:
  explicit Ip6SlaacTest(bool temporary = false)
      : slaac_({InterfaceId{0}, kSlaacMac, kSlaacSecret, temporary}, host_, counters_,
               Entropy{{1, 2, 3, 4}}) {}

  void arrives(const char* prefix, std::uint32_t valid, std::uint32_t preferred, int length = 64,
               bool autonomous = true) {
    PrefixInformation information;
    information.prefix = {*IpAddress::parse(prefix), static_cast<std::uint8_t>(length)};
    information.autonomous = autonomous;
    information.valid = valid;
    information.preferred = preferred;
    slaac_.input(kSlaacRouter, information, now_);
  }
  void advance(Duration duration) {
    const Instant end = now_ + duration;
    while (slaac_.next_deadline() <= end) {
      now_ = std::max(now_, slaac_.next_deadline());
      slaac_.timers(now_);
      ASSERT_GT(slaac_.next_deadline(), now_) << "time would stand still";
    }
    now_ = end;
  }
  void duplicate(const IpAddress& address) {
    AddressEvent event;
    event.address = address;
    event.interface = InterfaceId{0};
    event.state = AddressState::kDuplicate;
    slaac_.on_event(event, now_);
  }

  FakeAddressHost host_;
  Counters counters_;
  Slaac slaac_;
  Instant now_{1s};
};

// RFC 4862, 5.3
TEST_F(Ip6SlaacTest, MakesALinkLocalAddressForEver) {
  slaac_.start();
  slaac_.start();
  ASSERT_EQ(host_.addresses.size(), 1u);
  const IpAddress address = *host_.addresses.begin();
  EXPECT_EQ(address.without_zone(), stable("fe80::"));
  EXPECT_EQ(address.zone(), 1);
  EXPECT_EQ(slaac_.next_deadline(), kNever);
  slaac_.stop();
  EXPECT_TRUE(host_.addresses.empty());
}

// RFC 4862, 5.5.3, and 5.5.4
TEST_F(Ip6SlaacTest, AnAddressIsPreferredThenDeprecatedThenRemoved) {
  arrives("2001:db8::", 600, 300);
  EXPECT_EQ(host_.addresses, std::set{stable("2001:db8::")});
  EXPECT_EQ(slaac_.addresses()[0].router, kSlaacRouter);
  advance(299s);
  EXPECT_TRUE(host_.deprecated.empty());
  advance(1s);
  EXPECT_EQ(host_.deprecated, host_.addresses);
  advance(299s);
  EXPECT_EQ(host_.addresses.size(), 1u);
  advance(1s);
  EXPECT_TRUE(host_.addresses.empty());
  EXPECT_EQ(slaac_.next_deadline(), kNever);
}

TEST_F(Ip6SlaacTest, AnAdvertisementMakesItPreferredAgain) {
  arrives("2001:db8::", 600, 300);
  advance(300s);
  arrives("2001:db8::", 600, 300);
  EXPECT_TRUE(host_.deprecated.empty());
  arrives("2001:db8::", 600, 0);
  EXPECT_EQ(host_.deprecated, host_.addresses) << "at once";
  advance(599s);
  EXPECT_EQ(host_.addresses.size(), 1u);
}

TEST_F(Ip6SlaacTest, APrefixThatIsDeprecatedFromTheBeginning) {
  arrives("2001:db8::", 600, 0);
  EXPECT_EQ(host_.deprecated, std::set{stable("2001:db8::")});
}

TEST_F(Ip6SlaacTest, SeveralPrefixes) {
  arrives("2001:db8::", kAlways, kAlways);
  arrives("2001:db8:0:1::", kAlways, kAlways);
  arrives("2001:db8::", kAlways, kAlways);
  EXPECT_EQ(host_.addresses, (std::set{stable("2001:db8::"), stable("2001:db8:0:1::")}));
  EXPECT_EQ(slaac_.next_deadline(), kNever);
}

// RFC 4862, 5.5.3, a to d
TEST_F(Ip6SlaacTest, PrefixesThatMakeNoAddress) {
  arrives("2001:db8::", 600, 300, 64, false);
  arrives("fe80::", 600, 300);
  arrives("ff02::", 600, 300);
  arrives("2001:db8::", 600, 601);
  arrives("2001:db8::", 0, 0);
  arrives("2001:db8::", 600, 300, 63);
  arrives("2001:db8::", 600, 300, 65);
  EXPECT_TRUE(host_.addresses.empty());
  EXPECT_TRUE(slaac_.addresses().empty());
}

// ---- RFC 4862, 5.5.3, e: the two-hour rule ----

TEST_F(Ip6SlaacTest, AShortLifetimeLeavesTwoHours) {
  arrives("2001:db8::", 86400, 86400);
  arrives("2001:db8::", 1, 1);
  advance(2h - 1s);
  EXPECT_EQ(host_.addresses.size(), 1u);
  advance(1s);
  EXPECT_TRUE(host_.addresses.empty());
}

TEST_F(Ip6SlaacTest, AShorterLifetimeIsIgnoredWithinTheLastTwoHours) {
  arrives("2001:db8::", 3600, 3600);
  arrives("2001:db8::", 0, 0);
  EXPECT_EQ(host_.deprecated, host_.addresses) << "the preferred lifetime counts all the same";
  advance(3599s);
  EXPECT_EQ(host_.addresses.size(), 1u);
  advance(1s);
  EXPECT_TRUE(host_.addresses.empty());
}

TEST_F(Ip6SlaacTest, ALongerLifetimeCounts) {
  arrives("2001:db8::", 600, 600);
  advance(500s);
  arrives("2001:db8::", 300, 300);
  advance(299s);
  EXPECT_EQ(host_.addresses.size(), 1u) << "longer than what remained";
  arrives("2001:db8::", 86400, 600);
  arrives("2001:db8::", 7201, 600);
  advance(7200s);
  EXPECT_EQ(host_.addresses.size(), 1u) << "more than two hours, though less than before";
  advance(1s);
  EXPECT_TRUE(host_.addresses.empty());
}

// ---- Duplicates ----

// RFC 7217, 6
TEST_F(Ip6SlaacTest, TriesOtherIdentifiersAfterADuplicate) {
  arrives("2001:db8::", kAlways, kAlways);
  for (std::uint32_t i = 0; i < 4; ++i) {
    EXPECT_EQ(host_.addresses, std::set{stable("2001:db8::", i)});
    duplicate(stable("2001:db8::", i));
    EXPECT_TRUE(host_.addresses.empty());
    advance(1s);
  }
  EXPECT_TRUE(host_.addresses.empty()) << "IDGEN_RETRIES";
  arrives("2001:db8::", kAlways, kAlways);
  EXPECT_TRUE(host_.addresses.empty());
}

TEST_F(Ip6SlaacTest, AHostWithoutRoomIsNotAskedAgain) {
  host_.refuses = true;
  arrives("2001:db8::", 600, 300);
  host_.refuses = false;
  advance(1000s);
  EXPECT_TRUE(host_.addresses.empty());
}

// ---- Floods ----

TEST_F(Ip6SlaacTest, AFloodOfPrefixesDisplacesNoAddress) {
  arrives("2001:db8::", kAlways, kAlways);
  for (std::uint32_t i = 0; i < 5000; ++i) {
    const std::string prefix = to_string(IpAddress({0x20020000, i, 0, 0}));
    arrives(prefix.c_str(), kAlways, kAlways);
  }
  EXPECT_EQ(host_.addresses.size(), Slaac::kPrefixes);
  EXPECT_TRUE(host_.addresses.contains(stable("2001:db8::")));
  EXPECT_EQ(counters_[Count::router_entries_refused], 5001 - Slaac::kPrefixes);
}

// ---- Temporary addresses (RFC 8981) ----

class Ip6TemporaryTest : public Ip6SlaacTest {
 protected:
  Ip6TemporaryTest() : Ip6SlaacTest(true) {}

  std::set<IpAddress> temporary(bool preferred_only = false) const {
    std::set<IpAddress> found = host_.addresses;
    found.erase(stable("2001:db8::"));
    if (preferred_only) {
      for (const IpAddress& address : host_.deprecated) found.erase(address);
    }
    return found;
  }
};

TEST_F(Ip6TemporaryTest, OneStandsBesideTheStableAddress) {
  slaac_.start();
  slaac_.stop();
  arrives("2001:db8::", kAlways, kAlways);
  EXPECT_EQ(temporary().size(), 1u);
  EXPECT_TRUE(host_.addresses.contains(stable("2001:db8::")));
}

// 3.4 and 3.8: preferred for a day at most, valid for two, and replaced before it is deprecated.
TEST_F(Ip6TemporaryTest, EachIsReplacedWithinADay) {
  std::set<IpAddress> seen;
  for (int hour = 0; hour < 24 * 20; ++hour) {
    arrives("2001:db8::", 86400 * 7, 86400 * 7);
    ASSERT_GE(temporary(true).size(), 1u) << hour;
    ASSERT_LE(temporary(true).size(), 2u) << hour;
    ASSERT_LE(temporary().size(), 5u) << hour;
    for (const IpAddress& address : temporary()) seen.insert(address);
    advance(1h);
  }
  EXPECT_GE(seen.size(), 20u);
  EXPECT_LE(seen.size(), 36u);
  EXPECT_EQ(counters_[Count::router_entries_refused], 0u);
}

TEST_F(Ip6TemporaryTest, EndsWithThePrefix) {
  arrives("2001:db8::", 600, 300);
  advance(300s);
  EXPECT_EQ(temporary(true).size(), 0u);
  advance(300s);
  EXPECT_TRUE(host_.addresses.empty());
  EXPECT_EQ(slaac_.next_deadline(), kNever);
}

TEST_F(Ip6TemporaryTest, IsNotMadeForAMoment) {
  arrives("2001:db8::", 600, 5);
  EXPECT_TRUE(temporary().empty());
}

}  // namespace
}  // namespace conker
