#include "tests/bench/null/segments.hpp"

#include <cstring>

#include "stack/wire/bytes.hpp"
#include "stack/wire/ethernet.hpp"
#include "stack/wire/ipv4.hpp"

namespace conker::null {
namespace {

constexpr std::size_t kIp = kEthernetHeader;
constexpr std::size_t kTcp = kIp + kIpv4HeaderMin;

}  // namespace

std::optional<Heard> hear(std::span<const std::byte> frame) {
  if (frame.size() < kTcp + kTcpHeaderMin || get16(frame, 12) != kEtherTypeIpv4 ||
      get8(frame, kIp) != 0x45 || get8(frame, kIp + 9) != kProtocolTcp) {
    return std::nullopt;
  }
  const std::size_t end = kIp + get16(frame, kIp + 2);
  const std::size_t payload = kTcp + (get8(frame, kTcp + 12) >> 4) * 4u;
  if (payload > end || end > frame.size()) return std::nullopt;
  Heard heard;
  heard.ends = {get32(frame, kIp + 16), get32(frame, kIp + 12), get16(frame, kTcp + 2),
                get16(frame, kTcp)};
  heard.seq = get32(frame, kTcp + 4);
  heard.ack = get32(frame, kTcp + 8);
  heard.flags = get8(frame, kTcp + 13);
  heard.window = get16(frame, kTcp + 14);
  heard.tcp = frame.subspan(kTcp, end - kTcp);
  heard.payload = frame.subspan(payload, end - payload);
  return heard;
}

Template::Template(const MacAddress& from, const MacAddress& to, const TcpSegment& like) {
  const std::span<std::byte> bytes(bytes_);
  emit_ethernet({to, from, kEtherTypeIpv4, {}}, bytes);
  const std::size_t tcp_size = emit_tcp(like, bytes.subspan(kTcp));
  Ipv4Packet packet;
  packet.source = packet.destination = IpAddress::v4(0);
  packet.protocol = kProtocolTcp;
  emit_ipv4(packet, tcp_size, bytes.subspan(kIp));
  put16(bytes, kIp + 10, 0);
  size_ = kTcp + tcp_size;
  ip_.add(bytes.subspan(kIp, kIpv4HeaderMin));
  tcp_.add(bytes.subspan(kTcp, tcp_size));
}

std::size_t Template::write(std::span<std::byte> frame, const Ends& ends, std::uint32_t seq,
                            std::uint32_t ack, std::size_t payload, Sum sum) const {
  std::memcpy(frame.data(), bytes_.data(), size_);
  put16(frame, kIp + 2, static_cast<std::uint16_t>(size_ - kIp + payload));
  put32(frame, kIp + 12, ends.local);
  put32(frame, kIp + 16, ends.remote);
  Checksum ip = ip_;
  ip.add16(static_cast<std::uint16_t>(payload));
  ip.add32(ends.local);
  ip.add32(ends.remote);
  put16(frame, kIp + 10, ip.finish());

  put16(frame, kTcp, ends.local_port);
  put16(frame, kTcp + 2, ends.remote_port);
  put32(frame, kTcp + 4, seq);
  put32(frame, kTcp + 8, ack);
  Checksum tcp = sum == Sum::kWhole ? tcp_ : Checksum();
  tcp.add32(ends.local);
  tcp.add32(ends.remote);
  tcp.add16(kProtocolTcp);
  tcp.add16(static_cast<std::uint16_t>(size_ - kTcp + payload));
  if (sum == Sum::kWhole) {
    tcp.add16(ends.local_port);
    tcp.add16(ends.remote_port);
    tcp.add32(seq);
    tcp.add32(ack);
    if (payload != 0) tcp.add(frame.subspan(size_, payload));
    put16(frame, kTcp + 16, tcp.finish());
  } else {
    put16(frame, kTcp + 16, static_cast<std::uint16_t>(~tcp.finish()));
  }
  return size_ + payload;
}

}  // namespace conker::null
