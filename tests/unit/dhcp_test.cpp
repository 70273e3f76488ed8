#include "stack/dhcp/client.hpp"
#include "tests/support/random.hpp"
#include "tests/unit/datagram_scene.hpp"
#include "tests/unit/dhcp_message.hpp"

namespace conker {
namespace {

using namespace test;

constexpr IpAddress kServer = kPeerAddress, kOther = IpAddress::v4(10, 0, 0, 3);
constexpr IpAddress kLeased = IpAddress::v4(10, 0, 0, 10), kRouter = IpAddress::v4(10, 0, 0, 254);
constexpr IpAddress kEverybody = IpAddress::v4(0xffffffff), kNobody = IpAddress::v4(0);
constexpr int kDiscover = 1, kOffer = 2, kRequest = 3, kDecline = 4, kAcknowledge = 5, kRefuse = 6,
              kRelease = 7;

class DhcpTest : public ::testing::Test {
 protected:
  DhcpTest() {
    scene_.on_udp_event = [this](const UdpEvent& event) { client().on_event(event); };
    scene_.step = [this] {
      for (AddressEvent event; scene_.stack().next_address_event(event);) client().on_event(event);
      client().step();
      for (DhcpEvent event; client().next_event(event);) {
        events_ |= event.mask;
        if (event.has(DhcpEvent::kLost)) lost_ = event.lost;
      }
    };
    scene_.deadline = [this] { return client().next_deadline(); };
    DhcpSettings settings;
    settings.link_local = false;
    make(settings);
  }
  void make(const DhcpSettings& settings) {
    if (client_) {
      client_->stop();
      scene_.advance(2s);
      scene_.forget();
    }
    client_.emplace(settings, scene_.udp(), Entropy{{21, 22}});
  }
  DhcpClient& client() { return *client_; }
  void start(std::optional<IpAddress> previous = std::nullopt) {
    scene_.stack().begin(scene_.now());
    EXPECT_EQ(client().start(previous), Error::kOk);
    scene_.turn();
  }

  /// The client's next message, at most `limit` from now.
  DhcpHeard heard(int type, Duration limit = 100s) {
    if (scene_.sent_count() == 0) scene_.advance_until_sent(limit);
    const auto sent = scene_.sent();
    if (!sent) {
      ADD_FAILURE() << "nothing was sent";
      return DhcpHeard(repeated(300, '\0'));
    }
    EXPECT_EQ(sent->source_port, 68);
    EXPECT_EQ(sent->destination_port, 67);
    from_ = sent->source;
    to_ = sent->destination;
    DhcpHeard message(sent->data);
    EXPECT_EQ(message.type, type);
    xid_ = message.xid;
    return message;
  }
  DhcpReply reply(int type, std::size_t lease = 3600) {
    DhcpReply reply;
    reply.xid = xid_;
    reply.with(53, std::string(1, static_cast<char>(type))).with(54, be32(kServer.v4_bits()));
    if (type == kRefuse) {
      reply.yours = 0;
    } else {
      reply.with(1, be32(0xffffff00)).with(51, be32(lease));
    }
    return reply;
  }
  void answer(const DhcpReply& reply, const IpAddress& from = kServer) {
    const bool by_name = client().state() == DhcpState::kRenewing;
    scene_.arrives({from, by_name ? kLeased : kEverybody, 67, 68, reply.text()}, !by_name);
  }
  /// Continues to the ACK; the stack begins to probe.
  void acknowledged(const DhcpReply& ack_options, std::size_t lease = 3600) {
    start();
    heard(kDiscover);
    answer(reply(kOffer, lease));
    heard(kRequest);
    DhcpReply ack = reply(kAcknowledge, lease);
    ack.options += ack_options.options;
    answer(ack);
  }
  void bound(const DhcpReply& ack_options = {}, std::size_t lease = 3600) {
    acknowledged(ack_options, lease);
    bound_at_ = scene_.now();
    scene_.advance(8s);
    ASSERT_EQ(client().state(), DhcpState::kBound);
  }
  DhcpState state() { return client().state(); }
  std::uint64_t count(Count what) const { return scene_.count(what); }
  int events() { return std::exchange(events_, 0); }

