// Address conflict detection (RFC 5227) and announcements.
#include "stack/ip4/conflict_detection.hpp"
#include "tests/unit/net_fixture.hpp"

namespace conker {
namespace {

using namespace test;

class ConflictDetectionTest : public NetworkTest {
 protected:
  static constexpr IpAddress kNew = IpAddress::v4(10, 77, 0, 50);
  static constexpr AddressOptions kProbe{.probe = true, .give_up = false};

  void add(const AddressOptions& options) {
    ASSERT_EQ(network_->add_address({0}, {kNew, 24}, options), Error::kOk);
  }
  /// Another host sends an ARP packet from an address.
  void claim(const IpAddress& address, const MacAddress& mac = kOtherMac) {
    arp({ArpPacket::Operation::kRequest, mac, address, {}, address}, MacAddress::broadcast());
  }
  AddressState state(const IpAddress& address = kNew) const {
    for (std::uint32_t i = 0; i < network_->address_count(); ++i) {
      if (network_->address(i) == address) return network_->address_record(i).state;
    }
    return AddressState::kDuplicate;
  }
  std::optional<AddressEvent> event() {
    AddressEvent event;
    if (!network_->next_address_event(event)) return std::nullopt;
    return event;
  }
  /// The time that passes until a frame is sent.
  Duration until_sent() {
    const Instant begin = now_;
    while (nothing_sent() && network_->next_deadline() != kNever) {
      advance(std::max(network_->next_deadline(), now_) - now_);
      network_->timers();
    }
    return now_ - begin;
  }
  bool is_announcement(const std::optional<ArpPacket>& packet, const IpAddress& of = kNew) const {
    return packet && to_ == MacAddress::broadcast() &&
           packet->operation == ArpPacket::Operation::kRequest && packet->sender_mac == kOurMac &&
           packet->sender == of && packet->target == of;
  }
};

// ---- Announcing: RFC 5227, 2.3 ----

// RFC 5227, 2.3: two announcements, two seconds apart.
TEST_F(ConflictDetectionTest, ANewAddressIsAnnounced) {
  add({});
  EXPECT_TRUE(network_->is_local(kNew)) << "in use at once";
  EXPECT_EQ(network_->next_deadline(), now_);
  EXPECT_EQ(until_sent(), 0s);
  EXPECT_TRUE(is_announcement(sent_arp()));
  EXPECT_EQ(until_sent(), 2s);
  EXPECT_TRUE(is_announcement(sent_arp()));
  EXPECT_TRUE(nothing_sent());
  EXPECT_EQ(network_->next_deadline(), kNever);
  EXPECT_EQ(count(Count::arp_announcements_out), 2u);
  EXPECT_FALSE(event()) << "nobody has asked for events";
}

// RFC 5227, 2.1: a link that comes up may lead to another network.
TEST_F(ConflictDetectionTest, AnAddressIsAnnouncedAgainWhenTheLinkComesUp) {
  add({});
  run_for(5s);
  while (!nothing_sent()) (void)sent_arp();
  network_->link_up({0});
  EXPECT_TRUE(network_->is_local(kNew)) << "connections hang on it";
  run_for(5s);
  int announced = 0;
  while (!nothing_sent()) announced += is_announcement(sent_arp()) ? 1 : 0;
  EXPECT_EQ(announced, 2);
}

TEST_F(ConflictDetectionTest, ABusyLinkDelaysAnnouncements) {
  link_.busy = true;
  add({});
  run_for(1s);
  EXPECT_EQ(count(Count::arp_announcements_out), 0u);
  link_.busy = false;
  run_for(5s);
  EXPECT_EQ(count(Count::arp_announcements_out), 2u);
}

// ---- Probing: RFC 5227, 2.1.1 ----

TEST_F(ConflictDetectionTest, ProbesBeforeUse) {
  add(kProbe);
  EXPECT_FALSE(network_->is_local(kNew));
  EXPECT_LE(until_sent(), 1s) << "PROBE_WAIT";
  for (int i = 0; i < 3; ++i) {
    const auto probe = sent_arp();
    ASSERT_TRUE(probe) << i;
    EXPECT_EQ(to_, MacAddress::broadcast());
    EXPECT_EQ(probe->operation, ArpPacket::Operation::kRequest);
    EXPECT_EQ(probe->sender, IpAddress::v4(0)) << "nobody's cache is to be touched";
    EXPECT_EQ(probe->sender_mac, kOurMac);
    EXPECT_EQ(probe->target, kNew);
    EXPECT_TRUE(nothing_sent());
    arp_request(kPeer, kPeerMac, kNew);
    EXPECT_TRUE(nothing_sent()) << "it is not ours to answer for";
    const Duration pause = until_sent();
    if (i < 2) {
      EXPECT_GE(pause, 1s) << "PROBE_MIN";
      EXPECT_LE(pause, 2s) << "PROBE_MAX";
    } else {
      EXPECT_EQ(pause, 2s) << "ANNOUNCE_WAIT";
    }
  }
  EXPECT_TRUE(is_announcement(sent_arp()));
  EXPECT_TRUE(network_->is_local(kNew));
  const auto pending = event();
  ASSERT_TRUE(pending);
  EXPECT_EQ(pending->address, kNew);
  EXPECT_EQ(pending->state, AddressState::kPreferred);
  EXPECT_FALSE(pending->conflict);
  EXPECT_FALSE(event());
}

TEST_F(ConflictDetectionTest, PausesBetweenProbesDiffer) {
  std::vector<Duration> pauses;
  for (std::uint8_t i = 60; i < 64; ++i) {
    ASSERT_EQ(network_->add_address({0}, {IpAddress::v4(10, 77, 0, i), 24}, kProbe), Error::kOk);
    pauses.push_back(until_sent());
    run_for(10s);
    forget_sent();
  }
  EXPECT_NE(pauses[0], pauses[1]);
  EXPECT_NE(pauses[1], pauses[2]);
}

// A sender that no neighbour can be (drop_arp_sender) causes no conflict, either.
TEST_F(ConflictDetectionTest, AnInvalidSenderIsNoConflict) {
  add(kProbe);
  run_for(1500ms);
  claim(kNew, MacAddress::broadcast());
  claim(kNew, MacAddress{{1, 0, 0x5e, 0, 0, 1}});
  claim(kNew, MacAddress());
  EXPECT_EQ(state(), AddressState::kTentative);
  EXPECT_EQ(count(Count::arp_conflicts), 0u);
  EXPECT_EQ(count(Count::drop_arp_sender), 3u);
}

TEST_F(ConflictDetectionTest, AReplyToAProbeIsAConflict) {
  add(kProbe);
  run_for(1500ms);
  arp({ArpPacket::Operation::kReply, kOtherMac, kNew, kOurMac, IpAddress::v4(0)});
  EXPECT_EQ(state(), AddressState::kDuplicate);
  const auto pending = event();
  ASSERT_TRUE(pending);
  EXPECT_EQ(pending->state, AddressState::kDuplicate);
  EXPECT_TRUE(pending->conflict);
  EXPECT_EQ(pending->conflicting_host, kOtherMac);
  forget_sent();
  run_for(20s);
  EXPECT_TRUE(nothing_sent());
  EXPECT_FALSE(network_->is_local(kNew));
  EXPECT_EQ(count(Count::addresses_given_up), 1u);
  ASSERT_EQ(network_->add_address({0}, {kNew, 24}), Error::kAddressInUse);
  ASSERT_EQ(network_->remove_address(kNew), Error::kOk);
  add({});
  EXPECT_TRUE(network_->is_local(kNew)) << "the embedder may insist";
}

TEST_F(ConflictDetectionTest, AnotherHostsProbeIsAConflict) {
  add(kProbe);
  arp({ArpPacket::Operation::kRequest, kOtherMac, IpAddress::v4(0), {}, kNew},
      MacAddress::broadcast());
  EXPECT_EQ(state(), AddressState::kDuplicate);
}

TEST_F(ConflictDetectionTest, AReflectedProbeIsNoConflict) {
  add(kProbe);
  arp({ArpPacket::Operation::kRequest, kOurMac, IpAddress::v4(0), {}, kNew},
      MacAddress::broadcast());
  arp({ArpPacket::Operation::kRequest, {{2, 0, 0, 0, 5, 2}}, IpAddress::v4(0), {}, kNew},
      MacAddress::broadcast());
  EXPECT_EQ(state(), AddressState::kTentative) << "nor that of our other interface";
}

TEST_F(ConflictDetectionTest, ArpOnAnotherLinkIsNoConflict) {
  add(kProbe);
  arp({ArpPacket::Operation::kRequest, kOtherMac, kNew, {}, kNew}, MacAddress::broadcast(), 1);
  EXPECT_EQ(state(), AddressState::kTentative);
}

// ---- Defending: RFC 5227, 2.4 ----

TEST_F(ConflictDetectionTest, DefendsOnceInTenSeconds) {
  claim(kOurs);
  EXPECT_TRUE(is_announcement(sent_arp(), kOurs));
  const auto pending = event();
  ASSERT_TRUE(pending);
  EXPECT_EQ(pending->state, AddressState::kPreferred);
  EXPECT_TRUE(pending->conflict);
  EXPECT_EQ(pending->conflicting_host, kOtherMac);
  for (int i = 0; i < 9; ++i) {
    advance(1s);
    claim(kOurs);
  }
  EXPECT_TRUE(nothing_sent()) << "two that both defend must not flood the link";
  advance(1s);
  claim(kOurs);
  EXPECT_TRUE(is_announcement(sent_arp(), kOurs));
  EXPECT_EQ(count(Count::arp_conflicts), 11u);
  EXPECT_EQ(count(Count::arp_defences), 2u);
  EXPECT_TRUE(network_->is_local(kOurs)) << "2.4 (c): kept";
}

TEST_F(ConflictDetectionTest, GivesTheAddressUpUnderThatPolicy) {
  add({.probe = false, .give_up = true});
  run_for(5s);
  forget_sent();
  claim(kNew);
  EXPECT_TRUE(is_announcement(sent_arp())) << "once it is defended";
  EXPECT_EQ(event()->state, AddressState::kPreferred);
  advance(11s);
  claim(kNew);
  EXPECT_TRUE(is_announcement(sent_arp())) << "and again in another interval";
  (void)event();
  advance(9s);
  claim(kNew);
  EXPECT_TRUE(nothing_sent());
  EXPECT_EQ(event()->state, AddressState::kDuplicate) << "2.4 (b)";
  EXPECT_FALSE(network_->is_local(kNew));
  EXPECT_EQ(*network_->source_for(kPeer), kOurs);
}

TEST_F(ConflictDetectionTest, AReplyFromAnAddressInUseIsAConflict) {
  arp({ArpPacket::Operation::kReply, kOtherMac, kOurs, kOurMac, kOurs});
  EXPECT_EQ(count(Count::arp_conflicts), 1u);
}

TEST_F(ConflictDetectionTest, AProbeForAnAddressInUseIsAnsweredAndNoConflict) {
  arp({ArpPacket::Operation::kRequest, kOtherMac, IpAddress::v4(0), {}, kOurs},
      MacAddress::broadcast());
  const auto answer = sent_arp();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->sender, kOurs);
  EXPECT_EQ(count(Count::arp_conflicts), 0u);
}

TEST_F(ConflictDetectionTest, AddressEventsWaitAndAreUpdated) {
  claim(kOurs);
  advance(1s);
  claim(kOurs, kPeerMac);
  const auto pending = event();
  ASSERT_TRUE(pending);
  EXPECT_EQ(pending->conflicting_host, kPeerMac) << "the last one";
  EXPECT_FALSE(event());
  advance(10s);
  claim(kOurs);
  ASSERT_EQ(network_->remove_address(kOurs), Error::kOk);
  EXPECT_FALSE(event()) << "gone with its address";
}

TEST_F(ConflictDetectionTest, RandomArpPackets) {
  for (std::uint8_t i = 50; i < 54; ++i) {
    ASSERT_EQ(
        network_->add_address({0}, {IpAddress::v4(10, 77, 0, i), 24}, {i % 2 == 0, i % 3 == 0}),
        Error::kOk);
  }
  for (int round = 0; round < 3000; ++round) {
    const auto who = IpAddress::v4(10, 77, 0, static_cast<std::uint8_t>(49 + round * 7 % 6));
    if (round % 11 == 0 && network_->remove_address(who) == Error::kOk) {
      ASSERT_EQ(network_->add_address({0}, {who, 24}, {round % 2 == 0, round % 3 == 0}),
                Error::kOk);
    }
    claim(who);
    run_for(1ms * (round * 37 % 3000));
    forget_sent();
    if (round % 5 == 0) (void)event();
  }
  run_for(20s);
  EXPECT_EQ(network_->next_deadline(), kNever);
  for (int left = 0; event(); ++left) ASSERT_LT(left, 10);
}

}  // namespace
}  // namespace conker
