#include <gtest/gtest.h>

#include "stack/wire/dhcp6.hpp"
#include "tests/support/frames.hpp"
#include "tests/unit/dhcp6_message.hpp"

namespace conker {
namespace {

using namespace test;

constexpr MacAddress kOurMac6{{2, 0, 0, 0, 0, 2}};
constexpr int kReply6 = 7, kAdvertise6 = 2;
const IpAddress kHost6 = *IpAddress::parse("2001:db8::10");

std::optional<Dhcp6Message> parse6(const std::string& options, int type = kReply6) {
  return parse_dhcp6(bytes_of(dhcp6_message(type, 0xabcdef, options)), kOurMac6, 1);
}
std::string ids6() {
  return dhcp6_client() + dhcp6_server();
}

TEST(WireDhcp6, ParsesAReply) {
  const auto message = parse6(
      ids6() + dhcp6_association(100, 200, dhcp6_address(0x10, 300, 400)) + dhcp6_option(7, "\x9") +
      dhcp6_option(23, dhcp6_host(0x53) + dhcp6_host(0x54)) + dhcp6_option(32, be32(700)) +
      dhcp6_option(82, be32(60)) + dhcp6_option(83, be32(86400)) + dhcp6_option(999, "unknown"));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->type, Dhcp6Type::kReply);
  EXPECT_EQ(message->transaction, 0xabcdefu);
  EXPECT_EQ(message->server.length, 11);
  ASSERT_TRUE(message->association);
  EXPECT_EQ(message->association->renew, 100u);
  EXPECT_EQ(message->association->rebind, 200u);
  ASSERT_EQ(message->association->count, 1);
  EXPECT_EQ(message->association->addresses[0].address, kHost6);
  EXPECT_EQ(message->association->addresses[0].preferred, 300u);
  EXPECT_EQ(message->association->addresses[0].valid, 400u);
  EXPECT_EQ(message->preference, 9);
  ASSERT_EQ(message->dns_count, 2);
  EXPECT_EQ(message->dns[1], *IpAddress::parse("2001:db8::54"));
  EXPECT_EQ(message->refresh, 700u);
  EXPECT_EQ(message->solicit_max, 60u);
  EXPECT_EQ(message->information_max, 86400u);
  EXPECT_EQ(message->status, Dhcp6Status::kSuccess);
  EXPECT_EQ(message->skipped, 0);
}

// RFC 8415, 8, 21.2 to 21.9
TEST(WireDhcp6, EmitsARequest) {
  Dhcp6Message message;
  message.type = Dhcp6Type::kRequest;
  message.transaction = 0x010203;
  message.client = kOurMac6;
  message.server.length = 3;
  message.server.bytes[2] = std::byte{0xaa};
  message.elapsed = 0x0102;
  message.association.emplace();
  message.association->count = 1;
  message.association->addresses[0].address = kHost6;
  std::array<std::byte, kDhcp6MostBytes> out;
  const std::size_t length = emit_dhcp6(message, 1, out);
  EXPECT_EQ(to_hex(std::span(out).first(length)),
            "03 01 02 03 "
            "00 01 00 0a 00 03 00 01 02 00 00 00 00 02 "
            "00 02 00 03 00 00 aa "
            "00 08 00 02 01 02 "
            "00 03 00 28 00 00 00 01 00 00 00 00 00 00 00 00 "
            "00 05 00 18 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 10 00 00 00 00 00 00 00 00 "
            "00 06 00 04 00 17 00 52");
}

TEST(WireDhcp6, TheLongestMessageFits) {
  Dhcp6Message message;
  message.type = Dhcp6Type::kRenew;
  message.server.length = Dhcp6Identifier::kMost;
  message.association.emplace();
  message.association->count = 1;
  message.association->addresses[0].address = kHost6;
  std::array<std::byte, kDhcp6MostBytes> out;
  EXPECT_LE(emit_dhcp6(message, 1, out), out.size());
}

TEST(WireDhcp6, InformationRequestAsksForItsOptions) {
  Dhcp6Message message;
  message.type = Dhcp6Type::kInformationRequest;
  message.client = kOurMac6;
  std::array<std::byte, kDhcp6MostBytes> out;
  const std::size_t length = emit_dhcp6(message, 1, out);
  EXPECT_EQ(to_hex(std::span(out).first(length)),
            "0b 00 00 00 00 01 00 0a 00 03 00 01 02 00 00 00 00 02 00 08 00 02 00 00 "
            "00 06 00 06 00 17 00 20 00 53");
}

// RFC 8415, 16.3 and 16.10
TEST(WireDhcp6, RefusesMessagesWithoutIdentifiersOrForOthers) {
  EXPECT_TRUE(parse6(ids6()));
  EXPECT_TRUE(parse6(ids6(), kAdvertise6));
  EXPECT_FALSE(parse6(dhcp6_client()));
  EXPECT_FALSE(parse6(dhcp6_server()));
  EXPECT_FALSE(parse6(dhcp6_client(3) + dhcp6_server()));
  EXPECT_FALSE(parse6(dhcp6_client() + dhcp6_client(3) + dhcp6_server()));
  EXPECT_FALSE(parse6(dhcp6_client() + dhcp6_option(2, "ab"))) << "a DUID has three bytes or more";
  EXPECT_FALSE(parse6(dhcp6_client() + dhcp6_option(2, repeated(131, 'x'))));
  EXPECT_TRUE(parse6(dhcp6_client() + dhcp6_option(2, repeated(130, 'x'))));
  for (const int type : {0, 1, 3, 8, 10, 11, 12, 13, 255})
    EXPECT_FALSE(parse6(ids6(), type)) << type;
}

TEST(WireDhcp6, SkipsOptionsThatOverrun) {
  const std::string whole = ids6() + dhcp6_option(32, be32(700));
  const std::string text = dhcp6_message(kReply6, 1, whole);
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto message = parse_dhcp6(bytes_of(text.substr(0, size)), kOurMac6, 1);
    if (!message) continue;
    EXPECT_GE(size, 4 + ids6().size()) << size;
    EXPECT_EQ(message->skipped, size == 4 + ids6().size() ? 0 : 1) << size;
    EXPECT_FALSE(message->refresh);
  }
  const auto lying = parse6(whole + dhcp6_option(23, dhcp6_host(1), 17));
  ASSERT_TRUE(lying);
  EXPECT_EQ(lying->refresh, 700u) << "the options before it are valid";
  EXPECT_EQ(lying->dns_count, 0);
  EXPECT_EQ(lying->skipped, 1);
}

