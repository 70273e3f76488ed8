#include "stack/verdict/segment.hpp"

#include <algorithm>

namespace conker::verdict {
namespace {

constexpr std::size_t kEthernet = 14, kIp = 20, kIp6 = 40, kTcp = 20;  // header bytes
constexpr std::uint32_t kIpv4 = 0x0800, kIpv6 = 0x86dd;

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

// What an IP packet carries, taken out of it.
struct Carried {
  std::span<const std::byte> payload;
  bool whole = false;                 // it is not truncated: the payload is all of it
  std::uint32_t protocol = 0;         // kNoProtocol: of a fragment
  std::uint64_t addresses = 0;        // their sum, for the pseudo-header
  std::span<const std::byte> behind;  // padding of the frame
};
constexpr std::uint32_t kProtocolTcp = 6, kNoProtocol = 256;

// Takes a packet of IPv4 apart. False where its header is no such.
bool take_v4(std::span<const std::byte> ip, Segment& out, Carried& carried) {
  if (ip.size() < kIp || get8(ip, 0) >> 4 != 4) return false;
  const std::size_t header = (get8(ip, 0) & 15) * std::size_t{4};
  const std::size_t length = get16(ip, 2);
  const bool fragment = (get16(ip, 6) & 0x3fff) != 0;
  out.source.address = IpAddress::v4(get32(ip, 12));
  out.destination.address = IpAddress::v4(get32(ip, 16));
  out.ip_id = static_cast<std::uint16_t>(get16(ip, 4));
  if (header < kIp || ip.size() < header) return false;
  carried.protocol = fragment ? kNoProtocol : get8(ip, 9);
  carried.whole = length >= header && length <= ip.size();
  carried.payload = ip.subspan(header, carried.whole ? length - header : ip.size() - header);
  carried.addresses = sum(ip.subspan(12, 8));
  carried.behind = ip.subspan(header + carried.payload.size());
  return true;
}

IpAddress v6_at(std::span<const std::byte> bytes, std::size_t at) {
  return IpAddress(
      {get32(bytes, at), get32(bytes, at + 4), get32(bytes, at + 8), get32(bytes, at + 12)});
}

// Passes the extension headers (RFC 8200, 4) of a packet. False where one of them is truncated.
bool pass_extensions(Carried& carried) {
  for (;;) {
    const bool fragment = carried.protocol == 44;
    const bool options = carried.protocol == 0 || carried.protocol == 43 || carried.protocol == 60;
    if (!fragment && !options) return true;
    if (carried.payload.size() < 8) return false;
    // An atomic fragment is a whole packet (RFC 6946).
    const bool part = fragment && (get16(carried.payload, 2) & 0xfff9) != 0;
    const std::size_t length = fragment ? 8 : (get8(carried.payload, 1) + std::size_t{1}) * 8;
    if (length > carried.payload.size()) return false;
    carried.protocol = part ? kNoProtocol : get8(carried.payload, 0);
    carried.payload = carried.payload.subspan(length);
  }
}

// The same for IPv6.
bool take_v6(std::span<const std::byte> ip, Segment& out, Carried& carried) {
  if (ip.size() < kIp6 || get8(ip, 0) >> 4 != 6) return false;
  const std::size_t length = get16(ip, 4);
  out.source.address = v6_at(ip, 8);
  out.destination.address = v6_at(ip, 24);
  carried.protocol = get8(ip, 6);
  carried.whole = length <= ip.size() - kIp6;
  carried.payload = ip.subspan(kIp6, carried.whole ? length : ip.size() - kIp6);
  carried.behind = ip.subspan(kIp6 + carried.payload.size());
  carried.addresses = sum(ip.subspan(8, 32));
  return pass_extensions(carried);
}

}  // namespace

Parsed parse(std::span<const std::byte> frame, Segment& out, TcpChecksum checksum) {
  out = {};
  if (frame.size() < kEthernet) return Parsed::kBadLength;
  const std::uint32_t type = get16(frame, 12);
  if (type != kIpv4 && type != kIpv6) return Parsed::kOther;
  const auto ip = frame.subspan(kEthernet);
  Carried carried;
  if (!(type == kIpv4 ? take_v4(ip, out, carried) : take_v6(ip, out, carried)))
    return Parsed::kBadLength;
  const auto& tcp = carried.payload;
  const bool is_tcp = carried.protocol == kProtocolTcp;
  if (is_tcp && tcp.size() >= 4) {
    out.source.port = Port{static_cast<std::uint16_t>(get16(tcp, 0))};
    out.destination.port = Port{static_cast<std::uint16_t>(get16(tcp, 2))};
  }
  if (!carried.whole) return Parsed::kBadLength;
  if (type == kIpv4 && !adds_up(sum(ip.first(ip.size() - tcp.size() - carried.behind.size()))))
    return Parsed::kBadIpChecksum;
  if (!is_tcp) return Parsed::kOther;
  if (tcp.size() < kTcp) return Parsed::kBadLength;
  if (checksum == TcpChecksum::kVerify &&
      !adds_up(carried.addresses + kProtocolTcp + tcp.size() + sum(tcp)))
    return Parsed::kBadTcpChecksum;
  const std::size_t header = std::size_t{get8(tcp, 12)} / 16 * 4;
  if (header < kTcp || header > tcp.size()) return Parsed::kBadLength;
  out.seq = Seq(get32(tcp, 4));
  out.ack = Seq(get32(tcp, 8));
  out.flags = static_cast<std::uint8_t>(get8(tcp, 13));
  out.window = static_cast<std::uint16_t>(get16(tcp, 14));
  out.data = tcp.subspan(header);
  out.padding_leak =
      std::ranges::any_of(carried.behind, [](std::byte b) { return b != std::byte{0}; });
  return parse_options(tcp.subspan(kTcp, header - kTcp), out) ? Parsed::kTcp : Parsed::kBadOptions;
}

}  // namespace conker::verdict
