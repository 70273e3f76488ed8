#include "stack/wire/ipv6.hpp"

#include <algorithm>

#include "stack/wire/bytes.hpp"

namespace conker {
namespace {

constexpr std::size_t kVersion = 0, kHopLimit = 7, kSource = 8, kDestination = 24;
constexpr std::uint32_t kFlowLabelMask = 0xfffff;

}  // namespace

std::optional<Ipv6Packet> parse_ipv6_quoted(std::span<const std::byte> bytes) {
  std::optional<Ipv6Packet> parsed;  // filled in place
  if (bytes.size() < kIpv6Header || get8(bytes, kVersion) >> 4 != 6) return parsed;
  const auto source = get_ipv6(bytes, kSource);
  const auto destination = get_ipv6(bytes, kDestination);
  if (!source || !destination) return parsed;

  Ipv6Packet& packet = parsed.emplace();
  const std::uint32_t first = get32(bytes, kVersion);
  packet.source = *source;
  packet.destination = *destination;
  packet.next_header = get8(bytes, kIpv6NextHeaderAt);
  packet.hop_limit = get8(bytes, kHopLimit);
  packet.traffic_class = static_cast<std::uint8_t>(first >> 20 & 0xff);
  packet.flow_label = first & kFlowLabelMask;
  const std::size_t length = get16(bytes, kIpv6PayloadLengthAt);
  packet.payload = bytes.subspan(kIpv6Header, std::min(length, bytes.size() - kIpv6Header));
  return parsed;
}

std::optional<Ipv6Packet> parse_ipv6(std::span<const std::byte> bytes) {
  if (bytes.size() < kIpv6Header ||
      get16(bytes, kIpv6PayloadLengthAt) > bytes.size() - kIpv6Header) {
    return std::nullopt;
  }
  return parse_ipv6_quoted(bytes);
}

void emit_ipv6(const Ipv6Packet& packet, std::size_t payload_length, std::span<std::byte> out) {
  put32(out, kVersion,
        std::uint32_t{6} << 28 | std::uint32_t{packet.traffic_class} << 20 |
            (packet.flow_label & kFlowLabelMask));
  put32(out, kIpv6PayloadLengthAt,
        static_cast<std::uint32_t>(payload_length) << 16 | std::uint32_t{packet.next_header} << 8 |
            packet.hop_limit);
  put_ipv6(out, kSource, packet.source);
  put_ipv6(out, kDestination, packet.destination);
}

}  // namespace conker
