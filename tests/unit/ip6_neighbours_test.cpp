// Neighbour discovery (RFC 4861, 7) and duplicate address detection (RFC 4862, 5.4; RFC 7527).
#include "tests/unit/ip6_fixture.hpp"

namespace conker::test {
namespace {

class NeighbourDiscoveryTest : public Ip6Test {};

// ---- Solicitations of neighbours ----

// RFC 4861, 7.2.4.
TEST_F(NeighbourDiscoveryTest, ASolicitationIsAnswered) {
  solicit(kOurs);
  const auto answer = sent_advertisement();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->target, kOurs);
  EXPECT_TRUE(answer->solicited);
  EXPECT_TRUE(answer->override_entry);
  EXPECT_FALSE(answer->router);
  EXPECT_EQ(answer->target_link, kOurMac);
  EXPECT_EQ(sent_->destination, kPeer);
  EXPECT_EQ(sent_->hop_limit, 255);
  EXPECT_EQ(to_, kPeerMac);
  EXPECT_TRUE(nothing_sent());
}

// RFC 4861, 7.1.1: what a router may have forwarded is none of a neighbour.
TEST_F(NeighbourDiscoveryTest, AHopLimitBelow255IsRefused) {
  solicit(kOurs, false, 254);
  EXPECT_TRUE(nothing_sent());
  EXPECT_EQ(count(Count::drop_nd_malformed), 1u);
}

TEST_F(NeighbourDiscoveryTest, ASolicitationForAnotherHostIsNotAnswered) {
  solicit(IpAddress({0xfd000077, 0, 0, 3}));
  EXPECT_TRUE(nothing_sent());
  EXPECT_EQ(count(Count::drop_nd_unasked), 1u);
}

// RFC 4861, 7.2.3: the sender's entry is stale, so a packet to it leaves at once, and the entry is
// verified DELAY_FIRST_PROBE_TIME later.
TEST_F(NeighbourDiscoveryTest, WhoSolicitsIsSentToAtOnceAndVerifiedLater) {
  solicit(kOurs);
  forget_sent();
  EXPECT_EQ(send(kPeer), Sent::kSent);
  ASSERT_TRUE(sent());
  EXPECT_EQ(to_, kPeerMac);
  run_for(4900ms);
  EXPECT_TRUE(nothing_sent()) << "DELAY";
  run_for(200ms);
  const auto probe = sent_solicitation();
  ASSERT_TRUE(probe) << "PROBE";
  EXPECT_EQ(probe->target, kPeer);
  EXPECT_EQ(sent_->destination, kPeer) << "unicast";
  EXPECT_EQ(to_, kPeerMac);
  advertise(kPeer, true, true);
  run_for(20s);
  EXPECT_TRUE(nothing_sent()) << "REACHABLE";
}

// RFC 4862, 5.4.3: another host that checks our address is told that it is taken.
TEST_F(NeighbourDiscoveryTest, AProbeForAnAddressInUseIsAnsweredToAllNodes) {
  solicit(kOurs, true);
  const auto answer = sent_advertisement();
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->solicited);
  EXPECT_EQ(sent_->destination, kAllNodes);
  EXPECT_EQ(to_, MacAddress::of_group(kAllNodes));
}

// ---- Resolution ----

// RFC 4861, 7.2.2.
TEST_F(NeighbourDiscoveryTest, APacketWaitsForItsNeighbour) {
  EXPECT_EQ(send(kPeer), Sent::kSent);
  const auto question = sent_solicitation();
  ASSERT_TRUE(question);
  EXPECT_EQ(question->target, kPeer);
  EXPECT_EQ(question->source_link, kOurMac);
  EXPECT_EQ(sent_->source, kOurs);
  EXPECT_EQ(sent_->destination, solicited_node(kPeer));
  EXPECT_EQ(to_, MacAddress::of_group(solicited_node(kPeer)));
  EXPECT_TRUE(nothing_sent());
  advertise(kPeer, true, true);
  const auto waited = sent();
  ASSERT_TRUE(waited);
  EXPECT_EQ(waited->next_header, kProtocolTcp);
  EXPECT_EQ(to_, kPeerMac);
}

// RFC 4861, 7.2.2: three requests, a second apart.
TEST_F(NeighbourDiscoveryTest, WhoDoesNotAnswerIsAskedThreeTimes) {
  send(kPeer);
  int questions = 0;
  for (int i = 0; i < 10; ++i) {
    while (sent_solicitation()) ++questions;
    run_for(1s);
  }
  EXPECT_EQ(questions, 3);
  EXPECT_TRUE(network_->neighbour_missing(kPeer));
  EXPECT_EQ(count(Count::neighbours_failed), 1u);
}

// RFC 4861, 7.2.5: an advertisement that nobody asked for makes no entry.
TEST_F(NeighbourDiscoveryTest, AnUnsolicitedAdvertisementMakesNoEntry) {
  advertise(kPeer, false, true);
  EXPECT_EQ(network_->neighbour_count(), 0u);
  EXPECT_EQ(count(Count::drop_nd_unasked), 1u);
}

// RFC 4861, 7.2.5, and appendix C.
TEST_F(NeighbourDiscoveryTest, OnlyAnOverrideReplacesALinkLayerAddress) {
  know();
  advertise(kPeer, false, false, kOtherMac);
  send(kPeer);
  ASSERT_TRUE(sent());
  EXPECT_EQ(to_, kPeerMac) << "kept, but no longer taken for reachable";
  advertise(kPeer, false, true, kOtherMac);
  send(kPeer);
  ASSERT_TRUE(sent());
  EXPECT_EQ(to_, kOtherMac);
}

