// Reassembly: RFC 791, 3.2; RFC 1122, 3.3.2; RFC 5722, 4; RFC 1858; RFC 3128.
#include <algorithm>
#include <array>

#include "stack/stack.hpp"
#include "tests/support/random.hpp"
#include "tests/unit/fragments_fixture.hpp"

namespace conker {
namespace {

using namespace test;
using Disposition = Disposition;

class ReassemblyTest : public FragmentsTest {};

// ---- Complete packets ----

TEST_F(ReassemblyTest, FragmentsInOrder) {
  EXPECT_EQ(fragment(0, 1000, true), Disposition::kNothing);
  EXPECT_GT(network_->chunks_held(), 0u);
  EXPECT_EQ(fragment(1000, 1000, true), Disposition::kNothing);
  ASSERT_EQ(fragment(2000, 77, false), Disposition::kTcp);
  EXPECT_TRUE(delivered(2077));
  EXPECT_EQ(packet_.source, kPeer);
  EXPECT_EQ(packet_.destination, kOurs);
  EXPECT_EQ(packet_.whole.size(), 20u + 2077u);
  EXPECT_EQ(network_->chunks_held(), 0u);
  EXPECT_EQ(count(Count::packets_reassembled), 1u);
  EXPECT_EQ(count(Count::fragments_reassembled), 3u);
  EXPECT_EQ(count(Count::packets_delivered), 1u);
}

TEST_F(ReassemblyTest, FragmentsInEveryOrder) {
  std::array<std::size_t, 5> order{0, 1, 2, 3, 4};
  std::uint16_t identification = 0;
  do {
    ++identification;
    for (const std::size_t i : order) {
      const bool last = i == 4;
      const Disposition up = fragment(i * 504, last ? 13 : 504, !last, identification);
      ASSERT_EQ(up, i == order.back() ? Disposition::kTcp : Disposition::kNothing);
    }
    ASSERT_TRUE(delivered(4 * 504 + 13)) << identification;
  } while (std::ranges::next_permutation(order).found);
  EXPECT_EQ(count(Count::packets_reassembled), 120u);
}

// RFC 791, 3.2: fragments belong together that have source, destination, protocol and
// identification in common.
TEST_F(ReassemblyTest, PacketsAreKeptApart) {
  ASSERT_EQ(network_->add_address({0}, {IpAddress::v4(10, 77, 0, 40), 24}), Error::kOk);
  Ipv4Packet base = from_peer();
  base.dont_fragment = false;
  base.more_fragments = true;
  const auto with = [&](auto change) {
    Ipv4Packet packet = base;
    change(packet);
    input(ethernet(kEtherTypeIpv4, ip(packet, bytes_at(0, 32))));
  };
  with([](Ipv4Packet&) {});
  with([](Ipv4Packet& p) { p.identification = 9; });
  with([](Ipv4Packet& p) { p.destination = IpAddress::v4(10, 77, 0, 40); });
  with([](Ipv4Packet& p) { p.source = IpAddress::v4(10, 77, 0, 9); });
  EXPECT_EQ(network_->chunks_held(), 4u);
  base.more_fragments = false;
  base.fragment_offset = 4;
  base.protocol = kProtocolIcmp;
  with([](Ipv4Packet&) {});
  EXPECT_EQ(count(Count::packets_delivered), 0u) << "another protocol is another packet";
}

TEST_F(ReassemblyTest, AFragmentedPingIsAnsweredInFragments) {
  const auto data = bytes_at(5, 3000);
  const auto message = icmp({Icmp4Message::kEchoRequest, 0, 7, 1, data});
  const auto part = [&](std::size_t from, std::size_t length) {
    return std::span(message).subspan(from, length);
  };
  fragment(1480, part(1480, 1480), true, 1, kProtocolIcmp);
  fragment(0, part(0, 1480), true, 1, kProtocolIcmp);
  fragment(2960, part(2960, 48), false, 1, kProtocolIcmp);
  std::vector<std::byte> whole;
  for (int i = 0; i < 3; ++i) {
    const auto packet = sent_ip();
    ASSERT_TRUE(packet);
    whole.insert(whole.end(), packet->payload.begin(), packet->payload.end());
  }
  EXPECT_TRUE(verify_icmp4_checksum(whole));
  EXPECT_TRUE(std::ranges::equal(parse_icmp4(whole)->payload, data));
}

// RFC 3168, 5.3
TEST_F(ReassemblyTest, OneFragmentWithCeSetsCe) {
  Ipv4Packet packet = from_peer();
  packet.dont_fragment = false;
  packet.traffic_class = 46 << 2 | 2;
  packet.more_fragments = true;
  input(ethernet(kEtherTypeIpv4, ip(packet, bytes_at(0, 32))));
  packet.traffic_class |= 3;
  packet.more_fragments = false;
  packet.fragment_offset = 4;
  ASSERT_EQ(input(ethernet(kEtherTypeIpv4, ip(packet, bytes_at(32, 8)))), Disposition::kTcp);
  EXPECT_EQ(packet_.traffic_class, 46 << 2 | 3);
}

TEST_F(ReassemblyTest, WithoutAReassemblerFragmentsAreDropped) {
  std::vector<std::uint64_t> storage(65536);
  Arena arena(std::as_writable_bytes(std::span(storage)));
  ChunkPool chunks(arena, 64, 256);
  Counters counters;
  TestLink link;
  Network network(arena, capacities_, settings_, entropy_, counters, chunks);
  Ipv4 ipv4(network.parts(), entropy_);
  network.begin(now_);
  ASSERT_TRUE(network.add_interface(link, kOurMac, 1500));
  ASSERT_EQ(network.add_address({0}, {kOurs, 24}), Error::kOk);
  Ipv4Packet packet = from_peer();
  packet.dont_fragment = false;
  packet.more_fragments = true;
  const auto frame = ethernet(kEtherTypeIpv4, ip(packet, bytes_at(0, 32)));
  EXPECT_EQ(network.input({0}, FrameIn{frame}, packet_, error_), Disposition::kNothing);
  EXPECT_EQ(counters[Count::drop_ip_fragment], 1u);
}

// ---- Reassembly timeout ----

// RFC 1122, 3.3.2: after 60 to 120 seconds; then an ICMP error quotes the first fragment (RFC 792).
TEST_F(ReassemblyTest, TimesOutAfterAMinuteWithAnIcmpError) {
  fragment(0, 504, true);
  run_for(59s);
  EXPECT_TRUE(nothing_sent());
  EXPECT_GT(network_->chunks_held(), 0u);
  know();  // its neighbour entry is stale by now
  run_for(1s);
  EXPECT_EQ(network_->chunks_held(), 0u);
  EXPECT_EQ(count(Count::drop_fragment_timeout), 1u);
  forget_arp();
  const auto packet = sent_ip();
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->destination, kPeer);
  const auto message = parse_icmp4(packet->payload);
  ASSERT_TRUE(message);
  EXPECT_TRUE(verify_icmp4_checksum(packet->payload));
  EXPECT_EQ(message->type, 11);
  EXPECT_EQ(message->code, 1);
  const auto quoted = parse_ipv4_quoted(message->payload);
  ASSERT_TRUE(quoted);
  EXPECT_EQ(quoted->source, kPeer);
  EXPECT_EQ(to_hex(quoted->payload), to_hex(bytes_at(0, 8)));
  fragment(504, 8, false);
  EXPECT_EQ(count(Count::packets_delivered), 0u) << "what comes later begins anew";
}

TEST_F(ReassemblyTest, NoIcmpErrorWithoutTheFirstFragment) {
  fragment(504, 504, true);
  run_for(61s);
  EXPECT_EQ(count(Count::drop_fragment_timeout), 1u);
  EXPECT_EQ(count(Count::icmp_errors_out), 0u);
}

TEST_F(ReassemblyTest, TheTimeoutRunsFromTheFirstArrival) {
  fragment(504, 504, true);
  run_for(40s);
  fragment(1008, 504, true);
  run_for(20s);
  EXPECT_EQ(count(Count::drop_fragment_timeout), 2u);
}

// ---- Caps ----

TEST_F(ReassemblyTest, AFullTableDropsTheOldestPacket) {
  for (std::uint16_t id = 1; id <= kDatagrams + 1; ++id) {
    fragment(0, 64, true, id);
    advance(1ms);
  }
  EXPECT_EQ(count(Count::drop_fragment_room), 1u);
  EXPECT_EQ(fragment(64, 8, false, 1), Disposition::kNothing)
      << "it was the oldest; this one takes the next's place";
  EXPECT_EQ(fragment(64, 8, false, 3), Disposition::kTcp);
  EXPECT_EQ(fragment(64, 8, false, 5), Disposition::kTcp);
}

TEST_F(ReassemblyTest, AFullPoolDropsTheOldestPackets) {
  fragment(0, 10 * 256, true, 1);
  fragment(0, 10 * 256, true, 2);
  EXPECT_EQ(network_->chunks_held(), 20u);
  fragment(0, 10 * 256, true, 3);
  EXPECT_EQ(network_->chunks_held(), 20u);
  EXPECT_EQ(count(Count::drop_fragment_room), 1u);
  EXPECT_EQ(fragment(10 * 256, 8, false, 3), Disposition::kTcp);
  EXPECT_EQ(fragment(10 * 256, 8, false, 2), Disposition::kTcp);
}

TEST_F(ReassemblyTest, OnePacketIsBoundByTheCapOfAll) {
  for (std::size_t i = 0; i < kChunks + 1; ++i) fragment(i * 256, 256, true);
  EXPECT_EQ(network_->chunks_held(), 0u);
  EXPECT_EQ(count(Count::drop_fragment_room), kChunks + 1);
  fragment((kChunks + 1) * 256, 8, false);
  EXPECT_EQ(count(Count::drop_fragment_room), kChunks + 2) << "all of it";
}

// Whatever other uses hold in the pool, fragments have their floor, and no more than that.
TEST_F(ReassemblyTest, FragmentsHaveTheirFloorInAFullPool) {
  chunks_.open(Use::kSend, 0, chunks_.capacity());
  std::vector<std::uint32_t> taken;
  for (std::uint32_t at; (at = chunks_.take(Use::kSend, Claim::kFirst)) != conker::kNone;)
    taken.push_back(at);
  const std::uint32_t floor = chunks_.floor(Use::kFragments);
  ASSERT_GE(floor, 6u) << "a packet of the usual size";
  EXPECT_EQ(chunks_.available(Use::kFragments), floor);
  fragment(0, floor * 256, true);
  EXPECT_EQ(count(Count::drop_fragment_room), 0u);
  fragment(floor * 256, 8, true);
  EXPECT_EQ(count(Count::drop_fragment_room), 2u) << "all of the packet";
  for (const std::uint32_t chunk : taken) chunks_.give_back(chunk);
}

class SmallWholeTest : public FragmentsTest {
 protected:
  SmallWholeTest() : FragmentsTest(1060) {}
};

TEST_F(SmallWholeTest, PacketsLargerThanTheBufferAreRefused) {
  fragment(0, 504, true);
  fragment(504, 496, true);
  EXPECT_GT(network_->chunks_held(), 0u);
  fragment(1000, 1, false);
  EXPECT_EQ(network_->chunks_held(), 0u);
  EXPECT_EQ(count(Count::drop_fragment_room), 3u);
  fragment(0, 504, true, 2);
  EXPECT_EQ(fragment(504, 496, false, 2), Disposition::kTcp)
      << "1000 bytes behind a header of at most 60";
}

// ---- Two last fragments, and data behind the last ----

TEST_F(ReassemblyTest, ASecondLastFragmentDropsThePacket) {
  fragment(504, 8, false, 1);
  fragment(1008, 8, false, 1);
  EXPECT_EQ(count(Count::drop_fragment_overlap), 2u) << "two ends";
  fragment(504, 8, false, 2);
  fragment(512, 8, true, 2);
  EXPECT_EQ(count(Count::drop_fragment_overlap), 4u) << "behind the end";
  fragment(512, 8, true, 3);
  fragment(504, 8, false, 3);
  EXPECT_EQ(count(Count::drop_fragment_overlap), 6u) << "an end before what is there";
  EXPECT_EQ(network_->chunks_held(), 0u);
}

TEST_F(ReassemblyTest, RandomFragmentsLeaveNoChunksBehind) {
  Random random(11);
  for (int round = 0; round < 20000; ++round) {
    // Mostly the quarters of a packet of 64 bytes, which often complete it, and sometimes any
    // fragment.
    const bool usual = random.below(20) != 0;
    const std::size_t offset = usual ? random.below(4) * 16 : random.below(40) * 8;
    const std::size_t length = usual ? 16 : 1 + random.below(64);
    const bool more = usual ? offset != 48 : random.below(3) != 0;
    const auto identification = static_cast<std::uint16_t>(random.below(6));
    if (fragment(offset, length, more, identification) == Disposition::kTcp) {
      ASSERT_TRUE(delivered(packet_.payload.size()));
    }
    ASSERT_TRUE(network_->fragments_balance());
    if (random.below(50) == 0) run_for(1s * random.below(40));
    forget_sent();
  }
  EXPECT_GT(count(Count::packets_reassembled), 0u);
}

}  // namespace
}  // namespace conker
