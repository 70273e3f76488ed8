// The headers of a frame that is about to leave, for tests of those who edit them.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "stack/base/address.hpp"
#include "stack/wire/ethernet.hpp"
#include "stack/wire/ipv4.hpp"
#include "stack/wire/tcp.hpp"

namespace conker::test {

inline constexpr std::size_t kHeaders = kEthernetHeader + kIpv4HeaderMin + 20;

/// Of a segment without options; the ports are the tuple's.
inline std::array<std::byte, kHeaders> headers_of(const FourTuple& tuple, TcpSegment segment,
                                                  std::span<const std::byte> text) {
  constexpr std::size_t kIp = kEthernetHeader, kTcp = kIp + kIpv4HeaderMin;
  std::array<std::byte, kHeaders> head{};
  EthernetFrame ethernet;
  ethernet.type = kEtherTypeIpv4;
  emit_ethernet(ethernet, head);
  const Ipv4Packet packet{.source = tuple.local,
                          .destination = tuple.remote,
                          .protocol = kProtocolTcp,
                          .options = {},
                          .payload = {}};
  emit_ipv4(packet, 20 + text.size(), std::span(head).subspan(kIp));
  segment.source = tuple.local_port;
  segment.destination = tuple.remote_port;
  const auto tcp = std::span(head).subspan(kTcp);
  Checksum sum;
  emit_tcp(segment, tcp, sum);
  const std::array data{text};
  finish_tcp_checksum(tcp, sum, tuple.local, tuple.remote, data);
  return head;
}

}  // namespace conker::test
