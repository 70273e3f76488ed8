#include "stack/net/neighbours.hpp"
#include "tests/unit/net_fixture.hpp"

namespace conker {
namespace {

using namespace test;

class NeighboursTest : public NetworkTest {
 protected:
  static IpAddress host(int number) {
    return IpAddress::v4(10, 77, 0, static_cast<std::uint8_t>(number));
  }
  static MacAddress mac(int number) { return {{2, 0, 0, 0, 1, static_cast<std::uint8_t>(number)}}; }
};

// ---- Resolution ----

TEST_F(NeighboursTest, ResolvesByBroadcastAndSendsQueuedPackets) {
  EXPECT_EQ(send(kPeer, "first"), Sent::kSent);
  EXPECT_TRUE(network_->neighbour_missing(kPeer));
  const auto request = sent_arp();
  ASSERT_TRUE(request);
  EXPECT_EQ(to_, MacAddress::broadcast());
  EXPECT_EQ(request->operation, ArpPacket::Operation::kRequest);
  EXPECT_EQ(request->sender_mac, kOurMac);
  EXPECT_EQ(request->sender, kOurs);
  EXPECT_EQ(request->target, kPeer);
  EXPECT_EQ(send(kPeer, "second"), Sent::kSent);
  EXPECT_TRUE(nothing_sent()) << "one question is enough";
  EXPECT_GT(network_->chunks_held(), 0u);

  arp_reply();
  EXPECT_FALSE(network_->neighbour_missing(kPeer));
  EXPECT_EQ(sent_text(), "first");
  EXPECT_EQ(to_, kPeerMac);
  EXPECT_EQ(sent_text(), "second");
  EXPECT_TRUE(nothing_sent());
  EXPECT_EQ(network_->chunks_held(), 0u);
  EXPECT_EQ(chunks_.taken(), chunks_.returned());
  EXPECT_EQ(count(Count::neighbours_resolved), 1u);
  EXPECT_EQ(network_->next_deadline(), kNever) << "who is known and rests needs no timer";
}

TEST_F(NeighboursTest, SendsLargeQueuedPacketsInSeveralParts) {
  std::string text(1400, 'x');
  text += "end";
  EXPECT_EQ(send(kPeer, text), Sent::kSent);
  ASSERT_TRUE(sent_arp());
  arp_reply();
  EXPECT_EQ(sent_text(), text);
  EXPECT_LE(link_.longest_front, 114u) << "the first part holds no more than headers may";
  EXPECT_EQ(chunks_.taken(), chunks_.returned());
}

// The smallest chunks and the fewest pieces that the capacities allow.
class NeighboursOfSmallChunksTest : public NetworkTest {
 protected:
  NeighboursOfSmallChunksTest() : NetworkTest(capacities()) {}
  static Capacities capacities() {
    Capacities capacities = small();
    capacities.chunk_bytes = 128;
    capacities.pieces = 3;
    return capacities;
  }
};

TEST_F(NeighboursOfSmallChunksTest, SendQueuedPacketsAtAnyOffsetInAChunk) {
  for (std::size_t first = 1; first <= 128; ++first) {
    const IpAddress to = IpAddress::v4(10, 77, 0, static_cast<std::uint8_t>(2 + first));
    const std::string before(first, 'b');
    const std::string text(1460, 'x');
    EXPECT_EQ(send(to, before), Sent::kSent);
    EXPECT_EQ(send(to, text), Sent::kSent);
    ASSERT_TRUE(sent_arp());
    arp_reply(to);
    ASSERT_EQ(sent_text(), before);
    ASSERT_EQ(sent_text(), text) << first;
  }
  EXPECT_EQ(chunks_.taken(), chunks_.returned());
}

TEST_F(NeighboursTest, FailsAfterThreeRequestsASecondApart) {
  EXPECT_EQ(send(kPeer), Sent::kSent);
  ASSERT_TRUE(sent_arp());
  run_for(999ms);
  EXPECT_TRUE(nothing_sent());
  run_for(1ms);
  ASSERT_TRUE(sent_arp());
  run_for(1s);
  ASSERT_TRUE(sent_arp());
  run_for(999ms);
  EXPECT_EQ(count(Count::drop_neighbour_queue), 0u);
  run_for(1ms);
  EXPECT_TRUE(nothing_sent());
  EXPECT_EQ(count(Count::neighbours_failed), 1u);
  EXPECT_EQ(count(Count::drop_neighbour_queue), 1u);
  EXPECT_EQ(chunks_.taken(), chunks_.returned());
  EXPECT_TRUE(network_->neighbour_missing(kPeer)) << "it has not answered at all";
  EXPECT_EQ(network_->next_deadline(), kNever);

  // Resolution starts anew with the next packet.
  EXPECT_EQ(send(kPeer, "again"), Sent::kSent);
  ASSERT_TRUE(sent_arp());
  EXPECT_EQ(to_, MacAddress::broadcast());
  arp_reply();
  EXPECT_EQ(sent_text(), "again");
}

TEST_F(NeighboursTest, DropsTheOldestWhenTheQueueIsFull) {
  for (int i = 0; i < Neighbours::kQueuedPackets + 2; ++i)
    EXPECT_EQ(send(kPeer, std::to_string(i)), Sent::kSent);
  EXPECT_EQ(count(Count::drop_neighbour_queue), 2u);
  ASSERT_TRUE(sent_arp());
  arp_reply();
  for (int i = 2; i < Neighbours::kQueuedPackets + 2; ++i)
    EXPECT_EQ(sent_text(), std::to_string(i));
  EXPECT_TRUE(nothing_sent());
}

TEST_F(NeighboursTest, AtTheCeilingTheLatestPacketIsKept) {
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(send(kPeer, std::string(1200, static_cast<char>('a' + i))), Sent::kSent);
  EXPECT_LE(chunks_.held(Use::kNeighbours), chunks_.ceiling(Use::kNeighbours));
  EXPECT_EQ(count(Count::drop_neighbour_queue), 17u);
  ASSERT_TRUE(sent_arp());
  arp_reply();
  for (int i = 17; i < 20; ++i)
    EXPECT_EQ(sent_text(), std::string(1200, static_cast<char>('a' + i)));
  EXPECT_EQ(chunks_.taken(), chunks_.returned());
}

TEST_F(NeighboursTest, ALaterNeighbourTakesTheRoomOfTheOldestPacket) {
  chunks_.open(Use::kSend, chunks_.capacity() - 3 * chunks_.chunks_for(1202), chunks_.capacity());
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(send(host(50), std::string(1200, static_cast<char>('a' + i))), Sent::kSent);
  ASSERT_LT(chunks_.available(Use::kNeighbours), chunks_.chunks_for(1200));
  EXPECT_EQ(send(host(51), std::string(1200, 'z')), Sent::kSent);
  EXPECT_GE(count(Count::drop_neighbour_queue), 1u);
  ASSERT_TRUE(sent_arp());
  ASSERT_TRUE(sent_arp());
  arp_reply(host(51));
  EXPECT_EQ(sent_text(), std::string(1200, 'z'));
  arp_reply(host(50));
  for (auto dropped = count(Count::drop_neighbour_queue); dropped < 3; ++dropped)
    EXPECT_EQ(sent_text(), std::string(1200, static_cast<char>('a' + dropped)));
  EXPECT_TRUE(nothing_sent());
}

TEST_F(NeighboursTest, QueuedPacketsHaveTheirFloorInAFullPool) {
  chunks_.open(Use::kSend, 0, chunks_.capacity());
  std::vector<std::uint32_t> taken;
  for (std::uint32_t at; (at = chunks_.take(Use::kSend, Claim::kFirst)) != conker::kNone;)
    taken.push_back(at);
  EXPECT_EQ(send(kPeer, std::string(1400, 'x')), Sent::kSent);
  arp_reply();
  ASSERT_TRUE(sent_arp());
  EXPECT_EQ(sent_text(), std::string(1400, 'x'));
  for (const std::uint32_t chunk : taken) chunks_.give_back(chunk);
}

TEST_F(NeighboursTest, ASilentNeighbourDoesNotDelayAnother) {
  EXPECT_EQ(send(host(50)), Sent::kSent);
  ASSERT_TRUE(sent_arp());
  know();
  EXPECT_EQ(send(kPeer, "straight"), Sent::kSent);
  EXPECT_EQ(sent_text(), "straight");
}

TEST_F(NeighboursTest, ABusyLinkDropsQueuedPacketsAndCountsThem) {
  EXPECT_EQ(send(kPeer), Sent::kSent);
  link_.busy = true;
  arp_reply();
  EXPECT_EQ(count(Count::frames_refused), 1u);
  EXPECT_EQ(count(Count::drop_neighbour_queue), 1u);
  EXPECT_EQ(chunks_.taken(), chunks_.returned());
}

// ---- Lifetime of entries ----

TEST_F(NeighboursTest, AStaleEntryIsUsedDuringTheUnicastPoll) {
  know();
  run_for(60s);
  EXPECT_TRUE(nothing_sent()) << "nobody is asked who is not needed";
  EXPECT_EQ(send(kPeer, "still"), Sent::kSent);
  ASSERT_TRUE(sent_arp());
  EXPECT_EQ(to_, kPeerMac);
  EXPECT_EQ(sent_text(), "still");
  EXPECT_FALSE(network_->neighbour_missing(kPeer));
  EXPECT_EQ(send(kPeer, "and still"), Sent::kSent);
  EXPECT_EQ(sent_text(), "and still");
  arp_reply();
  EXPECT_EQ(network_->next_deadline(), kNever);
  EXPECT_EQ(count(Count::neighbours_resolved), 1u) << "it was known all the time";
  run_for(59s);
  EXPECT_EQ(send(kPeer, "fresh"), Sent::kSent);
  EXPECT_EQ(sent_text(), "fresh");
  EXPECT_TRUE(nothing_sent());
}

TEST_F(NeighboursTest, AnUnansweredUnicastPollIsFollowedByBroadcast) {
  know();
  run_for(60s);
  EXPECT_EQ(send(kPeer, "1"), Sent::kSent);
  run_for(3s);
  EXPECT_EQ(count(Count::arp_out), 1u + 3u) << "our answer, and three questions";
  EXPECT_EQ(count(Count::neighbours_failed), 1u);
  forget_sent();
  EXPECT_EQ(send(kPeer, "2"), Sent::kSent);
  ASSERT_TRUE(sent_arp());
  EXPECT_EQ(to_, MacAddress::broadcast());
  arp_reply(kPeer, kOtherMac);
  EXPECT_EQ(sent_text(), "2");
  EXPECT_EQ(to_, kOtherMac) << "it may have another link address now";
}

// ---- ARP packets received ----

TEST_F(NeighboursTest, AnswersRequestsForItsAddressAndLearnsTheSender) {
  arp_request();
  const auto reply = sent_arp();
  ASSERT_TRUE(reply);
  EXPECT_EQ(to_, kPeerMac);
  EXPECT_EQ(reply->operation, ArpPacket::Operation::kReply);
  EXPECT_EQ(reply->sender_mac, kOurMac);
  EXPECT_EQ(reply->sender, kOurs);
  EXPECT_EQ(reply->target_mac, kPeerMac);
  EXPECT_EQ(reply->target, kPeer);
  EXPECT_EQ(send(kPeer, "known"), Sent::kSent);
  EXPECT_EQ(sent_text(), "known");
}

TEST_F(NeighboursTest, ARequestFromANeighbourBeingResolvedResolvesIt) {
  EXPECT_EQ(send(kPeer, "waited"), Sent::kSent);
  ASSERT_TRUE(sent_arp());
  arp_request();
  ASSERT_TRUE(sent_arp());
  EXPECT_EQ(sent_text(), "waited");
}

TEST_F(NeighboursTest, DoesNotAnswerForAddressesOfOthersOrOfAnotherInterface) {
  arp_request(kPeer, kPeerMac, host(77));
  arp_request(kPeer, kPeerMac, IpAddress::v4(192, 168, 5, 2));
  EXPECT_TRUE(nothing_sent());
  EXPECT_EQ(count(Count::drop_arp_unasked), 2u);
  EXPECT_EQ(send(kPeer), Sent::kSent);
  EXPECT_TRUE(sent_arp()) << "and has learned nothing";
}

TEST_F(NeighboursTest, AnswersAProbeWithoutLearning) {
  arp_request(IpAddress::v4(0));
  const auto reply = sent_arp();
  ASSERT_TRUE(reply) << "RFC 5227: whoever wants our address must hear that it is taken";
  EXPECT_EQ(reply->sender, kOurs);
  EXPECT_EQ(count(Count::neighbours_resolved), 0u);
}

TEST_F(NeighboursTest, AnUnsolicitedReplyNeitherCreatesNorOverwrites) {
  arp_reply();
  EXPECT_EQ(count(Count::drop_arp_unasked), 1u);
  EXPECT_EQ(send(kPeer), Sent::kSent);
  ASSERT_TRUE(sent_arp()) << "nothing was created";
  arp_reply();
  (void)sent_ip();
  arp_reply(kPeer, kOtherMac);
  ASSERT_TRUE(sent_arp());
  EXPECT_EQ(to_, kPeerMac) << "the one that we know is asked";
  EXPECT_EQ(send(kPeer, "x"), Sent::kSent);
  EXPECT_EQ(sent_text(), "x");
  EXPECT_EQ(to_, kPeerMac) << "nothing was overwritten";
}

// RFC 1122, 2.3.2.1. The second claim is verified at once: the address may have moved behind the
// first reply.
TEST_F(NeighboursTest, TwoClaimsAreVerifiedInARowAndThenOneASecond) {
  const auto heard = [this] {
    arp_request(kPeer, kOtherMac, kPeer);
    const bool asked = sent_arp().has_value() && to_ == kPeerMac;
    if (asked) arp_reply();
    forget_sent();
    return asked;
  };
  know();
  EXPECT_TRUE(heard());
  EXPECT_TRUE(heard());
  EXPECT_FALSE(heard());
  EXPECT_EQ(count(Count::drop_arp_unasked), 1u);
  arp_request();
  forget_sent();
  EXPECT_FALSE(heard()) << "a question in its name makes it no more";
  run_for(999ms);
  EXPECT_FALSE(heard());
  run_for(1ms);
  EXPECT_TRUE(heard());
  EXPECT_FALSE(heard());
  run_for(60s);
  EXPECT_TRUE(heard());
  EXPECT_TRUE(heard());
  EXPECT_FALSE(heard()) << "what was not used is not saved";
}

TEST_F(NeighboursTest, GratuitousAnnouncementsNeitherCreateNorOverwrite) {
  arp_request(kPeer, kPeerMac, kPeer);
  EXPECT_EQ(send(kPeer), Sent::kSent);
  ASSERT_TRUE(sent_arp());
  arp_reply();
  (void)sent_ip();
  run_for(1s);
  arp_request(kPeer, kOtherMac, kPeer);
  arp({ArpPacket::Operation::kReply, kOtherMac, kPeer, MacAddress::broadcast(), kPeer},
      MacAddress::broadcast());
  forget_sent();
  EXPECT_EQ(send(kPeer, "x"), Sent::kSent);
  EXPECT_EQ(sent_text(), "x");
  EXPECT_EQ(to_, kPeerMac);
}

// RFC 826, "Packet Reception"; RFC 5227, 3; RFC 5798, 8.2.1: the known owner has the chance to
// answer first.
TEST_F(NeighboursTest, AnAnnouncedMoveIsFollowedWithinHalfASecond) {
  know();
  arp_request(kPeer, kOtherMac, kPeer);
  const auto poll = sent_arp();
  ASSERT_TRUE(poll);
  EXPECT_EQ(to_, kPeerMac) << "the one we know is asked";
  EXPECT_EQ(poll->target, kPeer);
  EXPECT_EQ(send(kPeer, "x"), Sent::kSent);
  EXPECT_EQ(sent_text(), "x");
  EXPECT_EQ(to_, kPeerMac);
  arp_reply(kPeer, kOtherMac);
  EXPECT_EQ(send(kPeer, "y"), Sent::kSent);
  EXPECT_EQ(sent_text(), "y");
  EXPECT_EQ(to_, kPeerMac) << "as long as it may still answer";

  run_for(500ms);
  ASSERT_TRUE(sent_arp());
  EXPECT_EQ(to_, MacAddress::broadcast()) << "RFC 1122, 2.3.2.1: it did not";
  arp_reply(kPeer, kOtherMac);
  EXPECT_EQ(send(kPeer, "z"), Sent::kSent);
  EXPECT_EQ(sent_text(), "z");
  EXPECT_EQ(to_, kOtherMac);
}

TEST_F(NeighboursTest, ForgedAnnouncementsChangeNoEntryAndCauseOneRequestASecond) {
  know();
  const std::uint64_t before = count(Count::arp_out);
  for (int i = 0; i < 1000; ++i) {
    arp_request(kPeer, mac(i % 200 + 10), kPeer);
    if (const auto poll = sent_arp(); poll && to_ == kPeerMac) arp_reply();
    forget_sent();
    run_for(10ms);
    EXPECT_EQ(send(kPeer, "x"), Sent::kSent);
    ASSERT_EQ(sent_text(), "x");
    ASSERT_EQ(to_, kPeerMac) << "announcement " << i;
  }
  EXPECT_LE(count(Count::arp_out) - before, 11u) << "in 10 s (RFC 1122, 2.3.2.1)";
  EXPECT_GE(count(Count::neighbours_doubted), 9u);
}

TEST_F(NeighboursTest, AConflictingClaimIsVerifiedWithTheKnownOwner) {
  know();
  arp_request(kPeer, kOtherMac);
  ASSERT_TRUE(sent_arp()) << "its question is answered";
  EXPECT_EQ(to_, kOtherMac);
  ASSERT_TRUE(sent_arp());
  EXPECT_EQ(to_, kPeerMac) << "and the one we know is asked";
  arp_reply();
  EXPECT_EQ(send(kPeer, "x"), Sent::kSent);
  EXPECT_EQ(sent_text(), "x");
  EXPECT_EQ(to_, kPeerMac);
}

// RFC 826: the target of a request answers, whatever network the sender's address is in.
TEST_F(NeighboursTest, AnswersSendersOutsideOfItsPrefixesWithoutLearning) {
  for (const IpAddress& sender : {IpAddress::v4(192, 0, 2, 1), IpAddress::v4(192, 168, 5, 3)}) {
    arp_request(sender);
    const auto reply = sent_arp();
    ASSERT_TRUE(reply);
    EXPECT_EQ(to_, kPeerMac);
    EXPECT_EQ(reply->sender, kOurs);
    EXPECT_EQ(reply->target, sender);
  }
  EXPECT_EQ(count(Count::neighbours_resolved), 0u);
  EXPECT_EQ(count(Count::drop_arp_sender), 0u);
}

// An entry made from a received request is the first to be evicted.
TEST_F(NeighboursTest, AFloodOfRequestsEvictsAtMostOneNeighbourInUse) {
  for (int i = 10; i < 10 + static_cast<int>(kNeighbours); ++i) {
    know(host(i), mac(i));
    EXPECT_EQ(send(host(i), "in use"), Sent::kSent);
  }
  for (int i = 100; i < 200; ++i) know(host(i), mac(i));
  int still = 0;
  for (int i = 11; i < 10 + static_cast<int>(kNeighbours); ++i) {
    EXPECT_EQ(send(host(i), "x"), Sent::kSent);
    still += sent_text() == "x" ? 1 : 0;
    forget_sent();
  }
  EXPECT_EQ(still, static_cast<int>(kNeighbours) - 1);
}

TEST_F(NeighboursTest, PacketsWithTheHostsOwnLinkAddressAreIgnored) {
  for (const MacAddress& ours : {kOurMac, MacAddress{{2, 0, 0, 0, 5, 2}}}) {
    arp_request(kPeer, ours);
    EXPECT_TRUE(nothing_sent());
    EXPECT_EQ(send(kPeer), Sent::kSent);
    ASSERT_TRUE(sent_arp()) << "it is asked for";
    arp_reply(kPeer, ours);
    EXPECT_TRUE(nothing_sent()) << "and this is no answer";
    run_for(10s);
    forget_sent();
  }
  EXPECT_EQ(count(Count::drop_arp_sender), 4u);
  EXPECT_EQ(count(Count::neighbours_resolved), 0u);
}

TEST_F(NeighboursTest, RefusesInvalidSenders) {
  arp_request(kOurs, kOurMac);                               // the host's own packet, reflected
  arp_request(host(255));                                    // broadcast
  arp_request(IpAddress::v4(127, 0, 0, 1));                  // loopback
  arp_request(IpAddress::v4(192, 168, 5, 15));               // broadcast on another interface
  arp_request(IpAddress::v4(224, 0, 0, 1));                  // multicast
  arp_request(kPeer, MacAddress::broadcast());               // group
  arp_request(kPeer, MacAddress{{0x01, 0, 0x5e, 0, 0, 1}});  // group
  arp_request(kPeer, MacAddress());                          // null address
  EXPECT_TRUE(nothing_sent());
  EXPECT_EQ(count(Count::drop_arp_sender), 8u);
}

TEST_F(NeighboursTest, CountsMalformedPackets) {
  input(ethernet(kEtherTypeArp, hex("0001 0800 06 04 0001 0200")));
  input(ethernet(kEtherTypeArp,
                 hex("0001 0800 08 04 0001 020000000001 0a4d0001 000000000000 0a4d0002")));
  EXPECT_EQ(count(Count::drop_arp_malformed), 2u);
  EXPECT_EQ(count(Count::arp_in), 0u);
}

// ---- The cap ----

TEST_F(NeighboursTest, EvictsTheLeastRecentlyUsedEntry) {
  for (int i = 10; i < 10 + static_cast<int>(kNeighbours); ++i) {
    know(host(i), mac(i));
    EXPECT_EQ(send(host(i), "in use"), Sent::kSent);
    (void)sent_text();
  }
  EXPECT_EQ(send(host(10), "kept alive"), Sent::kSent);
  (void)sent_text();
  know(host(20), mac(20));
  EXPECT_EQ(count(Count::neighbours_evicted), 1u);
  EXPECT_EQ(send(host(10), "still"), Sent::kSent);
  EXPECT_EQ(sent_text(), "still");
  EXPECT_EQ(send(host(11), "gone"), Sent::kSent);
  EXPECT_TRUE(sent_arp());
}

TEST_F(NeighboursTest, EvictionFreesQueuedPackets) {
  for (int i = 10; i < 30; ++i) {
    EXPECT_EQ(send(host(i)), Sent::kSent);
    advance(10ms);
  }
  EXPECT_EQ(count(Count::neighbours_evicted), 20 - kNeighbours);
  EXPECT_EQ(count(Count::drop_neighbour_queue), 20 - kNeighbours);
  EXPECT_EQ(network_->chunks_held(), kNeighbours);
  run_for(10s);
  EXPECT_EQ(count(Count::neighbours_failed), kNeighbours);
  EXPECT_EQ(chunks_.taken(), chunks_.returned());
  EXPECT_EQ(network_->next_deadline(), kNever);
}

TEST_F(NeighboursTest, RandomTrafficLeavesNoChunksBehind) {
  for (int round = 0; round < 5000; ++round) {
    const int who = 10 + round * 7 % 13;
    switch (round * 11 % 5) {
      case 0:
        arp_request(host(who), mac(who));
        break;
      case 1:
        arp_reply(host(who), mac(who));
        break;
      case 2:
        network_->timers();
        break;
      default:
        (void)send(host(who));
        break;
    }
    advance(1ms * (round * 31 % 900));
    forget_sent();
  }
  run_for(10s);
  EXPECT_EQ(network_->chunks_held(), 0u);
  EXPECT_EQ(chunks_.taken(), chunks_.returned());
}

}  // namespace
}  // namespace conker
