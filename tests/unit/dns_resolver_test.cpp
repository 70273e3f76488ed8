#include "stack/dns/resolver.hpp"
#include "stack/wire/tcp.hpp"
#include "tests/support/frames.hpp"
#include "tests/support/random.hpp"
#include "tests/unit/datagram_scene.hpp"
#include "tests/unit/dns_message.hpp"

namespace conker {
namespace {

using namespace test;

constexpr IpAddress kFirst = kPeerAddress, kSecond = IpAddress::v4(10, 0, 0, 9);
constexpr ClientId kUs{7};

class ResolverTest : public ::testing::Test {
 protected:
  ResolverTest() {
    settings_.client = kUs;
    settings_.queries = 4;
    settings_.entries = 3;
    storage_.resize(Resolver::storage_bytes(settings_) / 16 + 2);
    resolver_.emplace(std::as_writable_bytes(std::span(storage_)), settings_, scene_.udp(),
                      Entropy{{11, 12, 13, 14}});
    resolver_->set_servers(std::array{kFirst});
    scene_.on_udp_event = [this](const UdpEvent& event) { resolver_->on_event(event); };
    scene_.on_event = [this](const Event& event) { resolver_->on_event(event); };
    scene_.step = [this] {
      resolver_->step();
      for (DnsAnswer answer; resolver_->next_answer(answer);) answers_.push_back(answer);
    };
    scene_.deadline = [this] { return resolver_->next_deadline(); };
  }

  DnsQueryId resolve(std::string_view name, std::uint32_t token = 1,
                     DnsFamily family = DnsFamily::kIpv4) {
    scene_.stack().begin(scene_.now());
    const auto id = resolver_->resolve(name, token, family);
    EXPECT_TRUE(id) << to_string(id.error());
    scene_.turn();
    return id ? *id : DnsQueryId{};
  }
  /// Takes the query that was sent, and returns a message that would answer it.
  DnsMessage question(std::string_view name = "www.example.org", int type = 1) {
    const auto sent = scene_.sent();
    DnsMessage message;
    if (!sent) {
      ADD_FAILURE() << "no question was sent";
      return message;
    }
    last_ = *sent;
    EXPECT_EQ(last_.destination_port, 53);
    message.id = static_cast<std::uint16_t>(static_cast<std::uint8_t>(last_.data[0]) << 8 |
                                            static_cast<std::uint8_t>(last_.data[1]));
    message.name = name;
    message.type = type;
    EXPECT_EQ(last_.data.substr(2), be16(0x0100) + be16(1) + be16(0) + be16(0) + be16(0) +
                                        dns_name(name) + be16(static_cast<std::size_t>(type)) +
                                        be16(1));
    return message;
  }
  void answer(const DnsMessage& message) { answer(message.text()); }
  void answer(const std::string& text) {
    scene_.arrives({last_.destination, kStackAddress, 53, last_.source_port, text});
  }
  DnsAnswer told() {
    if (answers_.empty()) {
      ADD_FAILURE() << "nothing was answered";
      return {};
    }
    const DnsAnswer answer = answers_.front();
    answers_.pop_front();
    return answer;
  }
  std::uint64_t count(Count what) const { return scene_.count(what); }

