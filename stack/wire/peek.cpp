#include "stack/wire/peek.hpp"

#include "stack/wire/bytes.hpp"
#include "stack/wire/ethernet.hpp"
#include "stack/wire/ipv4.hpp"
#include "stack/wire/tcp.hpp"

namespace conker {

std::optional<FourTuple> peek_syn(std::span<const std::byte> frame) {
  constexpr std::size_t kIp = kEthernetHeader, kTcp = kIp + kIpv4HeaderMin;
  constexpr std::uint8_t kVersionAndLength = 4 << 4 | kIpv4HeaderMin / 4;
  constexpr std::size_t kProtocol = kIp + 9, kFlags = kTcp + 13;
  if (frame.size() < kTcp + kTcpHeaderMin || get8(frame, kFlags) != TcpFlags::kSyn ||
      get8(frame, kIp) != kVersionAndLength || get8(frame, kProtocol) != kProtocolTcp) {
    return std::nullopt;
  }
  return FourTuple{get_ipv4(frame, kIp + 16), get_ipv4(frame, kIp + 12),
                   Port{get16(frame, kTcp + 2)}, Port{get16(frame, kTcp)}};
}

}  // namespace conker
