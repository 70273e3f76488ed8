#include <gtest/gtest.h>

#include "stack/wire/dhcp.hpp"
#include "tests/support/frames.hpp"
#include "tests/support/random.hpp"
#include "tests/unit/dhcp_message.hpp"

namespace conker {
namespace {

using namespace test;

constexpr MacAddress kOurs{{2, 0, 0, 0, 0, 2}};

std::optional<DhcpMessage> parse(const DhcpReply& reply) {
  return parse_dhcp(bytes_of(reply.text()), kOurs);
}
DhcpReply ack() {
  DhcpReply reply;
  reply.xid = 0xabcdef01;
  return reply.with(53, "\5")
      .with(54, be32(0x0a000001))
      .with(51, be32(3600))
      .with(1, be32(0xffffff00));
}

TEST(WireDhcp, ParsesAnAck) {
  const auto message = parse(ack()
                                 .with(3, be32(0x0a0000fe) + be32(0x0a0000fd))
                                 .with(6, be32(0x0a000035) + be32(0x0a000036))
                                 .with(58, be32(100))
                                 .with(59, be32(200))
                                 .with(200, "something nobody knows"));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->type, DhcpType::kAck);
  EXPECT_EQ(message->transaction, 0xabcdef01u);
  EXPECT_EQ(message->yours, IpAddress::v4(10, 0, 0, 10));
  EXPECT_EQ(message->hardware, kOurs);
  EXPECT_EQ(message->server, IpAddress::v4(10, 0, 0, 1));
  EXPECT_EQ(message->mask, 24);
  EXPECT_EQ(message->router, IpAddress::v4(10, 0, 0, 254));
  ASSERT_EQ(message->dns_count, 2);
  EXPECT_EQ(message->dns[1], IpAddress::v4(10, 0, 0, 54));
  EXPECT_EQ(message->lease, 3600u);
  EXPECT_EQ(message->renew, 100u);
  EXPECT_EQ(message->rebind, 200u);
}

// RFC 2131, 2; RFC 2132
TEST(WireDhcp, EmitsARequest) {
  DhcpMessage message;
  message.type = DhcpType::kRequest;
  message.transaction = 0x01020304;
  message.seconds = 7;
  message.broadcast = true;
  message.hardware = kOurs;
  message.client = IpAddress::v4(0);
  message.server = IpAddress::v4(10, 0, 0, 1);
  message.requested = IpAddress::v4(10, 0, 0, 10);
  std::array<std::byte, kDhcpMostBytes> out;
  const std::size_t length = emit_dhcp(message, 1500, out);
  EXPECT_EQ(length, 300u);
  EXPECT_EQ(to_hex(std::span(out).first(12)), "01 01 06 00 01 02 03 04 00 07 80 00");
  EXPECT_EQ(to_hex(std::span(out).subspan(28, 8)), "02 00 00 00 00 02 00 00");
  EXPECT_EQ(to_hex(std::span(out).subspan(236, 45)),
            "63 82 53 63 35 01 03 3d 07 01 02 00 00 00 00 02 32 04 0a 00 00 0a 36 04 0a 00 00 01 "
            "37 06 01 03 06 33 3a 3b 39 02 05 dc ff 00 00 00 00");
}

// A known fault of other parsers: "option overrun". The options before it are valid.
TEST(WireDhcp, SkipsOptionsThatOverrun) {
  const auto cut = parse(ack().with(3, be32(0x0a0000fe), 200));
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->router, IpAddress());
  EXPECT_EQ(cut->lease, 3600u);
  EXPECT_EQ(cut->skipped, 1u);
  DhcpReply reply = ack();
  reply.end = "";
  ASSERT_TRUE(parse(reply)) << "the end option may be missing";
  EXPECT_EQ(parse(reply)->skipped, 0u);
  reply.options += '\6';
  ASSERT_TRUE(parse(reply)) << "a kind without a length";
  EXPECT_EQ(parse(reply)->skipped, 1u);
  reply.options += '\4';
  ASSERT_TRUE(parse(reply)) << "a length without data";
  EXPECT_EQ(parse(reply)->skipped, 1u);
  const std::string whole = ack().text();
  for (std::size_t size = 0; size < whole.size() - 1; ++size) {
    const auto message = parse_dhcp(bytes_of(whole.substr(0, size)), kOurs);
    if (message) {
      EXPECT_TRUE(size >= 243) << "cut to " << size;
    }
  }
  EXPECT_FALSE(parse_dhcp(bytes_of(whole.substr(0, 240)), kOurs)) << "no type";
}

// An option of an invalid length or value is treated as absent: the others and the lease are kept.
TEST(WireDhcp, SkipsOptionsOfInvalidLengthOrValue) {
  const auto skips = [](int kind, const std::string& data) {
    DhcpReply reply;
    reply.with(kind, data);
    reply.options += ack().options;
    const auto message = parse(reply);
    ASSERT_TRUE(message) << kind;
    EXPECT_EQ(message->skipped, 1u) << kind;
    EXPECT_EQ(message->type, DhcpType::kAck) << kind;
    EXPECT_EQ(message->server, IpAddress::v4(10, 0, 0, 1)) << kind;
    EXPECT_EQ(message->lease, 3600u) << kind;
    EXPECT_EQ(message->mask, 24) << kind;
    EXPECT_FALSE(message->renew || message->rebind) << kind;
    EXPECT_EQ(message->router, IpAddress()) << kind;
    EXPECT_EQ(message->dns_count, 0) << kind;
  };
  for (const int kind : {1, 51, 54, 58, 59}) {
    skips(kind, "abc");
    skips(kind, "");
    skips(kind, "abcde");
  }
  for (const int kind : {3, 6}) {
    skips(kind, "");
    skips(kind, "abcde");
  }
  skips(53, "");
  skips(53, repeated(1, '\0'));
  skips(53, "\x09");
  skips(52, "\4");
  skips(61, "");
  skips(1, be32(0xff00ff00));  // a mask with a hole
  skips(1, be32(0));
}

