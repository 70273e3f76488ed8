#include <gtest/gtest.h>

#include "stack/wire/dns.hpp"
#include "tests/support/frames.hpp"
#include "tests/support/random.hpp"
#include "tests/unit/dns_message.hpp"

namespace conker {
namespace {

using namespace test;

const std::string kHeaderBytes =
    be16(0x1234) + be16(0x8180) + be16(1) + be16(0) + be16(0) + be16(0);

/// Reads the name at an offset of a message that consists of a header and these bytes.
std::optional<DnsName> name_at(const std::string& behind_header, std::size_t at) {
  const auto message = bytes_of(kHeaderBytes + behind_header);
  DnsName name;
  return DnsReader(message).name(at, name) ? std::optional(name) : std::nullopt;
}
std::optional<DnsName> name_at_end(const std::string& before, const std::string& name) {
  return name_at(before + name, kDnsHeader + before.size());
}

// RFC 1035, 4.1: literal bytes.
TEST(WireDns, EmitsAQuery) {
  std::array<std::byte, 512> out{};
  const std::size_t length =
      emit_dns_query(0xabcd, *DnsName::parse("www.Example.org"), DnsType::kA, out);
  EXPECT_EQ(to_hex(std::span(out).first(length)),
            "ab cd 01 00 00 01 00 00 00 00 00 00 "
            "03 77 77 77 07 65 78 61 6d 70 6c 65 03 6f 72 67 00 00 01 00 01");
}

// RFC 1123, 2.1; RFC 1035, 2.3.4
TEST(WireDns, AcceptsHostNamesOnly) {
  for (const char* good :
       {"a", "localhost", "www.example.org", "www.example.org.", "a-b.c_d.e1", "1.2.3.4a"}) {
    EXPECT_TRUE(DnsName::parse(good)) << good;
  }
  for (const char* bad : {"", ".", "..", "a..b", ".a", "a b", "a/b", "a:53", "10.0.0.256", "1",
                          "www.1", "\xc3\xa4.de"}) {
    EXPECT_FALSE(DnsName::parse(bad)) << bad;
  }
  EXPECT_TRUE(DnsName::parse(repeated(63, 'a') + ".org"));
  EXPECT_FALSE(DnsName::parse(repeated(64, 'a') + ".org"));
  const std::string label = repeated(61, 'a') + ".";  // four take 248 of 255 bytes
  EXPECT_FALSE(DnsName::parse(label + label + label + label + "abcdef"));
  EXPECT_TRUE(DnsName::parse(label + label + label + label + "abcde"));
}

// RFC 4343: case does not matter.
TEST(WireDns, NamesCompareWithoutCase) {
  EXPECT_EQ(*DnsName::parse("WWW.Example.ORG"), *DnsName::parse("www.example.org."));
  EXPECT_NE(*DnsName::parse("www.example.org"), *DnsName::parse("ww.wexample.org"));
  EXPECT_TRUE(DnsName::parse("www.example.org")->lies_in(*DnsName::parse("example.org")));
  EXPECT_TRUE(DnsName::parse("example.org")->lies_in(*DnsName::parse("example.org")));
  EXPECT_FALSE(DnsName::parse("badexample.org")->lies_in(*DnsName::parse("example.org")));
  EXPECT_FALSE(DnsName::parse("org")->lies_in(*DnsName::parse("example.org")));
}

TEST(WireDns, FollowsCompressionPointersBack) {
  const std::string before = dns_name("example.org");  // at 12
  EXPECT_EQ(name_at_end(before, std::string("\3www") + dns_pointer(12)),
            DnsName::parse("www.example.org"));
  EXPECT_EQ(name_at_end(before, dns_pointer(20)), DnsName::parse("org"))
      << "into the middle of a name";
  const std::string twice = before + std::string("\3www") + dns_pointer(12);
  EXPECT_EQ(name_at_end(twice, std::string("\2vw") + dns_pointer(12 + before.size())),
            DnsName::parse("vw.www.example.org"));
}

// RFC 9267, 2: compression loops and forward pointers.
TEST(WireDns, RefusesCompressionLoopsAndForwardPointers) {
  EXPECT_FALSE(name_at(dns_pointer(12), 12)) << "to itself";
  EXPECT_FALSE(name_at(dns_pointer(14) + dns_pointer(12), 12)) << "in a circle";
  EXPECT_FALSE(name_at(dns_pointer(14) + dns_pointer(12), 14)) << "in a circle, from its other end";
  EXPECT_FALSE(name_at(std::string("\1a") + dns_pointer(12), 12))
      << "to the labels before it: grows for ever";
  EXPECT_FALSE(name_at(dns_pointer(14) + dns_name("a"), 12)) << "forward";
  EXPECT_FALSE(name_at(dns_pointer(0x3fff), 12)) << "past the end";
  EXPECT_FALSE(name_at_end(dns_name("a"), dns_pointer(0))) << "into the header";
  EXPECT_FALSE(name_at(std::string("\xc0"), 12)) << "half a pointer";
  std::string chain = dns_name("a");
  for (int i = 0; i < 1000; ++i)
    chain += dns_pointer(i == 0 ? 12 : 15 + 2 * (static_cast<std::size_t>(i) - 1));
  EXPECT_TRUE(name_at(chain, 15 + 2 * 15));
  EXPECT_FALSE(name_at(chain, 15 + 2 * 999)) << "a thousand jumps for one letter";
}

// RFC 9267, 3: lengths of labels and names.
TEST(WireDns, RefusesLabelsAndNamesThatAreTooLong) {
  EXPECT_FALSE(name_at(std::string("\x40") + repeated(64, 'a') + '\0', 12))
      << "RFC 6891, 5: not a length";
  EXPECT_FALSE(name_at(std::string("\x80") + repeated(128, 'a') + '\0', 12));
  EXPECT_FALSE(name_at(std::string("\x05") + "abc", 12)) << "past the end";
  EXPECT_FALSE(name_at(std::string("\x03") + "abc", 12)) << "no end";
  const std::string label = '\x3f' + repeated(63, 'a');
  EXPECT_TRUE(name_at(label + label + label + '\x3d' + repeated(61, 'b') + '\0', 12))
      << "255 bytes";
  EXPECT_FALSE(name_at(label + label + label + '\x3e' + repeated(62, 'b') + '\0', 12))
      << "256 bytes";
  EXPECT_FALSE(name_at_end(label + label + '\0', label + label + dns_pointer(12)))
      << "too long only after the jump";
}

// RFC 9267, 4: a NUL within a label.
TEST(WireDns, ANulInsideALabelIsAByteLikeAnyOther) {
  const std::string nul = std::string("\7") + std::string("www\0bad", 7) + dns_name("example.org");
  const auto name = name_at(nul, 12);
  ASSERT_TRUE(name);
  EXPECT_EQ(name->bytes().size(), nul.size());
  EXPECT_NE(*name, *DnsName::parse("www.example.org")) << "the name does not end there";
  EXPECT_FALSE(name_at(std::string("\3www\7example"), 12))
      << "and without one it does not end at all";
}

// RFC 9267, 5 and 6: RDLENGTH and counts that are wrong.
TEST(WireDns, RefusesWrongDataLengths) {
  const auto good =
      bytes_of(kHeaderBytes + dns_name("a") + be16(1) + be16(1) + be32(60) + be16(4) + "1234");
  for (std::size_t size = kDnsHeader; size < good.size(); ++size) {
    const auto cut = std::span(good).first(size);
    DnsReader reader(cut);
    DnsHeader header;
    DnsRecord record;
    ASSERT_TRUE(reader.header(header));
    EXPECT_FALSE(reader.record(record)) << "cut to " << size;
  }
  auto lie = good;
  lie[lie.size() - 5] = std::byte{5};
  DnsReader reader(lie);
  DnsHeader header;
  DnsRecord record;
  ASSERT_TRUE(reader.header(header));
  EXPECT_FALSE(reader.record(record));
}

// RFC 2181, 8
TEST(WireDns, ATtlWithTheHighestBitSetIsZero) {
  const auto bytes =
      bytes_of(kHeaderBytes + dns_name("a") + be16(1) + be16(1) + be32(0x80000001) + be16(0));
  DnsReader reader(bytes);
  DnsHeader header;
  DnsRecord record;
  ASSERT_TRUE(reader.header(header) && reader.record(record));
  EXPECT_EQ(record.ttl, 0u);
}

TEST(WireDns, RandomMessages) {
  Random random(9);
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::byte> bytes(random.below(100));
    for (auto& b : bytes)
      b = static_cast<std::byte>(random.below(4) == 0 ? 0xc0 : random.below(32));
    DnsReader reader(bytes);
    DnsHeader header;
    DnsRecord record;
    if (!reader.header(header)) continue;
    while (reader.record(record)) EXPECT_LE(record.data_at + record.data.size(), bytes.size());
  }
}

}  // namespace
}  // namespace conker
