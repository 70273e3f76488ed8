#include "stack/strike/tcp_head.hpp"

#include "stack/base/checksum.hpp"
#include "stack/wire/bytes.hpp"
#include "stack/wire/ethernet.hpp"
#include "stack/wire/ipv4.hpp"
#include "stack/wire/ipv6.hpp"
#include "stack/wire/tcp.hpp"

namespace conker {
namespace {

/// Where these stand in a frame of IPv4, and in a TCP header.
constexpr std::size_t kIp = kEthernetHeader, kIpLength = kIp + 2, kProtocol = kIp + 9,
                      kIpChecksum = kIp + 10, kSource = kIp + 12, kDestination = kIp + 16;
constexpr std::size_t kSequence = 4, kDataOffset = 12, kFlags = 13, kTcpHeader = 20;
constexpr std::size_t kIpv6Length = kIp + kIpv6PayloadLengthAt;

bool is_ipv6(std::span<const std::byte> frame) {
  return get16(frame, kEthernetHeader - 2) == kEtherTypeIpv6;
}

/// Of the IP header: the addresses, and where TCP's begins and the packet ends.
std::optional<TcpHead> find_ip_head(std::span<const std::byte> frame) {
  TcpHead head;
  if (is_ipv6(frame)) {
    const auto ip = parse_ipv6_quoted(frame.subspan(kIp));
    if (!ip || ip->next_header != kProtocolTcp) return std::nullopt;
    head.tuple = {ip->source, ip->destination, {}, {}};
    head.tcp = kIp + kIpv6Header;
    head.end = head.tcp + get16(frame, kIpv6Length);
    return head;
  }
  if (get16(frame, kEthernetHeader - 2) != kEtherTypeIpv4 || get8(frame, kProtocol) != kProtocolTcp)
    return std::nullopt;
  head.tuple = {get_ipv4(frame, kSource), get_ipv4(frame, kDestination), {}, {}};
  head.tcp = kIp + std::size_t{4} * (get8(frame, kIp) & 15);
  head.end = kIp + get16(frame, kIpLength);
  return head;
}

}  // namespace

std::optional<TcpHead> find_tcp_head(std::span<const std::byte> frame) {
  if (frame.size() < kIp + kIpv4HeaderMin + kTcpHeader) return std::nullopt;
  auto head = find_ip_head(frame);
  if (!head || frame.size() < head->tcp + kTcpHeader) return std::nullopt;
  const std::size_t tcp = head->tcp;
  head->tuple.local_port = Port{get16(frame, tcp)};
  head->tuple.remote_port = Port{get16(frame, tcp + 2)};
  head->sequence = Seq(get32(frame, tcp + kSequence));
  head->acknowledgment = Seq(get32(frame, tcp + TcpHead::kAcknowledgment));
  head->flags = get8(frame, tcp + kFlags);
  head->text = head->end != tcp + std::size_t{4} * (get8(frame, tcp + kDataOffset) >> 4);
  return head;
}

void lengthen_packet(std::span<std::byte> frame, std::uint16_t more) {
  const std::size_t at = is_ipv6(frame) ? kIpv6Length : kIpLength;
  const auto length = static_cast<std::uint16_t>(get16(frame, at) + more);
  // The header of IPv6 has no checksum.
  is_ipv6(frame) ? put16(frame, at, length) : replace16(frame, at, length, kIpChecksum);
}

void replace16(std::span<std::byte> frame, std::size_t at, std::uint16_t value,
               std::size_t checksum) {
  Checksum sum;
  sum.add16(static_cast<std::uint16_t>(~get16(frame, checksum)));
  sum.add16(static_cast<std::uint16_t>(~get16(frame, at)));
  sum.add16(value);
  put16(frame, checksum, sum.finish());
  put16(frame, at, value);
}

}  // namespace conker
