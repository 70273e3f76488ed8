#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "stack/base/address_text.hpp"
#include "stack/ip6/source_selection.hpp"

namespace conker {
namespace {

constexpr InterfaceId kLan{0}, kOtherLink{1};

struct Candidates {
  std::vector<SourceCandidate> all;

  Candidates& with(const char* address, int length = 64) {
    SourceCandidate candidate;
    candidate.address = *IpAddress::parse(address);
    candidate.length = static_cast<std::uint8_t>(length);
    candidate.interface = kLan;
    all.push_back(candidate);
    return *this;
  }
  Candidates& deprecated() {
    all.back().deprecated = true;
    return *this;
  }
  Candidates& temporary() {
    all.back().temporary = true;
    return *this;
  }
  Candidates& on(InterfaceId interface) {
    all.back().interface = interface;
    return *this;
  }
  Candidates& of_next_hop() {
    all.back().of_next_hop = true;
    return *this;
  }
  /// The source that is chosen, in either order of the candidates.
  std::string source_to(const char* destination, bool prefer_public = false) const {
    const SourceRequest request{*IpAddress::parse(destination), kLan, prefer_public};
    const auto chosen = select_source(all, request);
    std::vector<SourceCandidate> backwards(all.rbegin(), all.rend());
    const auto again = select_source(backwards, request);
    EXPECT_EQ(chosen.has_value(), again.has_value());
    if (!chosen || !again) return "none";
    EXPECT_EQ(all[*chosen].address, backwards[*again].address) << "whatever the order";
    return to_string(all[*chosen].address);
  }
};
Candidates of(const char* address, int length = 64) {
  return Candidates{}.with(address, length);
}

// The examples of RFC 6724, 10.1.
TEST(Ip6SourceSelection, ExamplesOfTheRfc) {
  EXPECT_EQ(of("2001:db8:3::1").with("fe80::1%1").source_to("2001:db8:1::1"), "2001:db8:3::1")
      << "prefer appropriate scope";
  EXPECT_EQ(of("2001:db8:3::1").with("fe80::1%1").source_to("ff05::1"), "2001:db8:3::1")
      << "prefer appropriate scope";
  EXPECT_EQ(of("2001:db8:1::1").deprecated().with("2001:db8:2::1").source_to("2001:db8:1::1"),
            "2001:db8:1::1")
      << "prefer same address";
  EXPECT_EQ(of("fe80::2%1").deprecated().with("2001:db8:1::1").source_to("fe80::1%1"), "fe80::2%1")
      << "prefer appropriate scope";
  EXPECT_EQ(of("2001:db8:1::2").with("2001:db8:3::2").source_to("2001:db8:1::1"), "2001:db8:1::2")
      << "longest matching prefix";
  EXPECT_EQ(of("2002:c633:6401::d5e3:7953:13eb:22e8")
                .temporary()
                .with("2001:db8:1::2")
                .source_to("2002:c633:6401::1"),
            "2002:c633:6401:0:d5e3:7953:13eb:22e8")
      << "prefer matching label";
  EXPECT_EQ(of("2002:c633:6401::d5e3:0:0:1").with("2001:db8:1::2").source_to("2001:db8:1::d5e3"),
            "2001:db8:1::2")
      << "prefer matching label";
  EXPECT_EQ(of("2001:db8:1::2")
                .with("2001:db8:1::d5e3:7953:13eb:22e8")
                .temporary()
                .source_to("2001:db8:1::d5e3"),
            "2001:db8:1:0:d5e3:7953:13eb:22e8")
      << "prefer temporary address";
}

// RFC 6724, 5, rule 2: the smallest scope that reaches, for each combination of scopes.
TEST(Ip6SourceSelection, PrefersTheAppropriateScope) {
  const Candidates both = of("fe80::1%1").with("2001:db8::1");
  EXPECT_EQ(both.source_to("fe80::9%1"), "fe80::1%1");
  EXPECT_EQ(both.source_to("ff02::1%1"), "fe80::1%1");
  EXPECT_EQ(both.source_to("ff0e::1"), "2001:db8::1");
  EXPECT_EQ(both.source_to("2001:db8:9::1"), "2001:db8::1");
  EXPECT_EQ(of("fe80::1%1").source_to("2001:db8:9::1"), "fe80::1%1")
      << "of what there is, the largest";
}

TEST(Ip6SourceSelection, AvoidsDeprecatedAddresses) {
  const Candidates two = of("2001:db8::1").deprecated().with("2001:db8:8000::1");
  EXPECT_EQ(two.source_to("2001:db8::9"), "2001:db8:8000::1") << "rule 3 before rule 8";
  EXPECT_EQ(of("2001:db8::1").deprecated().source_to("2001:db8::9"), "2001:db8::1");
}

// Rule 5 and 5.5
TEST(Ip6SourceSelection, PrefersTheOutgoingInterfaceAndTheNextHopsPrefix) {
  EXPECT_EQ(of("2001:db8::1").on(kOtherLink).with("2001:db8:8000::1").source_to("2001:db8::9"),
            "2001:db8:8000::1");
  EXPECT_EQ(of("2001:db8::1").with("2001:db8:8000::1").of_next_hop().source_to("2001:db8::9"),
            "2001:db8:8000::1");
}

TEST(Ip6SourceSelection, TemporaryAddressesCanBeAvoided) {
  const Candidates two = of("2001:db8::1").with("2001:db8::2").temporary();
  EXPECT_EQ(two.source_to("2001:db8:9::1"), "2001:db8::2");
  EXPECT_EQ(two.source_to("2001:db8:9::1", true), "2001:db8::1");
}

// Rule 8 compares no more than the source's prefix, 2.2: what else they share is equal, and the
// first one stays.
TEST(Ip6SourceSelection, MatchesNoMoreThanThePrefixOfTheSource) {
  std::vector<SourceCandidate> all = of("2001:db8::9:1").with("2001:db8::1:1").all;
  const SourceRequest request{*IpAddress::parse("2001:db8::1:2"), kLan};
  EXPECT_EQ(select_source(all, request), 0u);
  all[1].length = 128;
  EXPECT_EQ(select_source(all, request), 1u);
}

// RFC 6724, 4
TEST(Ip6SourceSelection, CandidatesAreOfTheFamilyAndTheLink) {
  EXPECT_EQ(of("10.0.0.1").source_to("2001:db8::1"), "none");
  EXPECT_EQ(of("2001:db8::1").source_to("10.0.0.1"), "none");
  EXPECT_EQ(of("fe80::1%2").on(kOtherLink).source_to("2001:db8::1"), "none");
  EXPECT_EQ(of("2001:db8::1").on(kOtherLink).source_to("fe80::1%1"), "none");
  EXPECT_EQ(of("2001:db8::1").on(kOtherLink).source_to("ff02::1%1"), "none");
  EXPECT_EQ(of("2001:db8::1").on(kOtherLink).source_to("2001:db8:9::1"), "2001:db8::1");
  EXPECT_EQ(Candidates{}.source_to("2001:db8::1"), "none");
}

// RFC 6724, 2.1
TEST(Ip6SourceSelection, PolicyTable) {
  const auto policy = [](const char* address) {
    const AddressPolicy found = policy_of(*IpAddress::parse(address));
    return std::pair<int, int>(found.precedence, found.label);
  };
  EXPECT_EQ(policy("::1"), std::pair(50, 0));
  EXPECT_EQ(policy("2001:db8::1"), std::pair(40, 1));
  EXPECT_EQ(policy("fe80::1%1"), std::pair(40, 1));
  EXPECT_EQ(policy("192.0.2.1"), std::pair(35, 4));
  EXPECT_EQ(policy("2002:c633:6401::1"), std::pair(30, 2));
  EXPECT_EQ(policy("2001:0:1::1"), std::pair(5, 5));
  EXPECT_EQ(policy("fd12::1"), std::pair(3, 13));
  EXPECT_EQ(policy("fec0::1"), std::pair(1, 11));
  EXPECT_EQ(policy("3ffe::1"), std::pair(1, 12));
  EXPECT_EQ(policy("::2:3"), std::pair(1, 3));
}

TEST(Ip6SourceSelection, CommonPrefixLengthLeavesZonesAside) {
  const auto common = [](const char* a, const char* b) {
    return int{common_prefix_length(*IpAddress::parse(a), *IpAddress::parse(b))};
  };
  EXPECT_EQ(common("fe80::1%1", "fe80::1%2"), 128);
  EXPECT_EQ(common("2001:db8::", "2001:db8:8000::"), 32);
  EXPECT_EQ(common("::", "8000::"), 0);
  EXPECT_EQ(common("::2", "::3"), 127);
}

}  // namespace
}  // namespace conker
