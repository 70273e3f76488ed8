#include "stack/wire/udp.hpp"

#include "stack/base/checksum.hpp"
#include "stack/wire/bytes.hpp"

namespace conker {
namespace {

constexpr std::size_t kSource = 0, kDestination = 2, kLength = 4, kChecksum = 6;

}  // namespace

std::optional<UdpDatagram> parse_udp(std::span<const std::byte> bytes) {
  if (bytes.size() < kUdpHeader) return std::nullopt;
  const std::size_t length = get16(bytes, kLength);
  if (length < kUdpHeader || length > bytes.size()) return std::nullopt;
  return UdpDatagram{Port{get16(bytes, kSource)}, Port{get16(bytes, kDestination)},
                     bytes.subspan(kUdpHeader, length - kUdpHeader)};
}

bool verify_udp_checksum(std::span<const std::byte> bytes, const IpAddress& source,
                         const IpAddress& destination) {
  if (get16(bytes, kChecksum) == 0) return source.is_v4();
  const std::uint16_t length = get16(bytes, kLength);
  Checksum sum;
  add_pseudo_header(sum, source, destination, kProtocolUdp, length);
  sum.add(bytes.first(length));
  return sum.finish() == 0;
}

void emit_udp(const UdpDatagram& datagram, const IpAddress& source, const IpAddress& destination,
              std::span<std::byte> out) {
  const auto length = static_cast<std::uint16_t>(kUdpHeader + datagram.payload.size());
  put16(out, kSource, datagram.source.value);
  put16(out, kDestination, datagram.destination.value);
  put16(out, kLength, length);
  put16(out, kChecksum, 0);
  Checksum sum;
  add_pseudo_header(sum, source, destination, kProtocolUdp, length);
  sum.add(out.first(kUdpHeader));
  sum.add(datagram.payload);
  const std::uint16_t checksum = sum.finish();
  put16(out, kChecksum, checksum == 0 ? 0xffff : checksum);
}

}  // namespace conker
