#include "tests/fuzz/stack/sent_frames.hpp"

#include <algorithm>

#include "tests/fuzz/found.hpp"

namespace conker::fuzz {
namespace {

constexpr std::size_t kEthernet = 14, kIp = 20;

std::uint32_t get8(Input in, std::size_t at) {
  return std::to_integer<std::uint32_t>(in[at]);
}
std::uint32_t get16(Input in, std::size_t at) {
  return get8(in, at) << 8 | get8(in, at + 1);
}

/// The one's complement sum: 0xffff when a checksum among the bytes is right.
std::uint32_t sum(Input bytes, std::uint32_t start = 0) {
  for (std::size_t i = 0; i < bytes.size(); ++i) start += get8(bytes, i) << (i % 2 == 0 ? 8 : 0);
  while (start >> 16 != 0) start = (start & 0xffff) + (start >> 16);
  return start;
}

void check_arp(Input packet) {
  check(packet.size() >= 28, "an ARP packet was sent that is cut short");
  check(get16(packet, 0) == 1 && get16(packet, 2) == 0x0800 && get16(packet, 4) == 0x0604,
        "an ARP packet was sent that is not for IPv4 on Ethernet");
  check(get16(packet, 6) == 1 || get16(packet, 6) == 2,
        "an ARP packet was sent that is no question and no answer");
}

void check_datagram(Input ip, Input datagram) {
  check(datagram.size() >= 8 && get16(datagram, 4) == datagram.size(),
        "a datagram was sent with a wrong length");
  check(get16(datagram, 6) != 0, "a datagram was sent without a checksum");
  const auto pseudo = sum(ip.subspan(12, 8), 17 + static_cast<std::uint32_t>(datagram.size()));
  check(sum(datagram, pseudo) == 0xffff, "a datagram was sent with a wrong checksum");
}

void check_ip(Input ip, std::size_t mtu) {
  check(ip.size() >= kIp && get8(ip, 0) == 0x45,
        "an IP packet was sent with a wrong version or header length");
  check(get16(ip, 2) == ip.size() && ip.size() <= mtu, "an IP packet was sent with a wrong length");
  check(sum(ip.first(kIp)) == 0xffff, "an IP packet was sent with a wrong checksum");
  check(get8(ip, 8) != 0, "an IP packet was sent that has no time to live");
  check(get8(ip, 12) < 224 && get8(ip, 12) != 127,
        "an IP packet was sent from an address that is no host's");
  if ((get16(ip, 6) & 0x3fff) != 0) return;  // a fragment
  const Input payload = ip.subspan(kIp);
  switch (get8(ip, 9)) {
    case 1:
      check(payload.size() >= 8 && sum(payload) == 0xffff,
            "an ICMP message was sent with a wrong checksum");
      break;
    case 6:
      check(payload.size() >= 20, "a segment was sent that is cut short");
      break;
    case 17:
      check_datagram(ip, payload);
      break;
    default:
      found("a packet was sent of a protocol that is not spoken");
  }
}

}  // namespace

void check_sent(std::span<const std::byte> frame, const MacAddress& ours, std::size_t mtu) {
  check(frame.size() >= kEthernet, "a frame was sent that is too short");
  const auto same = [](std::uint8_t a, std::byte b) {
    return a == std::to_integer<std::uint8_t>(b);
  };
  check(std::ranges::equal(ours.bytes, frame.subspan(6, 6), same),
        "a frame was sent in another's name");
  if (get16(frame, 12) == 0x0806) {
    check_arp(frame.subspan(kEthernet));
  } else if (get16(frame, 12) == 0x0800) {
    check_ip(frame.subspan(kEthernet), mtu);
  } else {
    found("a frame was sent of a protocol that is not spoken");
  }
}

}  // namespace conker::fuzz
