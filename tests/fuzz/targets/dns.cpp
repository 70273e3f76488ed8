// Target: DNS names as text and in messages, whole messages, and the interpretation of answers.
#include "stack/wire/dns.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "stack/dns/answer.hpp"
#include "stack/wire/bytes.hpp"
#include "tests/fuzz/found.hpp"

namespace conker::fuzz {
namespace {

/// Checks a name: labels of 1 to 63 bytes, the root's at the end, 255 bytes at most, nothing
/// behind.
void check_name(const DnsName& name) {
  const auto bytes = name.bytes();
  check(!bytes.empty() && bytes.size() <= DnsName::kMaxBytes, "a name without an end or too long");
  std::size_t at = 0;
  while (bytes[at] != std::byte{0}) {
    check(std::to_integer<std::size_t>(bytes[at]) <= DnsName::kMaxLabel,
          "a label that is too long");
    at += 1 + std::to_integer<std::size_t>(bytes[at]);
    check(at < bytes.size(), "a name that ends in the middle of a label");
  }
  check(at + 1 == bytes.size(), "a name that goes on behind its end");
  check(name.lies_in(name), "a name that does not lie in itself");
}

void check_text(std::string_view text) {
  const auto name = DnsName::parse(text);
  if (!name) return;
  check_name(*name);
  std::array<std::byte, kDnsHeader + DnsName::kMaxBytes + 4> query;
  const std::size_t length = emit_dns_query(0x1234, *name, DnsType::kAaaa, query);
  DnsReader reader{std::span(query).first(length)};
  DnsHeader header;
  DnsQuestion question;
  check(reader.header(header) && header.id == 0x1234 && !header.response && header.questions == 1 &&
            reader.question(question) && question.name == *name && question.type == DnsType::kAaaa,
        "a question is not written as it is read");
}

void check_reading(Input message, const DnsQuestion& question) {
  for (const std::uint8_t aliases : {std::uint8_t{0}, kMostAliases}) {
    const DnsReading reading = read_dns_answer(
        message, get16(message, 0), question.name,
        question.type == DnsType::kAaaa ? DnsFamily::kIpv6 : DnsFamily::kIpv4, aliases);
    check(reading.addresses.count <= DnsAddresses::kMost, "more addresses than there is room for");
    check(reading.aliases >= aliases && reading.aliases <= kMostAliases + 1,
          "more aliases than are followed");
    check((reading.verdict == DnsVerdict::kAddresses) == (reading.addresses.count > 0) ||
              reading.verdict == DnsVerdict::kMalformed || reading.verdict == DnsVerdict::kEndless,
          "addresses without an answer, or an answer without addresses");
    check_name(reading.name);
  }
}

void check_message(Input message) {
  DnsReader reader(message);
  DnsHeader header;
  if (!reader.header(header)) return;
  DnsQuestion question, first;
  bool good = true;
  for (std::uint32_t i = 0; good && i < header.questions; ++i) {
    good = reader.question(question);
    if (good) check_name(question.name);
    if (i == 0) first = question;
  }
  if (good && header.questions > 0) check_reading(message, first);
  for (std::uint32_t left = std::uint32_t{header.answers} + header.authorities; good && left > 0;
       --left) {
    DnsRecord record;
    good = reader.record(record);
    if (!good) break;
    check_name(record.name);
    check(within(record.data, message) && record.data_at + record.data.size() <= message.size(),
          "a record is longer than its message");
    check(record.ttl <= 0x7fffffff, "a time to live with its highest bit set");
    std::size_t at = record.data_at;
    DnsName inner;
    if (reader.name(at, inner)) {
      check_name(inner);
      check(at > record.data_at && at <= message.size(), "a name ends outside of its message");
    }
  }
}

}  // namespace

void run(Input input) {
  check_text({reinterpret_cast<const char*>(input.data()), input.size()});
  check_message(input);
}

}  // namespace conker::fuzz
