#include <gtest/gtest.h>

#include "stack/wire/ipv6_chain.hpp"
#include "tests/support/frames.hpp"

namespace conker {
namespace {

using test::hex;
using test::to_hex;
using Report = Ipv6Problem::Report;

// Walks a packet whose first extension header is of type `first`.
struct Walked {
  Walked(std::uint8_t first, std::string_view text) : bytes(hex(text)) {
    Ipv6Packet packet;
    packet.next_header = first;
    packet.payload = bytes;
    chain = walk_ipv6(packet);
  }
  std::vector<std::byte> bytes;
  Ipv6Chain chain;
};

void expect_problem(const Walked& walked, Report report, std::uint8_t code, int pointer) {
  ASSERT_TRUE(walked.chain.problem);
  EXPECT_EQ(walked.chain.problem->report, report);
  EXPECT_EQ(walked.chain.problem->code, code);
  EXPECT_EQ(walked.chain.problem->pointer, pointer);
}
void expect_silence(const Walked& walked) {
  ASSERT_TRUE(walked.chain.problem);
  EXPECT_EQ(walked.chain.problem->report, Report::kSilent);
}

TEST(WireIpv6Chain, EndsAtTheUpperLayer) {
  const Walked tcp(6, "deadbeef");
  EXPECT_FALSE(tcp.chain.problem);
  EXPECT_EQ(tcp.chain.next_header, 6);
  EXPECT_EQ(tcp.chain.payload_at, 40);
  EXPECT_EQ(tcp.chain.next_header_at, 6);
  EXPECT_EQ(to_hex(tcp.chain.payload), "de ad be ef");
}

TEST(WireIpv6Chain, PassesHeadersInAnyOrder) {
  const Walked walked(0,
                      "3c 00 0104 00000000"                     // hop-by-hop
                      "2b 01 1e 06 aabbccddeeff 0104 00000000"  // destination, of unknown option
                      "3c 00 04 00 00000000"                    // routing, no segments left
                      "06 00 0104 00000000"                     // destination
                      "deadbeef");
  EXPECT_FALSE(walked.chain.problem);
  EXPECT_EQ(walked.chain.next_header, 6);
  EXPECT_EQ(walked.chain.payload_at, 40 + 40);
  EXPECT_EQ(walked.chain.next_header_at, 40 + 32);
  EXPECT_EQ(walked.chain.extensions, 4);
  EXPECT_EQ(to_hex(walked.chain.payload), "de ad be ef");
}

TEST(WireIpv6Chain, FollowsTheActionBitsOfUnknownOptions) {
  const auto with = [](const char* type) {
    return Walked(60, "06 00 00 " + std::string(type) + " 02 0000 00 deadbeef");
  };
  EXPECT_FALSE(with("1e").chain.problem) << "00: skipped";
  expect_silence(with("5e"));
  expect_problem(with("9e"), Report::kAlways, 2, 43);
  expect_problem(with("de"), Report::kUnlessMulticast, 2, 43);
}

TEST(WireIpv6Chain, KnowsTheRouterAlert) {
  EXPECT_TRUE(Walked(0, "3a 00 0502 0000 0100").chain.router_alert);
  EXPECT_FALSE(Walked(60, "3a 00 0502 0000 0100").chain.router_alert)
      << "only in the Hop-by-Hop Options header";
  EXPECT_FALSE(Walked(0, "3a 00 0104 00000000").chain.router_alert);
  std::array<std::byte, kIpv6RouterAlertLength> out;
  emit_ipv6_router_alert(58, out);
  EXPECT_EQ(to_hex(out), "3a 00 05 02 00 00 01 00");
}

TEST(WireIpv6Chain, RefusesARoutingHeaderWithSegmentsLeft) {
  expect_problem(Walked(43, "06 02 00 01 00000000 20010db8 00000000 00000000 00000001"),
                 Report::kUnlessMulticast, 0, 42);
  EXPECT_FALSE(Walked(43, "06 02 00 00 00000000 20010db8 00000000 00000000 00000001").chain.problem)
      << "RFC 5095, 3: as any type that is not known, it is ignored then";
}

TEST(WireIpv6Chain, AcceptsHopByHopOptionsFirstOnly) {
  const Walked walked(60, "00 00 0104 00000000 06 00 0104 00000000");
  EXPECT_FALSE(walked.chain.problem);
  EXPECT_EQ(walked.chain.next_header, 0);
  EXPECT_EQ(walked.chain.unrecognized().code, 1);
  EXPECT_EQ(walked.chain.unrecognized().pointer, 40) << "RFC 8200, 4";
}

TEST(WireIpv6Chain, FindsMalformedLengths) {
  expect_problem(Walked(60, "06 01 0104 00000000"), Report::kUnlessMulticast, 0, 41);
  expect_problem(Walked(60, "06 00 1e 05 00000000"), Report::kUnlessMulticast, 0, 42);
  expect_problem(Walked(60, "06 00 0103 000000 1e"), Report::kUnlessMulticast, 0, 47);
  expect_silence(Walked(60, "06 00 0104 0000"));
  expect_silence(Walked(60, ""));
}

TEST(WireIpv6Chain, LimitsTheChain) {
  std::string eight;
  for (int i = 0; i < 8; ++i) eight += "3c 00 0104 00000000";
  eight.replace(7 * 19, 2, "06");
  EXPECT_FALSE(Walked(60, eight).chain.problem);
  expect_silence(Walked(60, "3c 00 0104 00000000" + eight));
}

TEST(WireIpv6Chain, LimitsOptionsAndPadding) {
  std::string options;
  for (int i = 0; i < 8; ++i) options += "1e00";
  EXPECT_FALSE(Walked(60, "06 02" + options + "0104 00000000").chain.problem);
  expect_silence(Walked(60, "06 02" + options + "1e00 01020000"));
  EXPECT_FALSE(Walked(60, "06 01 0105 0000000000 1e 05 0000000000").chain.problem);
  expect_silence(Walked(60, "06 01 0106 000000000000 1e 04 00000000"));
  expect_silence(Walked(60, "06 01 0000000000000000 1e 04 00000000"));
}

TEST(WireIpv6Chain, StopsAtAFragment) {
  const Walked first(44, "11 00 0001 12345678 0001000200100000 6869202020202020");
  EXPECT_FALSE(first.chain.problem);
  ASSERT_TRUE(first.chain.fragment);
  EXPECT_TRUE(first.chain.fragment->more);
  EXPECT_EQ(first.chain.fragment->offset, 0);
  EXPECT_EQ(first.chain.fragment->identification, 0x12345678u);
  EXPECT_EQ(first.chain.next_header, 17);
  EXPECT_EQ(first.chain.payload.size(), 16u);
  const Walked last(44, "3c 00 0010 12345678 ff");
  EXPECT_FALSE(last.chain.problem);
  EXPECT_EQ(last.chain.fragment->offset, 2);
  EXPECT_EQ(last.chain.next_header, 60) << "what follows is in the first fragment";
  std::array<std::byte, kIpv6FragmentHeaderLength> out;
  emit_ipv6_fragment({0x12345678, 2, true}, 17, out);
  EXPECT_EQ(to_hex(out), "11 00 00 11 12 34 56 78");
}

TEST(WireIpv6Chain, GoesOnBehindAnAtomicFragmentAndOnceThePacketIsWhole) {
  const Walked atomic(44, "3c 00 0000 12345678 06 00 0104 00000000 deadbeef");
  EXPECT_FALSE(atomic.chain.problem);
  EXPECT_TRUE(atomic.chain.fragment && atomic.chain.fragment->is_atomic()) << "RFC 6946";
  EXPECT_EQ(atomic.chain.next_header, 6);
  EXPECT_EQ(atomic.chain.payload_at, 56);

  const Walked first(44, "3c 00 0001 12345678 11 00 0104 00000000 0001000200100000");
  ASSERT_FALSE(first.chain.problem);
  const auto whole = hex("11 00 0104 00000000 0001000200100000 68692020");
  const Ipv6Chain chain = walk_ipv6_behind(first.chain, whole);
  EXPECT_FALSE(chain.problem);
  EXPECT_EQ(chain.next_header, 17);
  EXPECT_EQ(chain.payload_at, 56);
  EXPECT_EQ(chain.payload.size(), 12u);
}

TEST(WireIpv6Chain, RefusesAFragmentOfAFragment) {
  expect_silence(Walked(44, "2c 00 0000 12345678 06 00 0000 12345678 deadbeef"));
}

TEST(WireIpv6Chain, FindsFragmentsOfWrongLengths) {
  expect_problem(Walked(44, "11 00 0011 12345678 deadbeef"), Report::kUnlessMulticast, 0, 4);
  expect_problem(Walked(44, "11 00 fff8 12345678 deadbeefdeadbeef"), Report::kUnlessMulticast, 0,
                 42);
  EXPECT_FALSE(Walked(44, "11 00 fff8 12345678 deadbeefdeadbe").chain.problem) << "65,535 bytes";
}

TEST(WireIpv6Chain, WantsTheWholeChainInTheFirstFragment) {
  expect_problem(Walked(44, "3c 00 0001 12345678 11 01 0104 00000000"), Report::kUnlessMulticast, 3,
                 0);
  expect_problem(Walked(44, "3c 00 0001 12345678 11 00 0104 00000000"), Report::kUnlessMulticast, 3,
                 0);
  expect_problem(Walked(44, "06 00 0001 12345678 0001000200000001 0000000000000000"),
                 Report::kUnlessMulticast, 3, 0);
  EXPECT_FALSE(Walked(44, "3a 00 0001 12345678 8000000000010001").chain.problem);
}

}  // namespace
}  // namespace conker
