#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <set>

#include "stack/dhcp6/client.hpp"
#include "tests/support/frames.hpp"
#include "tests/unit/dhcp6_message.hpp"

namespace conker {
namespace {

using namespace test;

constexpr InterfaceId kLan6{0};
constexpr int kSolicit6 = 1, kAdvertised = 2, kRequest6 = 3, kConfirm6 = 4, kRenew6 = 5,
              kRebind6 = 6, kReplied = 7, kRelease6 = 8, kDecline6 = 9, kInformation6 = 11;
const IpAddress kTen = *IpAddress::parse("2001:db8::10");
const std::string kOther = "duid of two";

/// A host on virtual time, which keeps what it is told.
class FakeHost6 final : public Dhcp6Host {
 public:
  Instant now() const override { return now_; }
  void send_dhcp6(std::span<const std::byte> message) override {
    const auto* chars = reinterpret_cast<const char*>(message.data());
    sent.emplace_back(chars, message.size());
  }
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
    if (is) {
      deprecated.insert(address);
    } else {
      EXPECT_EQ(deprecated.erase(address), 1u);
    }
  }

  Instant now_{1s};
  std::deque<std::string> sent;
  std::set<IpAddress> addresses, deprecated;
  bool refuses = false;
};

class Dhcp6Test : public ::testing::Test {
 protected:
  void start(Dhcp6Wants wants = Dhcp6Wants::kAddress) { client_.start(wants); }
  /// Lets time pass, with a step at each deadline.
  void advance(Duration duration) {
    const Instant end = host_.now_ + duration;
    for (int steps = 0; client_.next_deadline() <= end && steps < 10000; ++steps) {
      host_.now_ = std::max(host_.now_, client_.next_deadline());
      step();
    }
    host_.now_ = end;
    step();
  }
  void step() {
    for (int i = 0; i < 3 && (i == 0 || client_.next_deadline() <= host_.now_); ++i) client_.step();
    EXPECT_GT(client_.next_deadline(), host_.now_) << "time would stand still";
    for (Dhcp6Event event; client_.next_event(event);) {
      events_ |= event.mask;
      if (event.has(Dhcp6Event::kLost)) lost_ = event.lost;
    }
  }
  /// The client's next message, at most `limit` from now.
  Dhcp6Heard heard(int type, Duration limit = 5000s) {
    const Instant end = host_.now_ + limit;
    while (host_.sent.empty() && client_.next_deadline() <= end) {
      host_.now_ = std::max(host_.now_, client_.next_deadline());
      step();
    }
    if (host_.sent.empty()) {
      ADD_FAILURE() << "nothing was sent";
      return Dhcp6Heard("");
    }
    const Dhcp6Heard message(host_.sent.front());
    host_.sent.pop_front();
    EXPECT_EQ(message.type, type);
    transaction_ = message.transaction;
    return message;
  }
  void answer(int type, const std::string& options, const std::string& server = "duid of one") {
    const std::string text =
        dhcp6_message(type, transaction_, dhcp6_client() + dhcp6_server(server) + options);
    client_.on_message(bytes_of(text));
    step();
  }
  static std::string leased(std::size_t renew = 1000, std::size_t rebind = 1600,
                            std::size_t preferred = 2000, std::size_t valid = 3000) {
    return dhcp6_association(renew, rebind, dhcp6_address(0x10, preferred, valid));
  }
  void checked(AddressState state) {
    AddressEvent event;
    event.address = kTen;
    event.interface = kLan6;
    event.state = state;
    client_.on_event(event);
    step();
  }
  /// Continues to the state CHECKING.
  void replied(const std::string& options = leased()) {
    start();
    heard(kSolicit6);
    answer(kAdvertised, leased() + dhcp6_option(7, "\xff"));
    heard(kRequest6);
    answer(kReplied, options);
    ASSERT_EQ(client_.state(), Dhcp6State::kChecking);
  }
  void bound(const std::string& options = leased()) {
    replied(options);
    checked(AddressState::kPreferred);
    ASSERT_EQ(client_.state(), Dhcp6State::kBound);
    bound_at_ = host_.now_;
    (void)events();
  }
  int events() { return std::exchange(events_, 0); }

