#include "stack/wire/mld.hpp"

#include "stack/wire/bytes.hpp"

namespace conker {
namespace {

constexpr std::size_t kAddress = 16, kRecord = 20, kRecordGroup = 4;
// In the payload of a query.
constexpr std::size_t kGroup = 0, kRobustness = 16, kInterval = 17, kSources = 18, kVersion2 = 20;

// Per RFC 3810, 5.1.3 and 5.1.9, large times are a mantissa with a leading one, and an exponent.
// `bits` is how many the mantissa has.
constexpr std::uint32_t decoded(std::uint32_t code, unsigned bits) {
  const std::uint32_t one = 1u << bits;
  if (code < one << 3) return code;
  return ((code & (one - 1)) | one) << ((code >> bits & 7) + 3);
}

void emit_mld1(std::uint8_t type, const IpAddress& group, const IpAddress& source,
               const IpAddress& destination, std::span<std::byte> out) {
  put_ipv6(out, kIcmp6Header, group);
  emit_icmp6({type, 0, 0, out.subspan(kIcmp6Header, kAddress)}, source, destination, out);
}

}  // namespace

std::optional<MldQuery> parse_mld_query(const Icmp6Message& message, const Ipv6Packet& packet,
                                        bool router_alert) {
  const std::size_t length = message.payload.size();
  const bool version1 = length == kAddress;
  if (message.type != Icmp6Message::kMldQuery || !packet.source.is_link_local() ||
      packet.hop_limit != kMldHopLimit || !router_alert || (!version1 && length < kVersion2)) {
    return std::nullopt;
  }
  const auto group = get_ipv6(message.payload, kGroup);
  if (!group || !(group->is_unspecified() || group->is_multicast())) return std::nullopt;
  MldQuery query;
  query.version1 = version1;
  query.group = *group;
  const std::uint32_t code = message.word >> 16;
  query.response = version1 ? code : decoded(code, 12);
  if (version1) return query;
  query.robustness = get8(message.payload, kRobustness) & 7;
  query.interval = decoded(get8(message.payload, kInterval), 4);
  query.sources = get16(message.payload, kSources);
  return query.sources * kAddress > length - kVersion2 ? std::nullopt : std::optional(query);
}

void emit_mld_report(std::span<const MldRecord> records, const IpAddress& source,
                     std::span<std::byte> out) {
  std::size_t at = kIcmp6Header;
  for (const MldRecord& record : records) {
    put32(out, at, static_cast<std::uint32_t>(record.type) << 24);
    put_ipv6(out, at + kRecordGroup, record.group);
    at += kRecord;
  }
  const auto payload = out.subspan(kIcmp6Header, at - kIcmp6Header);
  emit_icmp6({Icmp6Message::kMld2Report, 0, static_cast<std::uint32_t>(records.size()), payload},
             source, kAllMld2Routers, out);
}

void emit_mld1_report(const IpAddress& group, const IpAddress& source, std::span<std::byte> out) {
  emit_mld1(Icmp6Message::kMld1Report, group, source, group, out);
}

void emit_mld1_done(const IpAddress& group, const IpAddress& source, std::span<std::byte> out) {
  emit_mld1(Icmp6Message::kMld1Done, group, source, kAllRouters, out);
}

}  // namespace conker