TEST(WireDhcp, RequiresAMessageType) {
  DhcpReply reply;
  EXPECT_FALSE(parse(reply.with(54, be32(0x0a000001)).with(53, "").with(53, "\x09")));
}

TEST(WireDhcp, UnknownOptionsMayBeEmpty) {
  const auto message = parse(ack().with(12, "").with(15, "").with(50, "abc"));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->lease, 3600u);
}

// RFC 3396, 7
TEST(WireDhcp, ConcatenatesListsOverSeveralOptions) {
  const auto message = parse(ack()
                                 .with(6, be32(0x0a000035) + be32(0x0a000036).substr(0, 2))
                                 .with(6, be32(0x0a000036).substr(2)));
  ASSERT_TRUE(message);
  ASSERT_EQ(message->dns_count, 2);
  EXPECT_EQ(message->dns[1], IpAddress::v4(10, 0, 0, 54));
}

TEST(WireDhcp, TakesTheFirstValidRouter) {
  EXPECT_EQ(parse(ack().with(3, be32(0) + be32(0xffffffff) + be32(0x0a0000fe)))->router,
            IpAddress::v4(10, 0, 0, 254));
}

// RFC 6842, 3: a reply carries the identifier of its client, or none.
TEST(WireDhcp, RefusesMessagesForAnotherClient) {
  EXPECT_TRUE(parse(ack().with(61, std::string("\1\x02\0\0\0\0\2", 7))));
  EXPECT_FALSE(parse(ack().with(61, std::string("\1\x02\0\0\0\0\3", 7))));
  EXPECT_FALSE(parse(ack().with(61, "xy")));
}

TEST(WireDhcp, RefusesOtherThanRepliesOnEthernet) {
  DhcpReply reply = ack();
  reply.op = 1;
  EXPECT_FALSE(parse(reply));
  reply = ack();
  reply.hardware_type = 6;
  EXPECT_FALSE(parse(reply));
  reply = ack();
  reply.hardware_length = 16;
  EXPECT_FALSE(parse(reply));
  reply = ack();
  reply.magic[3] = 0x64;
  EXPECT_FALSE(parse(reply));
}

// A known fault of other parsers: "overloaded sname/file".
TEST(WireDhcp, ReadsOverloadedFieldsOnce) {
  const auto field = [](const std::string& options, std::size_t size) {
    return (options + '\xff').append(size - options.size() - 1, '\xee');
  };
  DhcpReply reply = ack();
  reply.file = field(dhcp_option(3, be32(0x0a0000fe)), 128);
  reply.server_name = field(dhcp_option(6, be32(0x0a000035)), 64);
  EXPECT_TRUE(parse(reply)->router == IpAddress()) << "nobody says that there are any";
  reply.with(52, "\1");
  EXPECT_EQ(parse(reply)->router, IpAddress::v4(10, 0, 0, 254));
  EXPECT_EQ(parse(reply)->dns_count, 0);
  reply.options = ack().with(52, "\2").options;
  EXPECT_EQ(parse(reply)->dns_count, 1);
  EXPECT_EQ(parse(reply)->router, IpAddress());
  reply.options = ack().with(52, "\3").options;
  EXPECT_EQ(parse(reply)->dns_count, 1);
  EXPECT_EQ(parse(reply)->router, IpAddress::v4(10, 0, 0, 254));

  reply.file = field(dhcp_option(52, "\2"), 128);
  reply.options = ack().with(52, "\1").options;
  EXPECT_EQ(parse(reply)->dns_count, 0) << "overloading is not overloaded";
  reply.file = repeated(126, '\0') + "\3\x04";
  ASSERT_TRUE(parse(reply));
  EXPECT_EQ(parse(reply)->router, IpAddress()) << "an option that reaches out of its field";
  reply.file = repeated(128, '\0');
  EXPECT_TRUE(parse(reply)) << "nothing but padding";
}

TEST(WireDhcp, RandomMessages) {
  Random random(8);
  const std::string good = ack().with(52, "\3").with(6, be32(1) + be32(2)).text();
  for (int round = 0; round < 20000; ++round) {
    auto bytes = bytes_of(good);
    for (std::uint32_t i = 1 + random.below(5); i > 0; --i) {
      bytes[40 + random.below(static_cast<std::uint32_t>(bytes.size()) - 40)] =
          static_cast<std::byte>(random.below(256));
    }
    const auto message = parse_dhcp(bytes, kOurs);
    if (message) {
      EXPECT_LE(message->dns_count, DhcpMessage::kMostServers);
    }
  }
}

}  // namespace
}  // namespace conker