  FakeHost6 host_;
  Counters counters_;
  Dhcp6Client client_{Dhcp6Settings{kLan6, MacAddress{{2, 0, 0, 0, 0, 2}}}, host_, counters_,
                      Entropy{{31, 32}}};
  std::uint32_t transaction_ = 0;
  int events_ = 0;
  IpAddress lost_;
  Instant bound_at_{};
};

// ---- Getting an address ----

// RFC 8415, 18.2.1 and 18.2.2
TEST_F(Dhcp6Test, AddressBySolicitAdvertiseRequestReply) {
  start();
  const Dhcp6Heard solicit = heard(kSolicit6, 1001ms);
  EXPECT_EQ(solicit.elapsed(), 0u);
  EXPECT_EQ(solicit.options.at(3), be32(1) + be32(0) + be32(0));
  EXPECT_EQ(solicit.options.at(6), be16(23) + be16(82));
  EXPECT_EQ(solicit.options.count(2), 0u);
  EXPECT_EQ(client_.state(), Dhcp6State::kSoliciting);

  answer(kAdvertised, leased());
  EXPECT_EQ(client_.state(), Dhcp6State::kSoliciting) << "others may have a higher preference";
  const Dhcp6Heard request = heard(kRequest6, 1101ms);
  EXPECT_NE(request.transaction, solicit.transaction);
  EXPECT_EQ(request.options.at(2), "duid of one");
  EXPECT_EQ(request.address(), 0x10u);

  answer(kReplied, leased() + dhcp6_option(23, dhcp6_host(0x53)));
  EXPECT_EQ(client_.state(), Dhcp6State::kChecking);
  EXPECT_EQ(client_.lease(), nullptr);
  EXPECT_EQ(host_.addresses, std::set{kTen});
  checked(AddressState::kPreferred);
  EXPECT_EQ(client_.state(), Dhcp6State::kBound);
  EXPECT_EQ(events(), Dhcp6Event::kLease);
  ASSERT_NE(client_.lease(), nullptr);
  EXPECT_EQ(client_.lease()->address, kTen);
  EXPECT_EQ(client_.lease()->renew_at, host_.now_ + 1000s);
  EXPECT_EQ(client_.lease()->expires, host_.now_ + 3000s);
  ASSERT_EQ(client_.dns_servers().size(), 1u);
  EXPECT_EQ(counters_[Count::dhcp_out], 2u);
  EXPECT_EQ(counters_[Count::dhcp_in], 2u);
  EXPECT_EQ(counters_[Count::dhcp_leases], 1u);
}

// RFC 8415, 15 and 18.2.1: from 1 s, doubled, up to SOL_MAX_RT, each with a tenth of randomness.
TEST_F(Dhcp6Test, SolicitBacksOffExponentially) {
  start();
  const Dhcp6Heard first = heard(kSolicit6);
  Instant before = host_.now_;
  Duration last = 0s;
  std::size_t elapsed = 0;
  for (int i = 0; i < 14; ++i) {
    const Dhcp6Heard again = heard(kSolicit6);
    const Duration waited = host_.now_ - before;
    EXPECT_EQ(again.transaction, first.transaction) << "a late answer is still good";
    EXPECT_GT(again.elapsed(), elapsed);
    if (i == 0) {
      EXPECT_GT(waited, 1s) << "RAND is positive, 18.2.1";
      EXPECT_LE(waited, 1100ms);
    } else if (last < 1600s) {
      EXPECT_GE(waited, last * 19 / 10);
      EXPECT_LE(waited, last * 21 / 10);
    } else {
      EXPECT_GE(waited, 3240s);
      EXPECT_LE(waited, 3960s);
    }
    elapsed = again.elapsed() == 0xffff ? 0 : again.elapsed();
    last = waited;
    before = host_.now_;
  }
  EXPECT_GE(last, 3240s);
}

TEST_F(Dhcp6Test, SolicitMaxOfAServerThatHasNoAddresses) {
  start();
  heard(kSolicit6);
  answer(kAdvertised, dhcp6_status(2) + dhcp6_option(82, be32(60)));
  EXPECT_EQ(client_.state(), Dhcp6State::kSoliciting);
  for (int i = 0; i < 12; ++i) heard(kSolicit6);
  const Instant before = host_.now_;
  heard(kSolicit6);
  EXPECT_LE(host_.now_ - before, 66s);
}

// RFC 8415, 18.2.9
TEST_F(Dhcp6Test, TakesTheServerWithTheHighestPreference) {
  start();
  heard(kSolicit6);
  answer(kAdvertised, leased() + dhcp6_option(7, "\1"));
  answer(kAdvertised, leased() + dhcp6_option(7, "\7"), kOther);
  answer(kAdvertised, leased() + dhcp6_option(7, "\5"), "duid of three");
  EXPECT_EQ(heard(kRequest6).options.at(2), kOther);
}

TEST_F(Dhcp6Test, TakesTheHighestPreferenceOfAllAtOnce) {
  start();
  heard(kSolicit6);
  answer(kAdvertised, leased() + dhcp6_option(7, "\xff"), kOther);
  EXPECT_EQ(heard(kRequest6, 0s).options.at(2), kOther);
}

TEST_F(Dhcp6Test, TakesALateAdvertiseAtOnce) {
  start();
  heard(kSolicit6);
  heard(kSolicit6);
  answer(kAdvertised, leased());
  heard(kRequest6, 0s);
}

TEST_F(Dhcp6Test, AdvertisesThatOfferNothingAreNotTaken) {
  start();
  heard(kSolicit6);
  answer(kAdvertised, "");
  answer(kAdvertised, dhcp6_status(2));
  answer(kAdvertised, dhcp6_association(0, 0, dhcp6_status(2)));
  answer(kAdvertised, dhcp6_association(0, 0, dhcp6_address(0x10, 0, 0)));
  answer(kAdvertised, dhcp6_association(0, 0, dhcp6_address(0x10, 1, 2), 77));
  EXPECT_EQ(counters_[Count::drop_dhcp_unwanted], 5u);
  heard(kSolicit6);
}

TEST_F(Dhcp6Test, OtherTransactionsAndServersAreNotHeard) {
  start();
  heard(kSolicit6);
  ++transaction_;
  answer(kAdvertised, leased() + dhcp6_option(7, "\xff"));
  EXPECT_EQ(client_.state(), Dhcp6State::kSoliciting);
  --transaction_;
  answer(kReplied, leased());
  EXPECT_EQ(client_.state(), Dhcp6State::kSoliciting) << "no rapid commit was asked for";
  answer(kAdvertised, leased() + dhcp6_option(7, "\xff"));
  heard(kRequest6);
  answer(kReplied, leased(), kOther);
  EXPECT_EQ(client_.state(), Dhcp6State::kRequesting);
  answer(kAdvertised, leased());
  EXPECT_EQ(client_.state(), Dhcp6State::kRequesting);
  EXPECT_EQ(counters_[Count::drop_dhcp_unwanted], 4u);
  client_.on_message(bytes_of("abc"));
  EXPECT_EQ(counters_[Count::drop_dhcp_malformed], 1u);
}

// REQ_MAX_RC
TEST_F(Dhcp6Test, RequestGivesUpAfterTenTries) {
  start();
  heard(kSolicit6);
  answer(kAdvertised, leased() + dhcp6_option(7, "\xff"));
  const Instant before = host_.now_;
  for (int i = 0; i < 10; ++i) heard(kRequest6);
  heard(kSolicit6);
  EXPECT_LE(host_.now_ - before, 250s) << "REQ_MAX_RT is 30 s";
}

// RFC 8415, 18.2.10.1: refusals, and a delay that grows with them.
TEST_F(Dhcp6Test, RefusalsSlowTheClientDown) {
  start();
  Instant before{};
  for (const std::string& refusal :
       {dhcp6_status(4), dhcp6_association(0, 0, dhcp6_status(2)), std::string(),
        dhcp6_association(0, 0, dhcp6_address(0x10, 0, 0)), dhcp6_status(4), dhcp6_status(4),
        dhcp6_status(4), dhcp6_status(4), dhcp6_status(4)}) {
    heard(kSolicit6);
    answer(kAdvertised, leased() + dhcp6_option(7, "\xff"));
    heard(kRequest6);
    answer(kReplied, refusal);
    EXPECT_EQ(client_.state(), Dhcp6State::kInit);
    before = host_.now_;
  }
  heard(kSolicit6);
  EXPECT_EQ(host_.now_ - before, 64s);
  EXPECT_EQ(counters_[Count::dhcp_naks], 9u);
}

TEST_F(Dhcp6Test, AServerThatCannotAtPresentIsAskedAgain) {
  start();
  heard(kSolicit6);
  answer(kAdvertised, leased() + dhcp6_option(7, "\xff"));
  heard(kRequest6);
  answer(kReplied, dhcp6_status(1));
  EXPECT_EQ(client_.state(), Dhcp6State::kRequesting);
  heard(kRequest6);
  answer(kReplied, leased());
  EXPECT_EQ(client_.state(), Dhcp6State::kChecking);
}

// ---- Duplicates ----

// RFC 8415, 18.2.8
TEST_F(Dhcp6Test, DeclinesADuplicate) {
  replied();
  checked(AddressState::kDuplicate);
  EXPECT_TRUE(host_.addresses.empty());
  const Dhcp6Heard decline = heard(kDecline6, 0s);
  EXPECT_EQ(decline.address(), 0x10u);
  EXPECT_EQ(decline.options.at(2), "duid of one");
  EXPECT_EQ(decline.options.count(6), 0u);
  answer(kReplied, dhcp6_status(0));
  const Instant before = host_.now_;
  heard(kSolicit6);
  EXPECT_EQ(host_.now_ - before, 10s);
  EXPECT_EQ(counters_[Count::dhcp_declines], 1u);
  EXPECT_EQ(events(), 0) << "it was never in use";
}

TEST_F(Dhcp6Test, DeclineIsSentFourTimesWithoutAReply) {
  replied();
  checked(AddressState::kDuplicate);
  for (int i = 0; i < 4; ++i) heard(kDecline6);
  heard(kSolicit6);
}

TEST_F(Dhcp6Test, DeclinesAnAddressThatTheHostCannotTake) {
  host_.refuses = true;
  start();
  heard(kSolicit6);
  answer(kAdvertised, leased() + dhcp6_option(7, "\xff"));
  heard(kRequest6);
  answer(kReplied, leased());
  heard(kDecline6, 0s);
}

TEST_F(Dhcp6Test, AConflictLaterOnGivesTheAddressUp) {
  bound();
  checked(AddressState::kDuplicate);
  EXPECT_EQ(events(), Dhcp6Event::kLost);
  EXPECT_EQ(lost_, kTen);
  EXPECT_EQ(client_.lease(), nullptr);
  heard(kDecline6, 0s);
}

// ---- Lifetimes ----

// RFC 8415, 18.2.4 and 18.2.5
TEST_F(Dhcp6Test, RenewsThenRebindsThenLosesTheAddress) {
  bound();
  const Dhcp6Heard renew = heard(kRenew6);
  EXPECT_EQ(host_.now_ - bound_at_, 1000s);
  EXPECT_EQ(renew.options.at(2), "duid of one");
  EXPECT_EQ(renew.address(), 0x10u);
  int renewals = 1;
  while (host_.sent.empty() && client_.state() == Dhcp6State::kRenewing) {
    host_.now_ = client_.next_deadline();
    step();
    if (client_.state() == Dhcp6State::kRenewing) heard(kRenew6), ++renewals;
  }
  EXPECT_EQ(host_.now_ - bound_at_, 1600s) << "T2";
  EXPECT_GE(renewals, 4);
  EXPECT_LE(renewals, 8);
  const Dhcp6Heard rebind = heard(kRebind6);
  EXPECT_EQ(rebind.options.count(2), 0u) << "any server";
  EXPECT_EQ(rebind.address(), 0x10u);
  EXPECT_TRUE(host_.deprecated.empty());
  advance(bound_at_ + 2000s - host_.now_);
  EXPECT_EQ(host_.deprecated, std::set{kTen}) << "the preferred lifetime has ended";
  EXPECT_NE(client_.lease(), nullptr);
  advance(bound_at_ + 3000s - host_.now_);
  EXPECT_TRUE(host_.addresses.empty()) << "the valid lifetime has ended";
  EXPECT_EQ(events(), Dhcp6Event::kLost);
  EXPECT_EQ(client_.lease(), nullptr);
  host_.sent.clear();
  heard(kSolicit6);
  EXPECT_EQ(counters_[Count::dhcp_leases_lost], 1u);
}

TEST_F(Dhcp6Test, ARenewalExtendsTheLifetimes) {
  bound();
  heard(kRenew6);
  answer(kReplied, leased(50, 80, 100, 200) + dhcp6_option(23, dhcp6_host(0x54)));
  EXPECT_EQ(client_.state(), Dhcp6State::kBound);
  EXPECT_EQ(events(), Dhcp6Event::kLease);
  EXPECT_EQ(client_.lease()->expires, host_.now_ + 200s);
  EXPECT_EQ(client_.dns_servers().size(), 1u);
  EXPECT_EQ(host_.addresses, std::set{kTen}) << "not removed meanwhile";
}

TEST_F(Dhcp6Test, ARenewalMakesADeprecatedAddressPreferredAgain) {
  bound(leased(150, 190, 100, 200));
  advance(100s);
  EXPECT_EQ(host_.deprecated, std::set{kTen});
  heard(kRenew6);
  answer(kReplied, leased());
  EXPECT_TRUE(host_.deprecated.empty());
}

TEST_F(Dhcp6Test, AnotherServerMayExtendWhenRebinding) {
  bound();
  while (client_.state() != Dhcp6State::kRebinding) {
    host_.sent.clear();
    host_.now_ = client_.next_deadline();
    step();
  }
  heard(kRebind6);
  answer(kReplied, leased(), kOther);
  EXPECT_EQ(client_.state(), Dhcp6State::kBound);
  EXPECT_EQ(heard(kRenew6).options.at(2), kOther);
}

// RFC 8415, 18.2.10.1
TEST_F(Dhcp6Test, AServerThatDoesNotKnowTheLeaseIsAskedForIt) {
  bound();
  heard(kRenew6);
  answer(kReplied, dhcp6_association(0, 0, dhcp6_status(3)));
  EXPECT_EQ(heard(kRequest6, 0s).address(), 0x10u);
  EXPECT_NE(client_.lease(), nullptr) << "in use meanwhile";
  answer(kReplied, leased());
  EXPECT_EQ(client_.state(), Dhcp6State::kBound);
  EXPECT_EQ(host_.addresses, std::set{kTen});
}

TEST_F(Dhcp6Test, AnotherAddressTakesThePlaceOfTheFirst) {
  bound();
  heard(kRenew6);
  answer(kReplied, dhcp6_association(0, 0, dhcp6_status(3)));
  heard(kRequest6, 0s);
  answer(kReplied, dhcp6_association(0, 0, dhcp6_address(0x11, 100, 200)));
  EXPECT_EQ(client_.state(), Dhcp6State::kChecking);
  EXPECT_EQ(events(), Dhcp6Event::kLost);
  EXPECT_EQ(lost_, kTen);
  EXPECT_EQ(host_.addresses, std::set{*IpAddress::parse("2001:db8::11")});
}

TEST_F(Dhcp6Test, AValidLifetimeOfZeroTakesTheAddressBack) {
  bound();
  heard(kRenew6);
  answer(kReplied, dhcp6_association(0, 0, dhcp6_address(0x10, 0, 0)));
  EXPECT_EQ(events(), Dhcp6Event::kLost);
  EXPECT_TRUE(host_.addresses.empty());
  heard(kSolicit6);
}

TEST_F(Dhcp6Test, ARenewalThatDoesNotNameTheAddressChangesNothing) {
  bound();
  heard(kRenew6);
  answer(kReplied, "");
  answer(kReplied, dhcp6_association(0, 0, dhcp6_address(0x11, 100, 200)));
  answer(kReplied, dhcp6_status(1));
  EXPECT_EQ(client_.state(), Dhcp6State::kRenewing);
  EXPECT_EQ(client_.lease()->expires, bound_at_ + 3000s);
  EXPECT_EQ(counters_[Count::drop_dhcp_unwanted], 3u);
}

// RFC 8415, 21.4: T1 and T2 of 0 leave the times to the client.
TEST_F(Dhcp6Test, ChoosesTheTimesWhereTheServerDoesNot) {
  bound(leased(0, 0, 1000, 2000));
  EXPECT_EQ(client_.lease()->renew_at, bound_at_ + 500s);
  EXPECT_EQ(client_.lease()->rebind_at, bound_at_ + 800s);
}

TEST_F(Dhcp6Test, TimesBeyondTheLifetimeEndWithIt) {
  bound(leased(5000, 6000, 1000, 2000));
  EXPECT_EQ(client_.lease()->renew_at, bound_at_ + 2000s);
  advance(2000s);
  EXPECT_EQ(events(), Dhcp6Event::kLost);
}

TEST_F(Dhcp6Test, InfiniteLifetimes) {
  bound(leased(0, 0, 0xffffffff, 0xffffffff));
  EXPECT_EQ(client_.next_deadline(), kNever);
  advance(24h * 365 * 100);
  EXPECT_NE(client_.lease(), nullptr);
  EXPECT_TRUE(host_.sent.empty());
}

TEST_F(Dhcp6Test, TheShortestLifetimesCostAMessageASecond) {
  bound(leased(0, 0, 1, 1));
  for (int i = 0; i < 20 && client_.lease() != nullptr; ++i) {
    host_.sent.clear();
    const Instant before = host_.now_;
    advance(1s);
    EXPECT_LE(host_.sent.size(), 2u);
    EXPECT_GT(host_.now_, before);
  }
  EXPECT_EQ(client_.lease(), nullptr);
}

TEST_F(Dhcp6Test, AnAddressMayBeDeprecatedFromTheBeginning) {
  bound(leased(100, 150, 0, 200));
  EXPECT_EQ(host_.deprecated, std::set{kTen});
}

// ---- The link comes up again ----

// RFC 8415, 18.2.3
TEST_F(Dhcp6Test, ConfirmsTheAddressWhenTheLinkComesUp) {
  bound();
  client_.link_up();
  const Dhcp6Heard confirm = heard(kConfirm6, 0s);
  EXPECT_EQ(confirm.address(), 0x10u);
  EXPECT_EQ(confirm.options.count(2), 0u);
  EXPECT_NE(client_.lease(), nullptr);
  answer(kReplied, dhcp6_status(0), kOther);
  EXPECT_EQ(client_.state(), Dhcp6State::kBound);
  EXPECT_EQ(heard(kRenew6).options.at(2), "duid of one");
  EXPECT_EQ(host_.now_ - bound_at_, 1000s);
}

TEST_F(Dhcp6Test, KeepsTheAddressWhenNobodyConfirms) {
  bound();
  client_.link_up();
  heard(kConfirm6);
  advance(10s);
  EXPECT_EQ(client_.state(), Dhcp6State::kBound);
  EXPECT_NE(client_.lease(), nullptr);
  EXPECT_LE(host_.sent.size(), 5u);
}

TEST_F(Dhcp6Test, LosesAnAddressThatDoesNotFitTheLink) {
  bound();
  client_.link_up();
  heard(kConfirm6);
  answer(kReplied, dhcp6_status(4), kOther);
  EXPECT_EQ(events(), Dhcp6Event::kLost);
  EXPECT_TRUE(host_.addresses.empty());
  heard(kSolicit6);
}

TEST_F(Dhcp6Test, LifetimesEndWhileConfirming) {
  bound(leased(0, 0, 4, 5));
  client_.link_up();
  heard(kConfirm6);
  advance(5s);
  EXPECT_EQ(events(), Dhcp6Event::kLost);
}

// ---- Release ----

// RFC 8415, 18.2.7
TEST_F(Dhcp6Test, ReleasesTheAddressAndStops) {
  bound();
  client_.stop();
  EXPECT_TRUE(host_.addresses.empty()) << "not used any more, before the server has answered";
  EXPECT_EQ(client_.state(), Dhcp6State::kReleasing);
  const Dhcp6Heard release = heard(kRelease6, 0s);
  EXPECT_EQ(release.address(), 0x10u);
  EXPECT_EQ(release.options.at(2), "duid of one");
  answer(kReplied, dhcp6_status(0));
  EXPECT_EQ(client_.state(), Dhcp6State::kStopped);
  EXPECT_EQ(client_.next_deadline(), kNever);
  EXPECT_EQ(events(), Dhcp6Event::kLost);
}

TEST_F(Dhcp6Test, ReleaseDoesNotWaitForLong) {
  bound();
  client_.stop();
  advance(Dhcp6Client::kPatience);
  EXPECT_EQ(client_.state(), Dhcp6State::kStopped);
}

TEST_F(Dhcp6Test, StopsAtOnceWithoutAnAddress) {
  start();
  heard(kSolicit6);
  client_.stop();
  EXPECT_EQ(client_.state(), Dhcp6State::kStopped);
  replied();
  client_.stop();
  EXPECT_EQ(client_.state(), Dhcp6State::kStopped);
  EXPECT_TRUE(host_.addresses.empty());
  EXPECT_EQ(client_.next_deadline(), kNever);
  client_.on_message(bytes_of("whatever"));
  EXPECT_TRUE(host_.sent.empty());
}

// ---- Information ----

// RFC 8415, 18.2.6
TEST_F(Dhcp6Test, AsksForInformationAlone) {
  start(Dhcp6Wants::kInformation);
  const Dhcp6Heard asked = heard(kInformation6, 1001ms);
  EXPECT_EQ(asked.options.count(3), 0u);
  EXPECT_EQ(asked.options.at(6), be16(23) + be16(32) + be16(83));
  heard(kInformation6, 1101ms);
  answer(kReplied, dhcp6_option(23, be32(0xfe800000) + be32(0) + be32(0) + be32(0x53)));
  EXPECT_EQ(client_.state(), Dhcp6State::kInformed);
  EXPECT_EQ(events(), Dhcp6Event::kInformation);
  ASSERT_EQ(client_.dns_servers().size(), 1u);
  EXPECT_EQ(client_.dns_servers()[0], *IpAddress::parse("fe80::53%1")) << "in the link's zone";
  const Instant before = host_.now_;
  heard(kInformation6, 100000s);
  EXPECT_EQ(host_.now_ - before, 86400s) << "IRT_DEFAULT";
  EXPECT_EQ(client_.dns_servers().size(), 1u) << "still good";
}

// RFC 8415, 21.23
TEST_F(Dhcp6Test, RefreshesInformationWhenToldTo) {
  start(Dhcp6Wants::kInformation);
  heard(kInformation6);
  answer(kReplied, dhcp6_option(32, be32(1)));
  Instant before = host_.now_;
  heard(kInformation6);
  EXPECT_EQ(host_.now_ - before, 600s) << "IRT_MINIMUM";
  answer(kReplied, dhcp6_option(32, be32(0xffffffff)));
  EXPECT_EQ(client_.next_deadline(), kNever);
  client_.link_up();
  heard(kInformation6, 1001ms);
}

TEST_F(Dhcp6Test, ChangesFromInformationToAnAddress) {
  start(Dhcp6Wants::kInformation);
  heard(kInformation6);
  answer(kReplied, dhcp6_option(23, dhcp6_host(0x53)));
  start(Dhcp6Wants::kInformation);
  EXPECT_EQ(client_.state(), Dhcp6State::kInformed) << "it has what it wants";
  start(Dhcp6Wants::kAddress);
  heard(kSolicit6);
}

}  // namespace
}  // namespace conker