  DatagramScene scene_{false};
  std::optional<DhcpClient> client_;
  std::uint32_t xid_ = 0;
  IpAddress from_, to_, lost_;
  Instant bound_at_{};
  int events_ = 0;
};

// ---- Getting a lease ----

// RFC 2131, 3.1 and 4.4.1
TEST_F(DhcpTest, LeaseByDiscoverOfferRequestAck) {
  start();
  const DhcpHeard discover = heard(kDiscover, 1100ms);
  EXPECT_EQ(from_, kNobody);
  EXPECT_EQ(to_, kEverybody);
  EXPECT_TRUE(discover.broadcast) << "4.1: it cannot hear what is for one host";
  EXPECT_EQ(discover.ciaddr, 0u);
  EXPECT_EQ(discover.options.count(50), 0u);
  EXPECT_EQ(discover.options.at(55), "\1\3\6\x33\x3a\x3b");
  EXPECT_EQ(state(), DhcpState::kSelecting);

  answer(reply(kOffer));
  const DhcpHeard request = heard(kRequest, 1ms);
  EXPECT_EQ(state(), DhcpState::kRequesting);
  EXPECT_EQ(request.xid, discover.xid);
  EXPECT_EQ(request.options.at(50), be32(kLeased.v4_bits()));
  EXPECT_EQ(request.options.at(54), be32(kServer.v4_bits()));
  EXPECT_EQ(request.ciaddr, 0u);
  EXPECT_EQ(from_, kNobody);
  EXPECT_EQ(to_, kEverybody) << "3.1, 3: the others hear that they were not chosen";

  answer(reply(kAcknowledge).with(3, be32(kRouter.v4_bits())).with(6, be32(kRouter.v4_bits())));
  EXPECT_EQ(state(), DhcpState::kChecking);
  EXPECT_EQ(client().lease(), nullptr);
  EXPECT_FALSE(scene_.stack().network().is_local(kLeased)) << "4.4.1: not before it was checked";
  scene_.advance(8s);
  EXPECT_EQ(scene_.probes.size(), 3u) << "RFC 5227, 2.1.1";
  EXPECT_EQ(scene_.probes.front(), kLeased);
  EXPECT_EQ(state(), DhcpState::kBound);
  EXPECT_EQ(events(), DhcpEvent::kLease);
  ASSERT_NE(client().lease(), nullptr);
  EXPECT_EQ(client().lease()->address, (Prefix{kLeased, 24}));
  EXPECT_EQ(client().lease()->dns_count, 1);
  EXPECT_EQ(*scene_.stack().network().source_for(IpAddress::v4(8, 8, 8, 8)), kLeased)
      << "over its router";
  EXPECT_FALSE(scene_.announcements.empty());
}

// RFC 2131, 4.1: retransmission after 4 s, doubled up to 64 s, plus or minus one.
TEST_F(DhcpTest, DiscoverBacksOffExponentially) {
  start();
  const DhcpHeard first = heard(kDiscover);
  Instant before = scene_.now();
  for (const auto base : {4s, 8s, 16s, 32s, 64s, 64s}) {
    const DhcpHeard again = heard(kDiscover);
    EXPECT_GE(scene_.now() - before, base - 1s);
    EXPECT_LE(scene_.now() - before, base + 1s + 10ms);
    EXPECT_EQ(again.xid, first.xid) << "an answer to the first one is still good";
    EXPECT_GT(again.secs, 0u);
    before = scene_.now();
  }
}

TEST_F(DhcpTest, DiscoverGoesOnForHoursWithoutAServer) {
  start();
  const DhcpHeard first = heard(kDiscover);
  for (int i = 1; i < 300; ++i) {
    const Instant before = scene_.now();
    const DhcpHeard again = heard(kDiscover);
    EXPECT_EQ(again.xid, first.xid);
    if (i > 5) {
      EXPECT_GE(scene_.now() - before, 63s) << "message " << i;
    }
  }
  answer(reply(kOffer));
  heard(kRequest, 1ms);
}

// RFC 2131, 3.1, 5: after four requests without an answer the client restarts.
TEST_F(DhcpTest, UnansweredRequestReturnsToInit) {
  start();
  const DhcpHeard first = heard(kDiscover);
  answer(reply(kOffer));
  for (int i = 0; i < 4; ++i) heard(kRequest);
  const DhcpHeard anew = heard(kDiscover);
  EXPECT_NE(anew.xid, first.xid);
}

// RFC 2131, 4.3.2: INIT-REBOOT.
TEST_F(DhcpTest, InitRebootRequestsTheEarlierAddress) {
  start(kLeased);
  const DhcpHeard request = heard(kRequest);
  EXPECT_EQ(state(), DhcpState::kRebooting);
  EXPECT_EQ(request.options.at(50), be32(kLeased.v4_bits()));
  EXPECT_EQ(request.options.count(54), 0u);
  EXPECT_EQ(request.ciaddr, 0u);
  answer(reply(kAcknowledge));
  scene_.advance(8s);
  EXPECT_EQ(state(), DhcpState::kBound);
}

TEST_F(DhcpTest, InitRebootIsRefusedOrNotAnswered) {
  start(kLeased);
  heard(kRequest);
  answer(reply(kRefuse));
  EXPECT_EQ(heard(kDiscover).options.count(50), 0u) << "not that one any more";
  make({.interface = {}, .link_local = false});
  start(kLeased);
  heard(kRequest);
  heard(kRequest);
  EXPECT_EQ(heard(kDiscover).options.at(50), be32(kLeased.v4_bits()))
      << "4.4.1: it may still be had";
}

// ---- Renewal, rebinding, expiry and release ----

// RFC 2131, 4.4.5: T1 is half of the lease, and the request is unicast to the server.
TEST_F(DhcpTest, RenewsAtT1ByUnicast) {
  bound({}, 1000);
  (void)events();
  const DhcpHeard request = heard(kRequest, 600s);
  EXPECT_NEAR(static_cast<double>((scene_.now() - bound_at_) / 1s), 500, 1);
  EXPECT_EQ(state(), DhcpState::kRenewing);
  EXPECT_EQ(from_, kLeased);
  EXPECT_EQ(to_, kServer);
  EXPECT_EQ(request.ciaddr, kLeased.v4_bits());
  EXPECT_FALSE(request.broadcast);
  EXPECT_EQ(request.options.count(50), 0u) << "table 4";
  EXPECT_EQ(request.options.count(54), 0u);
  const Instant asked = scene_.now();
  scene_.advance(2s);
  answer(reply(kAcknowledge, 1000));
  EXPECT_EQ(state(), DhcpState::kBound);
  EXPECT_EQ(client().lease()->expires, asked + 1000s) << "it runs from the request (4.4.1)";
  EXPECT_EQ(events(), DhcpEvent::kLease);
  EXPECT_EQ(scene_.probes.size(), 3u) << "not probed again";
}

// RFC 2131, 4.4.5: T2 is 7/8 of the lease; then the client broadcasts; at the end it stops using
// the address.
class DhcpWeeks : public DhcpTest, public ::testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(Days, DhcpWeeks, ::testing::Values(26, 50, 75, 125, 400));

TEST_P(DhcpWeeks, ALongLeaseIsRenewedAtT1) {  // RFC 2131, 4.4.5
  bound({}, static_cast<std::size_t>(GetParam()) * 2 * 86'400);
  (void)heard(kRequest, (GetParam() + 1) * 24h);
  EXPECT_NEAR(static_cast<double>((scene_.now() - bound_at_) / 1s), GetParam() * 86'400.0, 1);
  EXPECT_EQ(state(), DhcpState::kRenewing);
}

TEST_F(DhcpTest, RebindsAtT2AndLosesTheLeaseAtItsEnd) {
  bound(DhcpReply().with(3, be32(kRouter.v4_bits())), 1000);
  const Instant began = bound_at_;
  std::vector<int> renews;
  while (state() != DhcpState::kRebinding) {
    heard(kRequest, 1000s);
    if (state() == DhcpState::kRenewing)
      renews.push_back(static_cast<int>((scene_.now() - began) / 1s));
  }
  EXPECT_EQ(renews, (std::vector<int>{500, 687, 781, 841}))
      << "half of what remains, not below a minute";
  EXPECT_EQ((scene_.now() - began) / 1s, 875);
  EXPECT_EQ(to_, kEverybody);
  EXPECT_EQ(from_, kLeased);
  (void)events();
  heard(kRequest, 70s);
  heard(kRequest, 70s);
  const DhcpHeard discover = heard(kDiscover, 100s);
  EXPECT_EQ((scene_.now() - began) / 1s, 1000);
  EXPECT_EQ(events(), DhcpEvent::kLost);
  EXPECT_EQ(lost_, kLeased);
  EXPECT_FALSE(scene_.stack().network().is_local(kLeased));
  EXPECT_FALSE(scene_.stack().network().source_for(IpAddress::v4(8, 8, 8, 8)))
      << "its router has gone, too";
  EXPECT_EQ(discover.options.at(50), be32(kLeased.v4_bits())) << "it would like to have it back";
  EXPECT_EQ(count(Count::dhcp_leases_lost), 1u);
}

TEST_F(DhcpTest, AnyServerMayAnswerARebindingClient) {
  bound({}, 1000);
  while (state() != DhcpState::kRebinding) heard(kRequest, 1000s);
  DhcpReply ack;
  ack.xid = xid_;
  ack.with(53, "\5").with(54, be32(kOther.v4_bits())).with(51, be32(500)).with(1, be32(0xffffff00));
  answer(ack, kOther);
  EXPECT_EQ(state(), DhcpState::kBound);
  heard(kRequest, 300s);
  EXPECT_EQ(to_, kOther);
}

TEST_F(DhcpTest, AnInfiniteLeaseIsNeverRenewed) {
  bound({}, 0xffffffff);
  EXPECT_EQ(client().next_deadline(), kNever);
  scene_.advance(100h);
  EXPECT_EQ(scene_.sent_count(), 0u);
}

TEST_F(DhcpTest, T1AndT2OfTheServerAreUsed) {
  bound(DhcpReply().with(58, be32(100)).with(59, be32(200)), 1000);
  heard(kRequest, 1000s);
  EXPECT_EQ((scene_.now() - bound_at_) / 1s, 100);
  while (state() != DhcpState::kRebinding) heard(kRequest, 1000s);
  EXPECT_EQ((scene_.now() - bound_at_) / 1s, 200);
}

TEST_F(DhcpTest, InvalidT1AndT2AreReplacedByDefaults) {
  for (const auto& [renew, rebind] : std::vector<std::pair<std::size_t, std::size_t>>{
           {0, 0}, {900, 500}, {5000, 6000}, {0xffffffff, 0xffffffff}, {500, 1000}}) {
    make({.interface = {}, .link_local = false});
    bound(DhcpReply().with(58, be32(renew)).with(59, be32(rebind)), 1000);
    const DhcpLease& lease = *client().lease();
    EXPECT_LT(lease.renew_at, lease.rebind_at);
    EXPECT_LT(lease.rebind_at, lease.expires);
  }
}

// RFC 2131, 4.4.6
TEST_F(DhcpTest, StopReleasesTheLease) {
  bound();
  client().stop();
  scene_.turn();
  const DhcpHeard release = heard(kRelease, 1s);
  EXPECT_EQ(to_, kServer);
  EXPECT_EQ(from_, kLeased);
  EXPECT_EQ(release.ciaddr, kLeased.v4_bits());
  EXPECT_EQ(release.options.at(54), be32(kServer.v4_bits()));
  scene_.turn();
  EXPECT_EQ(state(), DhcpState::kStopped);
  EXPECT_EQ(scene_.udp().socket_count(), 0u);
  EXPECT_FALSE(scene_.stack().network().is_local(kLeased));
  scene_.advance(1000s);
  EXPECT_EQ(scene_.sent_count(), 0u);
}

TEST_F(DhcpTest, StopEndsWithoutAnArpReplyOfTheServer) {
  bound();
  scene_.answer_arp_requests = false;
  client().stop();
  scene_.turn();
  EXPECT_EQ(state(), DhcpState::kReleasing);
  scene_.advance(DhcpClient::kPatience);
  EXPECT_EQ(state(), DhcpState::kStopped);
  EXPECT_FALSE(scene_.stack().network().is_local(kLeased));
}

// ---- NAK and conflicts ----

// RFC 2131, 3.1, 4 and 4.4.5
TEST_F(DhcpTest, ANakInRenewingEndsTheLease) {
  bound({}, 1000);
  heard(kRequest, 1000s);
  (void)events();
  answer(reply(kRefuse));
  EXPECT_EQ(events(), DhcpEvent::kLost);
  EXPECT_FALSE(scene_.stack().network().is_local(kLeased));
  heard(kDiscover, 1s);
}

// A known fault of other clients: "NAK floods".
TEST_F(DhcpTest, RepeatedNaksBackOff) {
  start();
  Instant before{};
  std::vector<int> gaps;
  for (int i = 0; i < 9; ++i) {
    heard(kDiscover, 200s);
    if (i > 0) gaps.push_back(static_cast<int>((scene_.now() - before) / 1s));
    answer(reply(kOffer));
    heard(kRequest, 1s);
    before = scene_.now();
    for (int n = 0; n < 100; ++n) answer(reply(kRefuse));
  }
  EXPECT_EQ(gaps, (std::vector<int>{0, 2, 4, 8, 16, 32, 64, 64}));
  EXPECT_EQ(count(Count::dhcp_naks), 9u) << "the others meet nobody who asked";
  EXPECT_EQ(count(Count::drop_dhcp_unwanted), 891u);
}

TEST_F(DhcpTest, NaksOfOtherTransactionsAreIgnored) {
  bound({}, 1000);
  for (int n = 0; n < 10; ++n) answer(reply(kRefuse));
  EXPECT_EQ(state(), DhcpState::kBound) << "nothing was asked for";
  heard(kRequest, 1000s);
  DhcpReply nak = reply(kRefuse);
  nak.xid ^= 1;
  answer(nak);
  DhcpReply other;
  other.xid = xid_;
  answer(other.with(53, "\6").with(54, be32(kOther.v4_bits())), kOther);
  EXPECT_EQ(state(), DhcpState::kRenewing);
  EXPECT_EQ(count(Count::dhcp_naks), 0u);
}

// RFC 2131, 3.1, 5 and 4.4.1: DECLINE, and ten seconds until the next DISCOVER.
TEST_F(DhcpTest, DeclinesAnAddressInUseByAnotherHost) {
  scene_.defended.insert(kLeased);
  acknowledged({});
  scene_.advance_until_sent(8s);
  const DhcpHeard decline = heard(kDecline, 1s);
  EXPECT_EQ(decline.options.at(50), be32(kLeased.v4_bits()));
  EXPECT_EQ(decline.options.at(54), be32(kServer.v4_bits()));
  EXPECT_EQ(decline.ciaddr, 0u);
  EXPECT_EQ(to_, kEverybody);
  EXPECT_EQ(from_, kNobody);
  EXPECT_EQ(count(Count::dhcp_declines), 1u);
  EXPECT_EQ(client().lease(), nullptr);
  EXPECT_EQ(events(), 0);
  const Instant declined = scene_.now();
  EXPECT_EQ(heard(kDiscover, 20s).options.count(50), 0u);
  EXPECT_GE(scene_.now() - declined, 10s);
}

TEST_F(DhcpTest, DeclinesAnAddressOfAnotherInterface) {
  EXPECT_EQ(scene_.stack().add_address({0}, {kLeased, 24}), Error::kOk);
  acknowledged({});
  heard(kDecline, 1s);
  EXPECT_TRUE(scene_.stack().network().is_local(kLeased)) << "which stays";
}

// ---- A link that comes back (RFC 2131, 3.7: the network may be another one) ----

TEST_F(DhcpTest, LinkUpConfirmsTheLease) {
  bound({}, 1000);
  scene_.advance(100s);
  const Instant asked = scene_.now();
  client().link_up();
  heard(kRequest, 1ms);
  EXPECT_EQ(state(), DhcpState::kRebinding);
  EXPECT_EQ(to_, kEverybody) << "the server may be another one";
  EXPECT_EQ(from_, kLeased);
  ASSERT_NE(client().lease(), nullptr) << "and the address stays in use";
  answer(reply(kAcknowledge, 1000));
  EXPECT_EQ(state(), DhcpState::kBound);
  EXPECT_TRUE(scene_.stack().network().is_local(kLeased));
  EXPECT_EQ(client().lease()->expires, asked + 1000s) << "4.4.1: from the question on";
}

TEST_F(DhcpTest, LinkUpInAnotherNetworkMeetsANak) {
  bound({}, 1000);
  client().link_up();
  heard(kRequest, 1ms);
  answer(reply(kRefuse));
  EXPECT_FALSE(scene_.stack().network().is_local(kLeased));
  EXPECT_EQ(lost_, kLeased);
  heard(kDiscover);
}

TEST_F(DhcpTest, LinkUpWithoutAnAnswerKeepsTheLease) {
  bound({}, 1000);
  client().link_up();
  heard(kRequest, 1ms);
  EXPECT_TRUE(scene_.stack().network().is_local(kLeased));
  while (state() == DhcpState::kRebinding) scene_.advance(10s);
  EXPECT_EQ(lost_, kLeased);
  EXPECT_NEAR(static_cast<double>((scene_.now() - bound_at_) / 1s), 1000, 15);
}

TEST_F(DhcpTest, LinkUpRetransmitsThePendingMessage) {
  start();
  for (int i = 0; i < 5; ++i) heard(kDiscover);  // the next retransmission would take a minute
  client().link_up();
  heard(kDiscover, 1ms);
  answer(reply(kOffer));
  heard(kRequest, 1ms);
  scene_.advance(1s);
  client().link_up();
  EXPECT_EQ(heard(kRequest, 1ms).options.at(50), be32(kLeased.v4_bits()));
  answer(reply(kAcknowledge));
  EXPECT_EQ(state(), DhcpState::kChecking);
  client().link_up();
  scene_.advance(8s);
  EXPECT_EQ(state(), DhcpState::kBound) << "what is being checked is checked to the end";
  client().stop();
  scene_.advance(5s);
  scene_.forget();
  client().link_up();
  scene_.advance(100s);
  EXPECT_EQ(scene_.sent_count(), 0u) << "stopped is stopped";
}

// ---- Malformed and malicious messages ----

// An invalid option that the client does not need affects only itself.
TEST_F(DhcpTest, EmptyAndTruncatedOptionsAreSkipped) {
  for (const std::string& options :
       {dhcp_option(6, ""), dhcp_option(12, "") + dhcp_option(15, ""), dhcp_option(6, "abcdef"),
        dhcp_option(3, ""), dhcp_option(58, ""), dhcp_option(61, ""),
        dhcp_option(3, "abcd", 200)}) {
    make({.interface = {}, .link_local = false});
    DhcpReply more;
    more.options = options;
    bound(more);
  }
  EXPECT_EQ(count(Count::dhcp_options_skipped), 6u) << "names are nothing to us";
  EXPECT_EQ(count(Count::drop_dhcp_malformed), 0u);
}

// Cloud networks: a prefix length of 32, and a router outside of the prefix.
TEST_F(DhcpTest, ARouterOutsideOfAPrefixOf32BitsIsANeighbour) {
  start();
  heard(kDiscover);
  const auto alone = [this](int type) {
    DhcpReply reply;
    reply.xid = xid_;
    return reply.with(53, std::string(1, static_cast<char>(type)))
        .with(54, be32(kServer.v4_bits()))
        .with(1, be32(0xffffffff))
        .with(51, be32(1000))
        .with(3, be32(kRouter.v4_bits()));
  };
  answer(alone(kOffer));
  heard(kRequest);
  answer(alone(kAcknowledge));
  scene_.advance(8s);
  ASSERT_EQ(state(), DhcpState::kBound);
  const auto& network = scene_.stack().network();
  ASSERT_TRUE(network.source_for(IpAddress::v4(8, 8, 8, 8)));
  EXPECT_EQ(*network.source_for(IpAddress::v4(8, 8, 8, 8)), kLeased);
  EXPECT_EQ(*network.source_for(kRouter), kLeased);
  client().stop();
  scene_.advance(5s);
  EXPECT_FALSE(network.source_for(kRouter)) << "its routes go with the lease";
  EXPECT_TRUE(network.routes().empty());
}

// A known fault of other clients: "a lease of 0".
TEST_F(DhcpTest, ALeaseTimeOfZeroIsRefused) {
  start();
  heard(kDiscover);
  answer(reply(kOffer, 0));
  EXPECT_EQ(state(), DhcpState::kSelecting);
  answer(reply(kOffer));
  heard(kRequest);
  answer(reply(kAcknowledge, 0));
  EXPECT_EQ(state(), DhcpState::kRequesting);
  DhcpReply none;
  none.xid = xid_;
  answer(none.with(53, "\5").with(54, be32(kServer.v4_bits())));
  EXPECT_EQ(state(), DhcpState::kRequesting) << "nor is one that is not named";
  EXPECT_EQ(count(Count::drop_dhcp_unwanted), 3u);
  answer(reply(kAcknowledge));
  EXPECT_EQ(state(), DhcpState::kChecking);
}

TEST_F(DhcpTest, AVeryShortLeaseCausesFewMessages) {
  acknowledged({}, 9);
  scene_.advance(8s);  // most of it is probing
  const std::uint64_t before = count(Count::dhcp_out);
  scene_.advance(10s);
  EXPECT_LE(count(Count::dhcp_out) - before, 6u);
}

TEST_F(DhcpTest, InvalidHostAddressesAreRefused) {
  start();
  heard(kDiscover);
  for (const std::uint32_t yours :
       {0u, 0xffffffffu, 0x7f000001u, 0xe0000001u, 0x0a0000ffu, 0x0a000000u}) {
    DhcpReply offer = reply(kOffer);
    offer.yours = yours;
    answer(offer);
    EXPECT_EQ(state(), DhcpState::kSelecting) << yours;
  }
  DhcpReply nameless;
  nameless.xid = xid_;
  answer(nameless.with(53, "\2").with(51, be32(100)));
  EXPECT_EQ(state(), DhcpState::kSelecting) << "4.3.1: an offer names its server";
}

TEST_F(DhcpTest, AnAckForAnotherAddressIsRefused) {
  start();
  heard(kDiscover);
  answer(reply(kOffer));
  heard(kRequest);
  DhcpReply ack = reply(kAcknowledge);
  ack.yours = kOther.v4_bits();
  answer(ack);
  DhcpReply other;
  other.xid = xid_;
  answer(other.with(53, "\5").with(54, be32(kOther.v4_bits())).with(51, be32(100)), kOther);
  DhcpReply late = reply(kAcknowledge);
  late.xid ^= 1;
  answer(late);
  DhcpReply mac = reply(kAcknowledge);
  mac.mac[5] = 9;
  answer(mac);
  EXPECT_EQ(state(), DhcpState::kRequesting);
  scene_.arrives({kServer, kEverybody, 68, 68, reply(kAcknowledge).text()}, true);
  EXPECT_EQ(state(), DhcpState::kRequesting) << "from a port that servers do not have";
}

TEST_F(DhcpTest, AnInvalidRouterIsIgnored) {
  bound(
      DhcpReply().with(3, be32(0xe0000001)).with(6, be32(0) + be32(0xffffffff) + be32(0x0a000035)));
  EXPECT_FALSE(scene_.stack().network().source_for(IpAddress::v4(8, 8, 8, 8)));
  ASSERT_EQ(client().lease()->dns_count, 1);
  EXPECT_EQ(client().lease()->dns[0], IpAddress::v4(10, 0, 0, 53));
}

TEST_F(DhcpTest, RandomMessagesInEveryState) {
  Random random(6);
  start();
  for (int round = 0; round < 3000; ++round) {
    if (scene_.sent_count() == 0) scene_.advance(Duration(random.below(5000) * Duration(1ms)));
    while (const auto sent = scene_.sent()) xid_ = DhcpHeard(sent->data).xid;
    DhcpReply in = reply(1 + static_cast<int>(random.below(7)), random.below(3) * 50);
    std::string text = in.text();
    for (std::uint32_t i = random.below(3); i > 0; --i) {
      text[random.below(static_cast<std::uint32_t>(text.size()))] =
          static_cast<char>(random.below(256));
    }
    scene_.arrives({kServer, kEverybody, 67, 68, text}, true);
  }
  client().stop();
  scene_.turn();
  EXPECT_EQ(scene_.stack().network().address_count(), 0u);
  EXPECT_EQ(scene_.udp().socket_count(), 0u);
}

// ---- Link-local addresses (RFC 3927) ----

class LinkLocalTest : public DhcpTest {
 protected:
  LinkLocalTest() { make({}); }
  bool own(const IpAddress& address) { return scene_.stack().network().is_local(address); }
};

TEST_F(LinkLocalTest, WithoutAServerAnAddressIsClaimed) {
  start();
  scene_.advance(9s);
  EXPECT_TRUE(scene_.probes.empty());
  scene_.advance(10s);
  const IpAddress address = client().link_local();
  EXPECT_EQ(address.v4_bits() >> 16, 0xa9feu);
  EXPECT_NE(address.v4_bits() >> 8 & 0xff, 0u) << "2.1: the first and the last 256 are reserved";
  EXPECT_NE(address.v4_bits() >> 8 & 0xff, 255u);
  EXPECT_TRUE(own(address));
  EXPECT_EQ(events(), DhcpEvent::kLinkLocal);
  EXPECT_EQ(scene_.probes.size(), 3u);
  scene_.forget();
  heard(kDiscover, 70s);
  EXPECT_EQ(from_, kNobody) << "RFC 2131, 4.1: without an address of the server's it has none";
}

TEST_F(LinkLocalTest, TheSameHostTakesTheSameAddress) {
  start();
  scene_.advance(20s);
  const IpAddress first = client().link_local();
  scene_.forget();
  make({});
  start();
  scene_.advance(20s);
  EXPECT_EQ(client().link_local(), first);
  scene_.forget();
}

TEST_F(LinkLocalTest, AConflictChoosesAnotherAddress) {
  start();
  scene_.advance(20s);
  const IpAddress first = client().link_local();
  scene_.forget();
  scene_.defended.insert(first);
  make({});
  start();
  scene_.advance(30s);
  EXPECT_NE(client().link_local(), kNobody);
  EXPECT_NE(client().link_local(), first);
  scene_.forget();
}

TEST_F(LinkLocalTest, ALeaseRemovesTheLinkLocalAddress) {
  start();
  scene_.advance(20s);
  const IpAddress address = client().link_local();
  ASSERT_TRUE(own(address));
  scene_.forget();
  heard(kDiscover);
  answer(reply(kOffer));
  heard(kRequest);
  answer(reply(kAcknowledge));
  (void)events();
  scene_.advance(8s);
  EXPECT_TRUE(own(kLeased));
  EXPECT_FALSE(own(address));
  EXPECT_EQ(client().link_local(), kNobody);
  EXPECT_EQ(events(), DhcpEvent::kLease | DhcpEvent::kLinkLocal);
}

// RFC 3927, 2.2.1: after ten conflicts, one attempt a minute.
TEST_F(LinkLocalTest, ConflictsAreRateLimited) {
  scene_.answer_every_probe = true;
  start();
  scene_.advance(60s);
  const std::size_t before = scene_.probes.size();
  EXPECT_GE(before, 11u);
  scene_.advance(300s);
  EXPECT_LE(scene_.probes.size() - before, 6u);
  EXPECT_EQ(client().link_local(), kNobody);
  scene_.forget();
}

}  // namespace
}  // namespace conker