// RFC 4861, 7.3.3: three unicast probes, and then the next packet resolves the neighbour anew.
TEST_F(NeighbourDiscoveryTest, AProbedNeighbourThatIsSilentIsForgotten) {
  know();
  run_for(settings_.neighbour_reachable + 1s);
  send(kPeer);
  forget_sent();
  run_for(5s);
  int probes = 0;
  for (int i = 0; i < 5; ++i) {
    while (sent_solicitation()) ++probes;
    run_for(1s);
  }
  EXPECT_EQ(probes, 3);
  send(kPeer);
  ASSERT_TRUE(sent_solicitation());
  EXPECT_EQ(sent_->destination, solicited_node(kPeer));
}

// RFC 6980, 5.
TEST_F(NeighbourDiscoveryTest, NoMessageIsTakenFromAFragmentedPacket) {
  NeighbourSolicitation message;
  message.target = kOurs;
  message.source_link = kPeerMac;
  std::array<std::byte, kNdpMostBytes> bytes;
  const std::size_t length = emit_neighbour_solicitation(message, kPeer, kOurs, bytes);
  std::vector<std::byte> payload(kIpv6FragmentHeaderLength);
  emit_ipv6_fragment({.identification = 7}, kProtocolIcmp6, payload);  // an atomic fragment
  payload.insert(payload.end(), bytes.begin(), bytes.begin() + static_cast<long>(length));
  input(from_peer(kIpv6FragmentHeader, kNdpHopLimit), payload);
  EXPECT_TRUE(nothing_sent());
  EXPECT_EQ(count(Count::drop_nd_fragment), 1u);
}

// ---- Duplicate address detection ----

class DuplicateDetectionTest : public Ip6Test {
 protected:
  static constexpr IpAddress kNew{{0xfd000077, 0, 0, 0x42}};
  void add() { ASSERT_EQ(network_->add_address({0}, {kNew, 64}, {.probe = true}), Error::kOk); }
  AddressEvent event() {
    AddressEvent event;
    EXPECT_TRUE(network_->next_address_event(event));
    return event;
  }
};

TEST_F(DuplicateDetectionTest, AnAddressIsAskedForBeforeItIsUsed) {
  add();
  EXPECT_FALSE(network_->is_local(kNew));
  run_for(1100ms);
  const auto probe = sent_solicitation();
  ASSERT_TRUE(probe);
  EXPECT_EQ(probe->target, kNew);
  EXPECT_TRUE(sent_->source.is_unspecified());
  EXPECT_FALSE(probe->source_link);
  EXPECT_TRUE(probe->nonce) << "RFC 7527";
  EXPECT_EQ(sent_->destination, solicited_node(kNew));
  EXPECT_TRUE(nothing_sent());
  run_for(1s);
  EXPECT_TRUE(network_->is_local(kNew));
  EXPECT_EQ(event().state, AddressState::kPreferred);
}

TEST_F(DuplicateDetectionTest, AnAdvertisementMakesItADuplicate) {
  add();
  run_for(1100ms);
  advertise(kNew, false, true, kOtherMac);
  run_for(5s);
  EXPECT_FALSE(network_->is_local(kNew));
  const AddressEvent told = event();
  EXPECT_EQ(told.state, AddressState::kDuplicate);
  EXPECT_EQ(told.conflicting_host, kOtherMac);
}

TEST_F(DuplicateDetectionTest, ASolicitationOfAnotherProberMakesItADuplicate) {
  add();
  solicit(kNew, true);
  run_for(5s);
  EXPECT_FALSE(network_->is_local(kNew));
  EXPECT_EQ(event().state, AddressState::kDuplicate);
}

// RFC 7527, 4.2.
TEST_F(DuplicateDetectionTest, ItsOwnProbeThatComesBackIsNone) {
  add();
  run_for(1100ms);
  link_.flush(now_);
  const auto probe = link_.take();
  input(probe);
  run_for(5s);
  EXPECT_TRUE(network_->is_local(kNew));
  EXPECT_EQ(count(Count::nd_probes_looped), 1u);
}

// RFC 4862, 5.4: a tentative address receives nothing, and who asks for it is not answered.
TEST_F(DuplicateDetectionTest, ATentativeAddressIsSilent) {
  add();
  forget_sent();
  solicit(kNew);
  Ipv6Packet ip = from_peer(kProtocolIcmp6);
  ip.destination = kNew;
  input_icmp(ip, {Icmp6Message::kEchoRequest, 0, 1, {}});
  EXPECT_TRUE(nothing_sent());
}

// RFC 4862, 5.4.4: connections depend on an address in use, so it is kept.
TEST_F(DuplicateDetectionTest, AConflictLaterIsToldAndTheAddressKept) {
  advertise(kOurs, false, true, kOtherMac);
  EXPECT_TRUE(network_->is_local(kOurs));
  const AddressEvent told = event();
  EXPECT_TRUE(told.conflict);
  EXPECT_EQ(told.conflicting_host, kOtherMac);
  EXPECT_TRUE(sent_advertisement()) << "neighbours are told once";
  advertise(kOurs, false, true, kOtherMac);
  EXPECT_TRUE(nothing_sent()) << "and not for each of its messages";
}

// RFC 4291, 2.8.
TEST_F(DuplicateDetectionTest, AnInterfaceHasALinkLocalAddress) {
  const IpAddress link_local = network_->interfaces().link_local({0});
  EXPECT_TRUE(link_local.is_link_local());
  EXPECT_EQ(link_local.zone(), zone_of({0}));
  EXPECT_TRUE(network_->is_local(link_local));
}

}  // namespace
}  // namespace conker::test
