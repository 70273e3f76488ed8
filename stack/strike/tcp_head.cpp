#include "stack/strike/tcp_head.hpp"

#include "stack/base/checksum.hpp"
#include "stack/wire/bytes.hpp"
#include "stack/wire/ethernet.hpp"
#include "stack/wire/ipv4.hpp"
#include "stack/wire/tcp.hpp"

namespace conker {
namespace {

/// Where these stand in a frame of IPv4, and in a TCP header.
constexpr std::size_t kIp = kEthernetHeader, kProtocol = kIp + 9, kSource = kIp + 12,
                      kDestination = kIp + 16;
constexpr std::size_t kSequence = 4, kDataOffset = 12, kFlags = 13, kTcpHeader = 20;
static_assert(TcpHead::kIpLength == kIp + 2 && TcpHead::kIpChecksum == kIp + 10);

}  // namespace

std::optional<TcpHead> find_tcp_head(std::span<const std::byte> frame) {
  if (frame.size() < kIp + kIpv4HeaderMin + kTcpHeader ||
      get16(frame, kEthernetHeader - 2) != kEtherTypeIpv4 || get8(frame, kProtocol) != kProtocolTcp)
    return std::nullopt;
  const std::size_t tcp = kIp + std::size_t{4} * (get8(frame, kIp) & 15);
  if (frame.size() < tcp + kTcpHeader) return std::nullopt;
  const std::size_t text = tcp - kIp + std::size_t{4} * (get8(frame, tcp + kDataOffset) >> 4);
  return TcpHead{{get_ipv4(frame, kSource), get_ipv4(frame, kDestination), Port{get16(frame, tcp)},
                  Port{get16(frame, tcp + 2)}},
                 tcp,
                 Seq(get32(frame, tcp + kSequence)),
                 Seq(get32(frame, tcp + TcpHead::kAcknowledgment)),
                 get8(frame, tcp + kFlags),
                 get16(frame, TcpHead::kIpLength) != text};
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
