#include "stack/strike/outgoing.hpp"

#include "stack/wire/bytes.hpp"
#include "stack/wire/ethernet.hpp"
#include "stack/wire/ipv4.hpp"
#include "stack/wire/tcp.hpp"

namespace conker {
namespace {

/// Where these stand in a frame of IPv4, and in a TCP header.
constexpr std::size_t kIp = kEthernetHeader, kTotalLength = kIp + 2, kProtocol = kIp + 9,
                      kSource = kIp + 12, kDestination = kIp + 16;
constexpr std::size_t kAcknowledgment = 8, kDataOffset = 12, kFlags = 13, kTcpHeader = 20;

}  // namespace

std::optional<Outgoing> outgoing(const FrameOut& frame) {
  if (frame.parts.empty()) return std::nullopt;
  const std::span<const std::byte> head = frame.parts[0];
  if (head.size() < kIp + kIpv4HeaderMin + kTcpHeader ||
      get16(head, kEthernetHeader - 2) != kEtherTypeIpv4 || get8(head, kProtocol) != kProtocolTcp)
    return std::nullopt;
  const std::size_t tcp = kIp + std::size_t{4} * (get8(head, kIp) & 15);
  if (head.size() < tcp + kTcpHeader) return std::nullopt;
  const std::size_t text = tcp - kIp + std::size_t{4} * (get8(head, tcp + kDataOffset) >> 4);
  return Outgoing{{get_ipv4(head, kSource), get_ipv4(head, kDestination), Port{get16(head, tcp)},
                   Port{get16(head, tcp + 2)}},
                  tcp,
                  Seq(get32(head, tcp + kAcknowledgment)),
                  get8(head, tcp + kFlags),
                  get16(head, kTotalLength) != text};
}

}  // namespace conker