TEST(WireDhcp6, SkipsOptionsOfInvalidLengthOrValue) {
  const auto skips = [](const std::string& option) {
    const auto message = parse6(ids6() + option + dhcp6_option(32, be32(700)));
    ASSERT_TRUE(message);
    EXPECT_EQ(message->skipped, 1) << to_hex(bytes_of(option));
    EXPECT_EQ(message->refresh, 700u);
    EXPECT_EQ(message->dns_count, 0);
    EXPECT_FALSE(message->solicit_max || message->information_max);
    EXPECT_FALSE(message->association && message->association->count > 0);
  };
  skips(dhcp6_option(7, ""));
  skips(dhcp6_option(7, "ab"));
  skips(dhcp6_option(13, "a"));
  skips(dhcp6_option(23, ""));
  skips(dhcp6_option(23, dhcp6_host(1) + "x"));
  skips(dhcp6_option(32, "abc"));
  skips(dhcp6_option(82, be32(59)));
  skips(dhcp6_option(82, be32(86401)));
  skips(dhcp6_option(83, be32(0)));
  skips(dhcp6_option(3, "too short"));
  skips(dhcp6_association(200, 100, dhcp6_address(0x10, 1, 2)));  // T1 beyond T2 (21.4)
  skips(dhcp6_association(0, 0, dhcp6_address(0x10, 3, 2)));      // 21.6
  skips(dhcp6_association(0, 0, dhcp6_option(5, "short")));
  skips(dhcp6_association(
      0, 0, dhcp6_option(5, be32(0xff020000) + be32(0) + be32(0) + be32(1) + be32(1) + be32(1))));
  skips(dhcp6_association(
      0, 0, dhcp6_option(5, be32(0xfe800000) + be32(0) + be32(0) + be32(1) + be32(1) + be32(1))));
  skips(dhcp6_association(
      0, 0,
      dhcp6_option(5, be32(0) + be32(0) + be32(0xffff) + be32(0x0a000001) + be32(1) + be32(1))));
}

TEST(WireDhcp6, ServersOfNamesThatAreNoHostsAreLeftOut) {
  const auto message =
      parse6(ids6() + dhcp6_option(23, be32(0) + be32(0) + be32(0) + be32(0) + dhcp6_host(1) +
                                           dhcp6_host(2) + dhcp6_host(3) + dhcp6_host(4)));
  ASSERT_TRUE(message);
  ASSERT_EQ(message->dns_count, 3) << "the first three";
  EXPECT_EQ(message->dns[0], *IpAddress::parse("2001:db8::1"));
}

TEST(WireDhcp6, AssociationsOfOtherNumbersAreNotOurs) {
  const auto message = parse6(ids6() + dhcp6_association(0, 0, dhcp6_address(0x11, 1, 2), 2) +
                              dhcp6_association(0, 0, dhcp6_address(0x10, 1, 2)) +
                              dhcp6_association(0, 0, dhcp6_address(0x12, 1, 2)));
  ASSERT_TRUE(message && message->association);
  ASSERT_EQ(message->association->count, 1);
  EXPECT_EQ(message->association->addresses[0].address, kHost6) << "the first one of ours";
}

// RFC 8415, 21.13: of the message, of the association, of an address.
TEST(WireDhcp6, StatusCodesCountWhereTheyStand) {
  const auto of_message = parse6(ids6() + dhcp6_status(4));
  ASSERT_TRUE(of_message);
  EXPECT_EQ(of_message->status, Dhcp6Status::kNotOnLink);
  const auto of_association = parse6(ids6() + dhcp6_association(0, 0, dhcp6_status(3)));
  ASSERT_TRUE(of_association && of_association->association);
  EXPECT_EQ(of_association->status, Dhcp6Status::kSuccess);
  EXPECT_EQ(of_association->association->status, Dhcp6Status::kNoBinding);
  const auto of_address =
      parse6(ids6() + dhcp6_association(0, 0,
                                        dhcp6_address(0x10, 1, 2, dhcp6_status(2)) +
                                            dhcp6_address(0x11, 1, 2, dhcp6_status(0))));
  ASSERT_TRUE(of_address && of_address->association);
  ASSERT_EQ(of_address->association->count, 1);
  EXPECT_EQ(of_address->association->addresses[0].address, *IpAddress::parse("2001:db8::11"));
}

TEST(WireDhcp6, KeepsNoMoreAddressesThanThereIsRoomFor) {
  std::string many;
  for (std::size_t i = 1; i < 40; ++i) many += dhcp6_address(i, 1, 2);
  const auto message = parse6(ids6() + dhcp6_association(0, 0, many));
  ASSERT_TRUE(message && message->association);
  EXPECT_EQ(message->association->count, Dhcp6Association::kMost);
  EXPECT_EQ(message->skipped, 0);
}

}  // namespace
}  // namespace conker