  DatagramScene scene_;
  ResolverSettings settings_;
  struct alignas(16) Piece {
    std::byte bytes[16];
  };
  std::vector<Piece> storage_;
  std::optional<Resolver> resolver_;
  std::deque<DnsAnswer> answers_;
  WireDatagram last_;
  const std::string kAsked = dns_pointer(12);
};

// ---- Queries and answers ----

TEST_F(ResolverTest, QueryAndAnswer) {
  const DnsQueryId id = resolve("www.example.org", 42);
  auto message = question();
  EXPECT_EQ(last_.destination, kFirst);
  answer(message.a(kAsked, 0x0a000050, 300));
  const DnsAnswer a = told();
  EXPECT_EQ(a.id, id);
  EXPECT_EQ(a.token, 42u);
  EXPECT_EQ(a.status, DnsStatus::kFound);
  ASSERT_EQ(a.addresses.count, 1);
  EXPECT_EQ(a.addresses.list[0], IpAddress::v4(10, 0, 0, 80));
  EXPECT_EQ(a.valid, 300s);
  EXPECT_EQ(scene_.udp().socket_count(), 0u) << "its socket is closed";
  EXPECT_EQ(resolver_->query_count(), 0u);
  scene_.advance(2s);
  EXPECT_EQ(resolver_->next_deadline(), kNever);
}

TEST_F(ResolverTest, AsksForAddressesOfIpv6AndKeepsTheFamiliesApart) {
  resolve("www.example.org", 42, DnsFamily::kIpv6);
  auto message = question("www.example.org", 28);
  ++message.answers;
  answer(message.record(kAsked, 28, 300, be32(0x20010db8) + be32(0) + be32(0) + be32(0x50)));
  const DnsAnswer a = told();
  EXPECT_EQ(a.status, DnsStatus::kFound);
  EXPECT_EQ(a.family, DnsFamily::kIpv6);
  EXPECT_EQ(a.addresses.list[0], IpAddress::parse("2001:db8::50"));
  resolve("www.example.org", 43);
  answer(question().a(kAsked, 0x0a000050, 300));
  EXPECT_EQ(told().addresses.list[0], IpAddress::v4(10, 0, 0, 80)) << "another question";
  for (const DnsFamily family : {DnsFamily::kIpv4, DnsFamily::kIpv6}) {
    resolve("www.example.org", 44, family);
    const DnsAnswer cached = told();
    EXPECT_TRUE(cached.cached);
    EXPECT_EQ(cached.addresses.list[0].is_v4(), family == DnsFamily::kIpv4);
  }
}

TEST_F(ResolverTest, RefusesInvalidNames) {
  EXPECT_EQ(resolver_->resolve("not a name", 0).error(), Error::kInvalidArgument);
  EXPECT_EQ(resolver_->resolve("10.0.0.256", 0).error(), Error::kInvalidArgument);
}

TEST_F(ResolverTest, ReportsNxdomain) {
  resolve("www.example.org");
  auto message = question();
  message.flags = 0x8183;
  answer(message);
  EXPECT_EQ(told().status, DnsStatus::kNoSuchName);
}

TEST_F(ResolverTest, FollowsACnameByAnotherQuery) {
  resolve("www.example.org");
  answer(question().cname(kAsked, dns_name("web.example.net"), 10));
  const std::uint16_t port = last_.source_port;
  auto second = question("web.example.net");
  EXPECT_NE(last_.source_port, port) << "every question has a port of its own";
  answer(second.a(kAsked, 0x0a000050, 300));
  const DnsAnswer a = told();
  EXPECT_EQ(a.status, DnsStatus::kFound);
  EXPECT_EQ(a.valid, 10s) << "for as long as the alias holds";
}

TEST_F(ResolverTest, GivesUpOnAnEndlessChainOfCnames) {
  resolve("www.example.org");
  std::string name = "www.example.org";
  for (int i = 0; i <= kMostAliases; ++i) {
    auto message = question(name);
    name = "n" + std::to_string(i) + ".example.org";
    answer(message.cname(kAsked, dns_name(name)));
  }
  EXPECT_EQ(told().status, DnsStatus::kBadAnswer);
  EXPECT_EQ(scene_.sent_count(), 0u);
}

// ---- Servers that do not answer, or report failure ----

// RFC 1035, 7.2; RFC 1123, 6.1.3.3
TEST_F(ResolverTest, TriesEveryServerInTurnAndThenTimesOut) {
  resolver_->set_servers(std::array{kFirst, kSecond});
  resolve("www.example.org");
  std::set<std::uint16_t> ids, ports;
  std::vector<Duration> gaps;
  for (int i = 0; i < 6; ++i) {
    const auto message = question();
    EXPECT_EQ(last_.destination, i % 2 == 0 ? kFirst : kSecond);
    ids.insert(message.id);
    ports.insert(last_.source_port);
    const Instant before = scene_.now();
    if (i < 5) {
      ASSERT_TRUE(scene_.advance_until_sent(10s));
      gaps.push_back(scene_.now() - before);
    }
  }
  EXPECT_EQ(ids.size(), 6u) << "a new id each time";
  EXPECT_EQ(ports.size(), 6u);
  EXPECT_EQ(gaps, (std::vector<Duration>{1s, 1s, 2s, 2s, 4s}));
  EXPECT_TRUE(answers_.empty());
  scene_.advance(4s);
  EXPECT_EQ(told().status, DnsStatus::kTimedOut);
  EXPECT_EQ(scene_.udp().socket_count(), 0u);
  EXPECT_EQ(count(Count::dns_queries_again), 5u);
}

TEST_F(ResolverTest, AServerFailureGoesToTheNextServer) {
  resolver_->set_servers(std::array{kFirst, kSecond});
  resolve("www.example.org");
  auto message = question();
  message.flags = 0x8182;
  answer(message);
  message = question();
  EXPECT_EQ(last_.destination, kSecond);
  answer(message.a(kAsked, 0x0a000050));
  EXPECT_EQ(told().status, DnsStatus::kFound);
}

TEST_F(ResolverTest, PortUnreachableGoesToTheNextServer) {
  resolver_->set_servers(std::array{kFirst, kSecond});
  resolve("www.example.org");
  (void)question();
  scene_.unreachable(3);
  (void)question();
  EXPECT_EQ(last_.destination, kSecond);
}

TEST_F(ResolverTest, ReportsThatAllServersFailed) {
  resolve("www.example.org");
  for (int i = 0; i < 3; ++i) {
    auto message = question();
    message.flags = 0x8185;
    answer(message);
  }
  EXPECT_EQ(told().status, DnsStatus::kServerFailed);
}

TEST_F(ResolverTest, WithoutServersAQueryFails) {
  resolver_->set_servers({});
  resolve("www.example.org");
  EXPECT_EQ(told().status, DnsStatus::kNoServers);
}

TEST_F(ResolverTest, ServersMayChangeDuringAQuery) {
  resolve("www.example.org");
  (void)question();
  resolver_->set_servers({});
  scene_.advance(2s);
  EXPECT_EQ(told().status, DnsStatus::kNoServers);
}

TEST_F(ResolverTest, QueriesHaveACap) {
  for (int i = 0; i < 4; ++i) resolve("n" + std::to_string(i) + ".org");
  EXPECT_EQ(resolver_->resolve("one.more", 0).error(), Error::kTableFull);
  scene_.forget();
  scene_.advance(10s);
  scene_.forget();
  EXPECT_EQ(answers_.size(), 4u);
  EXPECT_TRUE(resolver_->resolve("one.more", 0));
}

TEST_F(ResolverTest, ACancelledQueryHasNoAnswer) {
  const DnsQueryId id = resolve("www.example.org");
  auto message = question();
  EXPECT_EQ(resolver_->cancel(id), Error::kOk);
  EXPECT_EQ(resolver_->cancel(id), Error::kNoSuchId);
  answer(message.a(kAsked, 0x0a000050));
  scene_.advance(10s);
  EXPECT_TRUE(answers_.empty());
  EXPECT_EQ(count(Count::drop_datagram_no_socket), 1u);
}

// ---- Forgeries ----

// RFC 5452, 9.2: id and port are unpredictable.
TEST_F(ResolverTest, IdsAndPortsAreUnpredictable) {
  std::set<std::uint16_t> ids, ports;
  int near = 0;
  int last_id = -1, last_port = -1;
  for (int i = 0; i < 300; ++i) {
    const DnsQueryId id = resolve("www.example.org");
    const auto message = question();
    near +=
        std::abs(message.id - last_id) < 16 || std::abs(last_.source_port - last_port) < 16 ? 1 : 0;
    last_id = message.id;
    last_port = last_.source_port;
    ids.insert(message.id);
    ports.insert(last_.source_port);
    EXPECT_EQ(resolver_->cancel(id), Error::kOk);
  }
  EXPECT_GT(ids.size(), 290u);
  EXPECT_GT(ports.size(), 290u);
  EXPECT_LT(near, 5);
}

// RFC 5452, 9.1: an answer must come from the server's address and port.
TEST_F(ResolverTest, AnswersFromOtherAddressesAreIgnored) {
  resolve("www.example.org");
  auto message = question();
  message.a(kAsked, 0x06060606);
  scene_.arrives({kSecond, kStackAddress, 53, last_.source_port, message.text()});
  scene_.arrives({kFirst, kStackAddress, 54, last_.source_port, message.text()});
  EXPECT_EQ(count(Count::drop_datagram_no_socket), 2u);
  DnsMessage wrong_id = message;
  wrong_id.id ^= 1;
  answer(wrong_id);
  DnsMessage wrong_name = message;
  wrong_name.name = "www.example.com";
  answer(wrong_name);
  EXPECT_EQ(count(Count::drop_dns_foreign), 2u);
  EXPECT_TRUE(answers_.empty());
  message.body.clear();
  message.answers = 0;
  answer(message.a(kAsked, 0x0a000050));
  EXPECT_EQ(told().addresses.list[0], IpAddress::v4(10, 0, 0, 80)) << "the server still is";
}

TEST_F(ResolverTest, AMalformedAnswerIsRetried) {
  resolve("www.example.org");
  auto message = question();
  message.answers = 9;
  answer(message);
  EXPECT_EQ(count(Count::drop_dns_malformed), 1u);
  (void)question();
}

TEST_F(ResolverTest, RandomMessages) {
  Random random(4);
  for (int round = 0; round < 2000; ++round) {
    resolver_->set_servers(std::array{round % 2 == 0 ? kFirst : kSecond});  // empties the cache
    const DnsQueryId id = resolve("www.example.org");
    auto message = question();
    std::string text =
        message.cname(kAsked, dns_name("b.example.org")).a(dns_name("b.example.org"), 1).text();
    for (std::uint32_t i = 1 + random.below(4); i > 0; --i) {
      text[2 + random.below(static_cast<std::uint32_t>(text.size()) - 2)] =
          static_cast<char>(random.below(256));
    }
    answer(text);
    (void)resolver_->cancel(id);
    answers_.clear();
    scene_.forget();
  }
  EXPECT_EQ(scene_.udp().socket_count(), 0u);
  EXPECT_EQ(resolver_->query_count(), 0u);
}

// ---- The cache ----

TEST_F(ResolverTest, CachesAnAnswerForItsTtl) {
  resolve("www.example.org");
  answer(question().a(kAsked, 0x0a000050, 60));
  (void)told();
  scene_.advance(20s);
  resolve("WWW.example.org.");
  const DnsAnswer cached = told();
  EXPECT_TRUE(cached.cached);
  EXPECT_EQ(cached.addresses.list[0], IpAddress::v4(10, 0, 0, 80));
  EXPECT_EQ(cached.valid, 40s);
  EXPECT_EQ(scene_.sent_count(), 0u);
  scene_.advance(40s);
  resolve("www.example.org");
  (void)question();
  EXPECT_EQ(count(Count::dns_cache_hits), 1u);
}

TEST_F(ResolverTest, TheCacheExpiresOverWeeks) {
  settings_.longest = 24h;
  for (const int days : {26, 50, 75, 125, 400}) {
    resolve("www.example.org");
    answer(question().a(kAsked, 0x0a000050, 86400));
    EXPECT_FALSE(told().cached);
    scene_.advance(days * 24h);
    EXPECT_EQ(scene_.sent_count(), 0u) << days;
    resolve("www.example.org");
    EXPECT_EQ(scene_.sent_count(), 1u) << days;
    answer(question().a(kAsked, 0x0a000051, 0));
    EXPECT_EQ(told().addresses.list[0], IpAddress::v4(10, 0, 0, 81));
  }
}

// RFC 2308, 5
TEST_F(ResolverTest, CachesNegativeAnswers) {
  resolve("www.example.org");
  auto message = question();
  message.flags = 0x8183;
  answer(message.soa("example.org", 600, 30));
  EXPECT_EQ(told().status, DnsStatus::kNoSuchName);
  resolve("www.example.org");
  EXPECT_EQ(told().status, DnsStatus::kNoSuchName);
  EXPECT_EQ(scene_.sent_count(), 0u);
  scene_.advance(30s);
  resolve("www.example.org");
  (void)question();
}

TEST_F(ResolverTest, TtlOfZeroIsNotCachedAndLongOnesAreCapped) {
  resolve("www.example.org");
  answer(question().a(kAsked, 0x0a000050, 0));
  EXPECT_EQ(told().valid, 0s);
  resolve("www.example.org");
  answer(question().a(kAsked, 0x0a000050, 0x7fffffff));
  EXPECT_EQ(told().valid, 24h);
}

TEST_F(ResolverTest, EvictsTheLeastRecentlyUsedEntry) {
  const auto ask = [&](const std::string& name) {
    resolve(name);
    if (scene_.sent_count() > 0) answer(question(name).a(kAsked, 0x0a000050, 600));
    return told().cached;
  };
  for (const char* name : {"a.org", "b.org", "c.org"}) EXPECT_FALSE(ask(name));
  EXPECT_TRUE(ask("a.org"));
  EXPECT_FALSE(ask("d.org"));
  EXPECT_EQ(resolver_->cached(), 3u);
  EXPECT_TRUE(ask("a.org"));
  EXPECT_FALSE(ask("b.org")) << "unused longest";
  resolver_->set_servers(std::array{kSecond});
  EXPECT_FALSE(ask("a.org")) << "other servers may know better";
}

// ---- TCP ----

// RFC 7766, 5: a truncated answer is asked for again over TCP.
class ResolverTcpTest : public ResolverTest {
 protected:
  ResolverTcpTest() {
    scene_.on_other = [this](const Bytes& frame) {
      if (auto segment = decode(frame)) segments_.push_back(std::move(*segment));
    };
    resolve("www.example.org");
    auto message = question();
    message.flags = 0x8380;
    answer(message);
  }
  WireSegment next() {
    if (segments_.empty()) {
      ADD_FAILURE() << "no segment was sent";
      return {};
    }
    WireSegment segment = segments_.front();
    segments_.pop_front();
    return segment;
  }
  void arrives(std::uint8_t flags, const std::string& data = "") {
    WireSegment segment;
    segment.source = kFirst;
    segment.destination = kStackAddress;
    segment.source_port = 53;
    segment.destination_port = port_;
    segment.seq = sequence_;
    segment.ack = acknowledge_;
    segment.flags = flags;
    segment.window = 65535;
    segment.data = data;
    sequence_ += static_cast<std::uint32_t>(data.size()) + ((flags & (kSyn | kFin)) != 0 ? 1 : 0);
    scene_.turn({encode(segment, kPeerMac, kStackMac)});
  }
  /// The server accepts and hears the question; says its id.
  DnsMessage accept() {
    const WireSegment syn = next();
    EXPECT_EQ(syn.flags, kSyn);
    EXPECT_EQ(syn.destination_port, 53);
    port_ = syn.source_port;
    acknowledge_ = syn.seq + 1;
    arrives(kSyn | kAck);
    DnsMessage message;
    while (!segments_.empty()) {
      const WireSegment segment = next();
      if (segment.data.empty()) continue;
      EXPECT_EQ(segment.data.substr(0, 2), be16(segment.data.size() - 2)) << "RFC 1035, 4.2.2";
      message.id = static_cast<std::uint16_t>(static_cast<std::uint8_t>(segment.data[2]) << 8 |
                                              static_cast<std::uint8_t>(segment.data[3]));
      acknowledge_ += static_cast<std::uint32_t>(segment.data.size());
    }
    return message;
  }

