#include "stack/verdict/segment.hpp"

#include <algorithm>

namespace conker::verdict {
namespace {

constexpr std::size_t kEthernet = 14, kIp = 20, kTcp = 20;  // header bytes

std::uint32_t get8(std::span<const std::byte> b, std::size_t at) {
  return std::to_integer<std::uint32_t>(b[at]);
}
std::uint32_t get16(std::span<const std::byte> b, std::size_t at) {
  return get8(b, at) << 8 | get8(b, at + 1);
}
std::uint32_t get32(std::span<const std::byte> b, std::size_t at) {
  return get16(b, at) << 16 | get16(b, at + 2);
}

std::uint64_t sum(std::span<const std::byte> bytes) {
  std::uint64_t total = 0;
  std::size_t at = 0;
  for (; at + 4 <= bytes.size(); at += 4) total += get32(bytes, at);
  for (; at + 2 <= bytes.size(); at += 2) total += get16(bytes, at);
  if (at < bytes.size()) total += get8(bytes, at) << 8;
  return total;
}

bool adds_up(std::uint64_t total) {
  while (total >> 16 != 0) total = (total & 0xffff) + (total >> 16);
  return total == 0xffff;
}

bool parse_options(std::span<const std::byte> options, Segment& out) {
  for (std::size_t at = 0; at < options.size() && get8(options, at) != 0;) {
    const std::uint32_t kind = get8(options, at);
    if (kind == 1) {
      ++at;
      continue;
    }
    if (at + 2 > options.size()) return false;
    const std::size_t length = get8(options, at + 1);
    if (length < 2 || at + length > options.size()) return false;
    const auto body = options.subspan(at + 2, length - 2);
    if (kind == 2 && length == 4) out.mss = static_cast<std::uint16_t>(get16(body, 0));
    // A shift above 14 counts as 14 (RFC 7323, 2.3), and must not look like none.
    if (kind == 3 && length == 3)
      out.scale = static_cast<std::uint8_t>(std::min<std::uint32_t>(get8(body, 0), 14));
    if (kind == 4 && length == 2) out.sack_permitted = true;
    if (kind == 5) {
      for (std::size_t b = 0; b + 8 <= body.size() && out.block_count < Segment::kMaxBlocks;
           b += 8) {
        out.blocks[out.block_count++] = {Seq(get32(body, b)), Seq(get32(body, b + 4))};
      }
    }
    if (kind == 8 && length == 10) {
      out.timestamps = true;
      out.timestamp = get32(body, 0);
      out.echo = get32(body, 4);
    }
    at += length;
  }
  return true;
}

}  // namespace

Parsed parse(std::span<const std::byte> frame, Segment& out, TcpChecksum checksum) {
  out = {};
  if (frame.size() < kEthernet) return Parsed::kBadLength;
  if (get16(frame, 12) != 0x0800) return Parsed::kOther;
  const auto ip = frame.subspan(kEthernet);
  if (ip.size() < kIp || get8(ip, 0) >> 4 != 4) return Parsed::kBadLength;
  const std::size_t ip_header = (get8(ip, 0) & 15) * std::size_t{4};
  const std::size_t ip_length = get16(ip, 2);
  const bool fragment = (get16(ip, 6) & 0x3fff) != 0;
  const bool is_tcp = get8(ip, 9) == 6 && !fragment;
  out.source.address = IpAddress::v4(get32(ip, 12));
  out.destination.address = IpAddress::v4(get32(ip, 16));
  if (is_tcp && ip_header >= kIp && ip.size() >= ip_header + 4) {
    out.source.port = Port{static_cast<std::uint16_t>(get16(ip, ip_header))};
    out.destination.port = Port{static_cast<std::uint16_t>(get16(ip, ip_header + 2))};
  }
  if (ip_header < kIp || ip_length < ip_header || ip_length > ip.size()) return Parsed::kBadLength;
  const auto tcp = ip.subspan(ip_header, ip_length - ip_header);
  if (!adds_up(sum(ip.first(ip_header)))) return Parsed::kBadIpChecksum;
  if (!is_tcp) return Parsed::kOther;
  if (tcp.size() < kTcp) return Parsed::kBadLength;
  if (checksum == TcpChecksum::kVerify &&
      !adds_up(sum(ip.subspan(12, 8)) + 6 + tcp.size() + sum(tcp)))
    return Parsed::kBadTcpChecksum;
  const std::size_t header = std::size_t{get8(tcp, 12)} / 16 * 4;
  if (header < kTcp || header > tcp.size()) return Parsed::kBadLength;
  out.seq = Seq(get32(tcp, 4));
  out.ack = Seq(get32(tcp, 8));
  out.flags = static_cast<std::uint8_t>(get8(tcp, 13));
  out.window = static_cast<std::uint16_t>(get16(tcp, 14));
  out.data = tcp.subspan(header);
  out.ip_id = static_cast<std::uint16_t>(get16(ip, 4));
  out.padding_leak =
      std::ranges::any_of(ip.subspan(ip_length), [](std::byte b) { return b != std::byte{0}; });
  return parse_options(tcp.subspan(kTcp, header - kTcp), out) ? Parsed::kTcp : Parsed::kBadOptions;
}

}  // namespace conker::verdict
