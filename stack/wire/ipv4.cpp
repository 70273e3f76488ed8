#include "stack/wire/ipv4.hpp"

#include <algorithm>

#include "stack/base/checksum.hpp"
#include "stack/wire/bytes.hpp"
#include "stack/wire/options.hpp"

namespace conker {
namespace {

constexpr std::size_t kVersionIhl = 0, kTrafficClass = 1, kTotalLength = 2, kIdentification = 4,
                      kFragment = 6, kTtl = 8, kProtocol = 9, kSource = 12, kDestination = 16;

constexpr std::uint16_t kDontFragment = 0x4000, kMoreFragments = 0x2000, kOffsetMask = 0x1fff;

constexpr std::uint8_t kLooseSourceRoute = 131, kStrictSourceRoute = 137;

constexpr std::size_t header_length(std::span<const std::byte> bytes) {
  return (get8(bytes, kVersionIhl) & std::size_t{0xf}) * 4;
}

}  // namespace

std::optional<Ipv4Packet> parse_ipv4_quoted(std::span<const std::byte> bytes) {
  std::optional<Ipv4Packet> parsed;  // filled in place
  if (bytes.size() < kIpv4HeaderMin || get8(bytes, kVersionIhl) >> 4 != 4) return parsed;
  const std::size_t header = header_length(bytes);
  const std::size_t total = get16(bytes, kTotalLength);
  if (header < kIpv4HeaderMin || header > bytes.size() || total < header) return parsed;

  Ipv4Packet& packet = parsed.emplace();
  packet.source = get_ipv4(bytes, kSource);
  packet.destination = get_ipv4(bytes, kDestination);
  packet.protocol = get8(bytes, kProtocol);
  packet.ttl = get8(bytes, kTtl);
  packet.traffic_class = get8(bytes, kTrafficClass);
  packet.identification = get16(bytes, kIdentification);
  const std::uint16_t fragment = get16(bytes, kFragment);
  packet.dont_fragment = (fragment & kDontFragment) != 0;
  packet.more_fragments = (fragment & kMoreFragments) != 0;
  packet.fragment_offset = fragment & kOffsetMask;
  packet.options = bytes.subspan(kIpv4HeaderMin, header - kIpv4HeaderMin);
  packet.payload = bytes.first(std::min(total, bytes.size())).subspan(header);
  return parsed;
}

std::optional<Ipv4Packet> parse_ipv4(std::span<const std::byte> bytes) {
  if (bytes.size() < kIpv4HeaderMin || get16(bytes, kTotalLength) > bytes.size())
    return std::nullopt;
  return parse_ipv4_quoted(bytes);
}

std::optional<Ipv4OptionFault> check_ipv4_options(std::span<const std::byte> options) {
  Ipv4OptionFault fault;
  std::size_t good = 0;  // bytes of options before the invalid one
  const auto option = [&](std::uint8_t kind, std::span<const std::byte> bytes) {
    good = static_cast<std::size_t>(bytes.data() - options.data());
    fault.source_route = kind == kLooseSourceRoute || kind == kStrictSourceRoute;
    if (!fault.source_route) good += bytes.size();
    return !fault.source_route;
  };
  if (parse_options(options, option)) return std::nullopt;
  constexpr std::byte kNoOperation{1};
  while (!fault.source_route && options[good] == kNoOperation) ++good;
  fault.at = static_cast<std::uint8_t>(kIpv4HeaderMin + good);
  return fault;
}

bool verify_ipv4_checksum(std::span<const std::byte> bytes) {
  Checksum sum;
  sum.add_header(bytes.first(header_length(bytes)));
  return sum.finish() == 0;
}

void emit_ipv4(const Ipv4Packet& packet, std::size_t payload_length, std::span<std::byte> out) {
  // The header is written as whole words and its checksum is computed from them: reading back what
  // was just written costs more than all the rest.
  constexpr std::uint32_t kVersionAndLength = 4 << 4 | kIpv4HeaderMin / 4;
  const std::uint32_t fragment = (packet.dont_fragment ? kDontFragment : 0u) |
                                 (packet.more_fragments ? kMoreFragments : 0u) |
                                 (packet.fragment_offset & kOffsetMask);
  const std::uint32_t rest = std::uint32_t{packet.ttl} << 24 | std::uint32_t{packet.protocol} << 16;
  std::uint64_t words = rest;
  const auto put = [&](std::size_t at, std::uint32_t word) {
    put32(out, at, word);
    words += word;
  };
  put(kVersionIhl, kVersionAndLength << 24 | std::uint32_t{packet.traffic_class} << 16 |
                       static_cast<std::uint16_t>(kIpv4HeaderMin + payload_length));
  put(kIdentification, std::uint32_t{packet.identification} << 16 | fragment);
  put(kSource, packet.source.v4_bits());
  put(kDestination, packet.destination.v4_bits());
  Checksum sum;
  sum.add_words(words);
  put32(out, kTtl, rest | sum.finish());
}

}  // namespace conker