  std::deque<WireSegment> segments_;
  std::uint16_t port_ = 0;
  std::uint32_t sequence_ = 1000, acknowledge_ = 0;
};

TEST_F(ResolverTcpTest, ATruncatedAnswerIsFetchedOverTcp) {
  auto message = accept();
  for (std::uint32_t i = 0; i < 100; ++i) message.a(kAsked, 0x0a000001 + i);
  const std::string text = be16(message.text().size()) + message.text();
  arrives(kAck, text.substr(0, 1));
  arrives(kAck, text.substr(1, 800));
  EXPECT_TRUE(answers_.empty());
  arrives(kAck, text.substr(801));
  const DnsAnswer a = told();
  EXPECT_EQ(a.status, DnsStatus::kFound);
  EXPECT_EQ(a.addresses.count, DnsAddresses::kMost);
  EXPECT_EQ(count(Count::dns_queries_tcp), 1u);
  EXPECT_EQ(segments_.back().flags & kFin, kFin) << "and says good-bye";
}

TEST_F(ResolverTcpTest, AFinBeforeTheWholeAnswerIsRetried) {
  auto message = accept();
  arrives(kAck, be16(message.text().size()) + "half");
  arrives(kFin | kAck);
  (void)question();
  EXPECT_TRUE(answers_.empty());
}

TEST_F(ResolverTcpTest, ARefusedConnectionIsRetried) {
  const WireSegment syn = next();
  port_ = syn.source_port;
  acknowledge_ = syn.seq + 1;
  arrives(kRst | kAck);
  (void)question();
}

TEST_F(ResolverTcpTest, RefusesAMessageThatIsTooLong) {
  (void)accept();
  arrives(kAck, be16(60000) + std::string(1000, 'x'));
  EXPECT_EQ(count(Count::drop_dns_malformed), 1u);
  (void)question();
}

TEST_F(ResolverTcpTest, AnswersToOtherQuestionsEndTheConnection) {
  auto message = accept();
  message.id ^= 1;
  const std::string text = message.a(kAsked, 0x06060606).text();
  arrives(kAck, be16(text.size()) + text);
  EXPECT_EQ(count(Count::drop_dns_foreign), 1u);
  EXPECT_TRUE(answers_.empty());
  (void)question();
}

}  // namespace
}  // namespace conker
