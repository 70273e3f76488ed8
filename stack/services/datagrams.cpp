#include "stack/services/datagrams.hpp"

#include <algorithm>
#include <array>

namespace conker::services {
namespace {

/// Ports of the services that answer every datagram: echo, daytime, quote of the day, chargen,
/// time.
constexpr std::array<std::uint16_t, 5> kAnswerers{7, 13, 17, 19, 37};

}  // namespace

std::uint32_t echo(Udp& udp, UdpId id, std::span<std::byte> scratch) {
  UdpSocketInfo info;
  if (!udp.info(id, info)) return 0;
  std::uint32_t count = 0;
  while (const auto datagram = udp.receive(id, scratch)) {
    ++count;
    const std::uint16_t port = datagram->source.port.value;
    const bool endless =
        port == info.local.port.value || std::ranges::find(kAnswerers, port) != kAnswerers.end();
    if (endless || datagram->length > scratch.size()) continue;
    // Per RFC 1122, 4.1.3.5, reply from the address that the datagram was sent to. A reply that
    // cannot be sent is lost.
    (void)udp.send_to(id, datagram->source, scratch.first(datagram->length), datagram->destination);
  }
  return count;
}

std::uint32_t discard(Udp& udp, UdpId id) {
  std::uint32_t count = 0;
  while (udp.receive(id, {})) ++count;
  return count;
}

}  // namespace conker::services
