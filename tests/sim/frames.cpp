#include "tests/sim/frames.hpp"

#include <cstring>

#include "tests/sim/stations.hpp"

namespace conker::sim {
namespace {

test::Bytes packet(std::uint32_t host, std::uint8_t station, std::uint8_t protocol,
                   std::size_t bytes) {
  test::Bytes out(kEthernet + kIp + bytes);
  const MacAddress to = mac_of_host(host), from = mac_of_station(station);
  std::memcpy(out.data(), to.bytes.data(), 6);
  std::memcpy(out.data() + 6, from.bytes.data(), 6);
  put16(out, 12, 0x0800);
  put16(out, 14, 0x4500);
  put16(out, 16, static_cast<std::uint32_t>(kIp + bytes));
  put16(out, 22, 64u << 8 | protocol);
  put16(out, 26, address_of_station(station).v4_bits() >> 16);
  put16(out, 28, address_of_station(station).v4_bits() & 0xffff);
  put16(out, 30, address_of_host(host).v4_bits() >> 16);
  put16(out, 32, address_of_host(host).v4_bits() & 0xffff);
  return out;
}

void finish(test::Bytes& out) {
  put16(out, kEthernet + 10, checksum(std::span(out).subspan(kEthernet, kIp)));
}

}  // namespace

std::uint16_t checksum(std::span<const std::byte> bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += std::to_integer<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

void put16(test::Bytes& out, std::size_t at, std::uint32_t value) {
  out[at] = static_cast<std::byte>(value >> 8);
  out[at + 1] = static_cast<std::byte>(value);
}

test::Bytes ping_frame(std::uint32_t host, std::uint16_t number) {
  test::Bytes out = packet(host, kPinger, 1, 16);
  constexpr std::size_t kIcmp = kEthernet + kIp;
  out[kIcmp] = std::byte{8};
  put16(out, kIcmp + 6, number);
  put16(out, kIcmp + 2, checksum(std::span(out).subspan(kIcmp)));
  finish(out);
  return out;
}

test::Bytes fragment_frame(std::uint32_t host, std::uint8_t station, std::uint16_t identification,
                           std::size_t bytes) {
  test::Bytes out = packet(host, station, 17, bytes & ~std::size_t{7});
  put16(out, kEthernet + 4, identification);
  put16(out, kEthernet + 6, 0x2000);  // more fragments
  finish(out);
  return out;
}

}  // namespace conker::sim
