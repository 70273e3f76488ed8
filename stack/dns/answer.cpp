#include "stack/dns/answer.hpp"

#include <algorithm>

#include "stack/wire/bytes.hpp"

namespace conker {
namespace {

constexpr std::uint32_t kForEver = 0xffffffff;

/// Calls f for every record of the answer section; false when the section is truncated.
template <typename F>
bool for_each_record(DnsReader& reader, std::uint16_t count, F&& f) {
  for (std::uint16_t i = 0; i < count; ++i) {
    DnsRecord record;
    if (!reader.record(record) || !f(record)) return false;
  }
  return true;
}

/// The address in a record of this family; nothing where it is none that can be opened.
std::optional<IpAddress> address_in(const DnsRecord& record, DnsFamily family) {
  if (family == DnsFamily::kIpv4) return get_ipv4(record.data, 0);
  const auto address = get_ipv6(record.data, 0);
  return address && names_a_host(*address) && !address->is_link_local() ? address : std::nullopt;
}

/// Reads the answer section once: takes the addresses of `reading.name`, or else follows its CNAME,
/// which sets `moved`. Records of other names are ignored (RFC 5452, 6). False when the message is
/// malformed.
bool follow(DnsReader reader, std::uint16_t answers, DnsFamily family, DnsReading& reading,
            bool& moved) {
  DnsName target;
  std::uint32_t alias_ttl = kForEver;
  const bool whole = for_each_record(reader, answers, [&](const DnsRecord& record) {
    if (record.klass != DnsType::kInternet || record.name != reading.name) return true;
    if (record.type == dns_type_of(family)) {
      if (record.data.size() != (family == DnsFamily::kIpv4 ? 4 : 16)) return false;
      reading.seconds = std::min(reading.seconds, record.ttl);
      const auto address = address_in(record, family);
      if (address && reading.addresses.count < DnsAddresses::kMost) {
        reading.addresses.list[reading.addresses.count++] = *address;
      }
    } else if (record.type == DnsType::kCname && target.empty()) {
      std::size_t at = record.data_at;
      if (!reader.name(at, target) || at != record.data_at + record.data.size()) return false;
      alias_ttl = record.ttl;
    }
    return true;
  });
  moved = whole && reading.addresses.count == 0 && !target.empty();
  if (moved) {
    reading.name = target;
    reading.seconds = std::min(reading.seconds, alias_ttl);
  }
  return whole;
}

/// Seconds that a negative answer may be cached (RFC 2308, 5): the SOA of a zone that contains the
/// name gives them; without one it must not be cached.
std::uint32_t negative_seconds(DnsReader reader, std::uint16_t authorities, const DnsName& name) {
  std::uint32_t seconds = 0;
  (void)for_each_record(reader, authorities, [&](const DnsRecord& record) {
    if (record.type != DnsType::kSoa || !name.lies_in(record.name)) return true;
    std::size_t at = record.data_at;
    DnsName skipped;
    const std::size_t end = record.data_at + record.data.size();
    if (!reader.name(at, skipped) || !reader.name(at, skipped) || at + 20 != end) return false;
    seconds = std::min(record.ttl, get32(record.data, record.data.size() - 4));
    return false;
  });
  return seconds;
}

}  // namespace

DnsReading read_dns_answer(std::span<const std::byte> message, std::uint16_t id,
                           const DnsName& name, DnsFamily family, std::uint8_t aliases) {
  DnsReading reading;
  reading.name = name;
  reading.seconds = kForEver;
  reading.aliases = aliases;
  const auto is = [&reading](DnsVerdict verdict) {
    reading.verdict = verdict;
    return reading;
  };
  DnsReader reader(message);
  DnsHeader header;
  DnsQuestion question;
  if (!reader.header(header) || !header.response || header.opcode != 0 || header.id != id ||
      header.questions != 1 || !reader.question(question) ||
      question != DnsQuestion{name, dns_type_of(family), DnsType::kInternet}) {
    return is(DnsVerdict::kForeign);
  }
  if (header.truncated) return is(DnsVerdict::kTruncated);
  if (header.code != DnsHeader::kNoError && header.code != DnsHeader::kNoSuchName) {
    return is(DnsVerdict::kFailed);
  }
  for (bool moved = true; moved;) {
    if (!follow(reader, header.answers, family, reading, moved)) return is(DnsVerdict::kMalformed);
    if (moved && ++reading.aliases > kMostAliases) return is(DnsVerdict::kEndless);
  }
  if (reading.addresses.count > 0) return is(DnsVerdict::kAddresses);
  // Per RFC 6604, 3, NXDOMAIN is about the end of the CNAME chain.
  const bool no_such_name = header.code == DnsHeader::kNoSuchName;
  if (!no_such_name && reading.aliases > aliases) return is(DnsVerdict::kAskAgain);
  for (std::uint16_t i = 0; i < header.answers; ++i) {
    DnsRecord skipped;
    if (!reader.record(skipped)) return is(DnsVerdict::kMalformed);
  }
  reading.seconds =
      std::min(reading.seconds, negative_seconds(reader, header.authorities, reading.name));
  return is(no_such_name ? DnsVerdict::kNoSuchName : DnsVerdict::kNoAddress);
}

}  // namespace conker
