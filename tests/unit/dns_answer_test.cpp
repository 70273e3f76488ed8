#include <gtest/gtest.h>

#include <vector>

#include "stack/dns/answer.hpp"
#include "tests/support/frames.hpp"
#include "tests/unit/dns_message.hpp"

namespace conker {
namespace {

using namespace test;

const std::string kAsked = dns_pointer(12);

DnsReading read(const DnsMessage& message, std::uint8_t aliases = 0) {
  return read_dns_answer(bytes_of(message.text()), 0x1234, *DnsName::parse("www.example.org"),
                         DnsFamily::kIpv4, aliases);
}
DnsVerdict verdict(const DnsMessage& message) {
  return read(message).verdict;
}

TEST(DnsAnswerReading, ReadsAddressRecords) {
  const auto reading = read(DnsMessage()
                                .a(kAsked, 0x0a000001, 300)
                                .a(kAsked, 0x0a000002, 60)
                                .a(dns_name("WWW.example.ORG"), 0x0a000003));
  EXPECT_EQ(reading.verdict, DnsVerdict::kAddresses);
  ASSERT_EQ(reading.addresses.count, 3);
  EXPECT_EQ(reading.addresses.list[0], IpAddress::v4(10, 0, 0, 1));
  EXPECT_EQ(reading.addresses.list[2], IpAddress::v4(10, 0, 0, 3));
  EXPECT_EQ(reading.seconds, 60u) << "RFC 2181, 5.2: the least of them";
}

TEST(DnsAnswerReading, LeavesOutAddressesBeyondTheMost) {
  DnsMessage message;
  for (std::uint32_t i = 0; i < 20; ++i) message.a(kAsked, 0x0a000001 + i);
  const auto reading = read(message);
  EXPECT_EQ(reading.verdict, DnsVerdict::kAddresses);
  EXPECT_EQ(reading.addresses.count, DnsAddresses::kMost);
}

// RFC 1034, 3.6.2: the records may stand in any order.
TEST(DnsAnswerReading, FollowsCnameRecords) {
  const auto reading = read(DnsMessage()
                                .a(dns_name("c.example.org"), 0x0a000001, 300)
                                .cname(dns_name("b.example.org"), dns_name("c.example.org"), 20)
                                .cname(kAsked, dns_name("b.example.org"), 100));
  EXPECT_EQ(reading.verdict, DnsVerdict::kAddresses);
  EXPECT_EQ(reading.aliases, 2);
  EXPECT_EQ(reading.seconds, 20u);
  EXPECT_EQ(reading.name, *DnsName::parse("c.example.org"));
}

TEST(DnsAnswerReading, ACnameWithoutAnAddressIsAskedForAgain) {
  const auto reading = read(DnsMessage().cname(kAsked, dns_name("b.example.net"), 100));
  EXPECT_EQ(reading.verdict, DnsVerdict::kAskAgain);
  EXPECT_EQ(reading.name, *DnsName::parse("b.example.net"));
}

TEST(DnsAnswerReading, BoundsTheChainOfCnames) {
  EXPECT_EQ(verdict(DnsMessage().cname(kAsked, kAsked)), DnsVerdict::kEndless);
  EXPECT_EQ(verdict(DnsMessage()
                        .cname(kAsked, dns_name("b.example.org"))
                        .cname(dns_name("b.example.org"), dns_name("www.example.org"))),
            DnsVerdict::kEndless);
  const auto message = DnsMessage().cname(kAsked, dns_name("b.example.org"));
  EXPECT_EQ(read(message, kMostAliases - 1).verdict, DnsVerdict::kAskAgain);
  EXPECT_EQ(read(message, kMostAliases).verdict, DnsVerdict::kEndless)
      << "over several messages, too";
}

// RFC 5452, 6: records of other names are ignored.
TEST(DnsAnswerReading, IgnoresRecordsOfOtherNames) {
  const auto reading =
      read(DnsMessage().a(dns_name("bank.example.com"), 0x06060606).a(kAsked, 0x0a000001));
  ASSERT_EQ(reading.addresses.count, 1);
  EXPECT_EQ(reading.addresses.list[0], IpAddress::v4(10, 0, 0, 1));
  EXPECT_EQ(verdict(DnsMessage().a(dns_name("bank.example.com"), 0x06060606)),
            DnsVerdict::kNoAddress);
}

// RFC 2308, 2 and 5
TEST(DnsAnswerReading, NegativeAnswersHaveTheTtlOfTheSoa) {
  DnsMessage no_name;
  no_name.flags = 0x8183;
  EXPECT_EQ(read(no_name).verdict, DnsVerdict::kNoSuchName);
  EXPECT_EQ(read(no_name).seconds, 0u) << "without SOA it may not be kept";
  EXPECT_EQ(read(no_name.soa("example.org", 600, 120)).seconds, 120u);
  EXPECT_EQ(read(DnsMessage().soa("example.org", 60, 120)).verdict, DnsVerdict::kNoAddress);
  EXPECT_EQ(read(DnsMessage().soa("example.org", 60, 120)).seconds, 60u);
  EXPECT_EQ(read(DnsMessage().soa("example.com", 60, 120)).seconds, 0u)
      << "a zone that it does not lie in";
}

TEST(DnsAnswerReading, ReportsFailuresOfTheServer) {
  for (const int code : {1, 2, 4, 5, 9, 15}) {
    DnsMessage message;
    message.flags = static_cast<std::uint16_t>(0x8180 | code);
    EXPECT_EQ(verdict(message), DnsVerdict::kFailed) << "RCODE " << code;
  }
  DnsMessage message;
  message.flags = 0x8380;
  EXPECT_EQ(verdict(message.a(kAsked, 0x0a000001)), DnsVerdict::kTruncated)
      << "also when something is in it";
}

// RFC 5452, 9.1: id, question and class must be those of the query.
TEST(DnsAnswerReading, IgnoresAnswersToOtherQuestions) {
  const auto foreign = [](auto change) {
    DnsMessage message;
    message.a(kAsked, 0x0a000001);
    change(message);
    return verdict(message) == DnsVerdict::kForeign;
  };
  EXPECT_TRUE(foreign([](DnsMessage& m) { m.id = 0x1235; }));
  EXPECT_TRUE(foreign([](DnsMessage& m) { m.flags = 0x0180; })) << "a query";
  EXPECT_TRUE(foreign([](DnsMessage& m) { m.flags = 0x9180; })) << "another opcode";
  EXPECT_TRUE(foreign([](DnsMessage& m) { m.name = "www.example.com"; }));
  EXPECT_TRUE(foreign([](DnsMessage& m) { m.type = 28; }));
  EXPECT_TRUE(foreign([](DnsMessage& m) { m.questions = 0; }));
  EXPECT_TRUE(foreign([](DnsMessage& m) { m.questions = 2; }));
  EXPECT_FALSE(foreign([](DnsMessage& m) { m.name = "WWW.EXAMPLE.ORG"; }));
  const DnsName name = *DnsName::parse("www.example.org");
  EXPECT_EQ(read_dns_answer({}, 0x1234, name, DnsFamily::kIpv4, 0).verdict, DnsVerdict::kForeign);
}

// RFC 9267, 5 and 6: RDLENGTH and counts that are wrong.
TEST(DnsAnswerReading, RefusesWrongDataLengthsAndCounts) {
  DnsMessage more;
  more.a(kAsked, 0x0a000001);
  more.answers = 2;
  EXPECT_EQ(verdict(more), DnsVerdict::kMalformed) << "more answers than there are";
  more.answers = 0xffff;
  EXPECT_EQ(verdict(more), DnsVerdict::kMalformed);
  DnsMessage empty;
  empty.flags = 0x8183;
  empty.answers = 1;
  EXPECT_EQ(verdict(empty), DnsVerdict::kMalformed) << "also beside NXDOMAIN";

  DnsMessage length;
  length.answers = 1;
  EXPECT_EQ(verdict(length.record(kAsked, 1, 60, be32(1), 5)), DnsVerdict::kMalformed)
      << "past the end";
  length.body.clear();
  EXPECT_EQ(verdict(length.record(kAsked, 1, 60, "12345")), DnsVerdict::kMalformed)
      << "an address of 5 bytes";
  length.body.clear();
  EXPECT_EQ(verdict(length.record(kAsked, 1, 60, "")), DnsVerdict::kMalformed);
  length.body.clear();
  EXPECT_EQ(verdict(length.record(kAsked, 5, 60, dns_name("b.example.org") + "x")),
            DnsVerdict::kMalformed)
      << "an alias with something behind it";
  length.body.clear();
  EXPECT_EQ(verdict(length.record(kAsked, 5, 60, dns_name("b.example.org"), 3).a(kAsked, 1)),
            DnsVerdict::kMalformed)
      << "an alias that reaches past its data";

  DnsMessage soa;
  soa.authorities = 1;
  soa.record(dns_name("example.org"), 6, 60, dns_name("ns") + dns_name("root") + be32(1));
  EXPECT_EQ(read(soa).verdict, DnsVerdict::kNoAddress);
  EXPECT_EQ(read(soa).seconds, 0u) << "an SOA cut short says nothing";
}

// ---- IPv6 ----

DnsReading read_v6(const DnsMessage& message) {
  return read_dns_answer(bytes_of(message.text()), 0x1234, *DnsName::parse("www.example.org"),
                         DnsFamily::kIpv6, 0);
}
DnsMessage asked_v6() {
  DnsMessage message;
  message.type = 28;
  return message;
}
std::string words(const IpAddress& address) {
  std::string text;
  for (const std::uint32_t word : address.words()) text += be32(word);
  return text;
}

TEST(DnsAnswerReading, ReadsAddressesOfIpv6) {
  const IpAddress good = *IpAddress::parse("2001:db8::80");
  auto message = asked_v6();
  message.a(kAsked, 0x0a000001);  // of the other family
  for (const IpAddress& address :
       {good, *IpAddress::parse("fe80::1"), IpAddress::v4(10, 0, 0, 1), IpAddress()}) {
    ++message.answers;
    message.record(kAsked, 28, 60, words(address));
  }
  const DnsReading reading = read_v6(message);
  EXPECT_EQ(reading.verdict, DnsVerdict::kAddresses);
  ASSERT_EQ(reading.addresses.count, 1) << "link-local, IPv4-mapped and :: are left out";
  EXPECT_EQ(reading.addresses.list[0], good);
  EXPECT_EQ(reading.seconds, 60u);
  EXPECT_EQ(read_v6(DnsMessage()).verdict, DnsVerdict::kForeign) << "a question for A records";
  auto half = asked_v6();
  half.answers = 1;
  half.record(kAsked, 28, 60, be32(0x20010db8));
  EXPECT_EQ(read_v6(half).verdict, DnsVerdict::kMalformed);
}

// ---- Both families ----

DnsAnswer answer_with(DnsStatus status, std::vector<const char*> addresses,
                      Duration valid = Duration(60s)) {
  DnsAnswer answer;
  answer.status = status;
  answer.valid = valid;
  for (const char* text : addresses)
    answer.addresses.list[answer.addresses.count++] = *IpAddress::parse(text);
  return answer;
}

TEST(DnsJoin, TakesIpv6FirstAndTheFamiliesInTurn) {
  const DnsAnswer joined =
      join(answer_with(DnsStatus::kFound, {"10.0.0.1", "10.0.0.2", "10.0.0.3"}, 30s),
           answer_with(DnsStatus::kFound, {"2001:db8::1", "2001:db8::2"}));
  ASSERT_EQ(joined.addresses.count, 5);
  const char* const order[] = {"2001:db8::1", "10.0.0.1", "2001:db8::2", "10.0.0.2", "10.0.0.3"};
  for (std::size_t i = 0; i < 5; ++i)
    EXPECT_EQ(joined.addresses.list[i], IpAddress::parse(order[i])) << "RFC 8305, 4";
  EXPECT_EQ(joined.valid, 30s);
}

TEST(DnsJoin, IsFoundWhereEitherIs) {
  const DnsAnswer none = answer_with(DnsStatus::kNoAddress, {});
  const DnsAnswer late = answer_with(DnsStatus::kTimedOut, {});
  const DnsAnswer v4 = answer_with(DnsStatus::kFound, {"10.0.0.1"});
  const DnsAnswer v6 = answer_with(DnsStatus::kFound, {"2001:db8::1"});
  EXPECT_EQ(join(v4, none).addresses.list[0], IpAddress::v4(10, 0, 0, 1));
  EXPECT_EQ(join(late, v6).addresses.list[0], IpAddress::parse("2001:db8::1"));
  EXPECT_EQ(join(none, none).status, DnsStatus::kNoAddress);
  EXPECT_EQ(join(none, late).status, DnsStatus::kTimedOut);
  EXPECT_EQ(join(late, none).status, DnsStatus::kTimedOut);
}

}  // namespace
}  // namespace conker
