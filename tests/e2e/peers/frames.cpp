#include "tests/e2e/peers/frames.hpp"

#include <algorithm>
#include <cstring>

#include "stack/base/checksum.hpp"

namespace conker::device {
namespace {

constexpr std::size_t kEthernet = 14, kIp = 20, kTcp = 20, kArp = 28;  // header bytes
constexpr std::size_t kLeast = 60;                                     // of a frame without FCS

std::uint32_t get8(std::span<const std::byte> b, std::size_t at) {
  return std::to_integer<std::uint32_t>(b[at]);
}
std::uint16_t get16(std::span<const std::byte> b, std::size_t at) {
  return static_cast<std::uint16_t>(get8(b, at) << 8 | get8(b, at + 1));
}
std::uint32_t get32(std::span<const std::byte> b, std::size_t at) {
  return std::uint32_t{get16(b, at)} << 16 | get16(b, at + 2);
}
void put8(std::span<std::byte> b, std::size_t at, std::uint32_t value) {
  b[at] = static_cast<std::byte>(value);
}
void put16(std::span<std::byte> b, std::size_t at, std::uint32_t value) {
  put8(b, at, value >> 8);
  put8(b, at + 1, value);
}
void put32(std::span<std::byte> b, std::size_t at, std::uint32_t value) {
  put16(b, at, value >> 16);
  put16(b, at + 2, value);
}
MacAddress mac_at(std::span<const std::byte> b, std::size_t at) {
  MacAddress mac;
  std::memcpy(mac.bytes.data(), b.data() + at, mac.bytes.size());
  return mac;
}
void put_mac(std::span<std::byte> b, std::size_t at, const MacAddress& mac) {
  std::memcpy(b.data() + at, mac.bytes.data(), mac.bytes.size());
}

std::uint16_t mss_of(std::span<const std::byte> options, std::uint16_t otherwise) {
  for (std::size_t at = 0; at < options.size() && get8(options, at) != 0;) {
    if (get8(options, at) == 1) {
      ++at;
      continue;
    }
    if (at + 2 > options.size()) break;
    const std::size_t length = get8(options, at + 1);
    if (length < 2 || at + length > options.size()) break;
    if (get8(options, at) == 2 && length == 4) return get16(options, at + 2);
    at += length;
  }
  return otherwise;
}

void put_ethernet(std::span<std::byte> frame, const MacAddress& to, const MacAddress& from,
                  std::uint16_t type) {
  put_mac(frame, 0, to);
  put_mac(frame, 6, from);
  put16(frame, 12, type);
}

std::uint16_t sum_of(std::span<const std::byte> bytes) {
  Checksum sum;
  sum.add(bytes);
  return sum.finish();
}

bool answer_arp(const Frames& self, std::span<const std::byte> frame, Outbox& out) {
  const auto arp = frame.subspan(kEthernet);
  if (arp.size() < kArp || get16(arp, 6) != 1 || get32(arp, 24) != self.address) return false;
  if (out.full()) return true;
  const auto reply = out.room();
  put_ethernet(reply, mac_at(arp, 8), self.mac, 0x0806);
  const auto body = reply.subspan(kEthernet, kArp);
  put32(body, 0, 0x00010800);
  put32(body, 4, 0x06040002);
  put_mac(body, 8, self.mac);
  put32(body, 14, self.address);
  put_mac(body, 18, mac_at(arp, 8));
  put32(body, 24, get32(arp, 14));
  out.commit(kEthernet + kArp);
  return true;
}

/// The bytes of an IPv4 packet without options for this address, as long as its header says;
/// nothing where it is not of this protocol.
std::span<const std::byte> packet_of(const Frames& self, std::span<const std::byte> frame,
                                     std::uint8_t protocol) {
  if (frame.size() < kEthernet + kIp || get16(frame, 12) != 0x0800) return {};
  const auto ip = frame.subspan(kEthernet);
  const std::size_t length = get16(ip, 2);
  const bool whole = (get16(ip, 6) & 0x3fff) == 0;
  if (get8(ip, 0) != 0x45 || !whole || get8(ip, 9) != protocol || get32(ip, 16) != self.address ||
      length < kIp || length > ip.size())
    return {};
  return ip.first(length);
}

bool answer_echo(const Frames& self, std::span<const std::byte> frame, Outbox& out) {
  const auto ip = packet_of(self, frame, 1);
  if (ip.size() < kIp + 8 || get8(ip, kIp) != 8) return false;
  if (out.full() || kEthernet + ip.size() > Outbox::kFrameBytes) return true;
  const auto reply = out.room().first(kEthernet + ip.size());
  put_ethernet(reply, mac_at(frame, 6), self.mac, 0x0800);
  const auto packet = reply.subspan(kEthernet);
  std::ranges::copy(ip, packet.begin());
  put32(packet, 12, self.address);
  put32(packet, 16, get32(ip, 12));
  put16(packet, 10, 0);
  put16(packet, 10, sum_of(packet.first(kIp)));
  const auto icmp = packet.subspan(kIp);
  put16(icmp, 0, 0);
  put16(icmp, 2, 0);
  put16(icmp, 2, sum_of(icmp));
  out.commit(reply.size());
  return true;
}

}  // namespace

bool Frames::answer(std::span<const std::byte> frame, Outbox& out) const {
  if (frame.size() < kEthernet) return false;
  if (get16(frame, 12) == 0x0806) return answer_arp(*this, frame, out);
  return answer_echo(*this, frame, out);
}

std::optional<Incoming> Frames::read(std::span<const std::byte> frame) const {
  const auto ip = packet_of(*this, frame, 6);
  if (ip.size() < kIp + kTcp) return std::nullopt;
  const auto tcp = ip.subspan(kIp);
  const std::size_t header = std::size_t{get8(tcp, 12)} / 16 * 4;
  if (header < kTcp || header > tcp.size()) return std::nullopt;
  Incoming in;
  in.from = mac_at(frame, 6);
  in.source = get32(ip, 12);
  in.source_port = get16(tcp, 0);
  in.port = get16(tcp, 2);
  in.seq = Seq(get32(tcp, 4));
  in.ack = Seq(get32(tcp, 8));
  in.flags = static_cast<std::uint8_t>(get8(tcp, 13));
  in.window = get16(tcp, 14);
  if (in.has(Flags::kSyn)) in.mss = mss_of(tcp.subspan(kTcp, header - kTcp), in.mss);
  in.text = tcp.subspan(header);
  in.data = static_cast<std::uint32_t>(in.text.size());
  return in;
}

void Frames::write(const Way& way, const Outgoing& segment, Outbox& out) const {
  const std::size_t options = (segment.mss != 0 ? 4 : 0) + segment.options.size();
  const std::size_t tcp_size = kTcp + options + segment.data;
  if (out.full() || kEthernet + kIp + tcp_size > Outbox::kFrameBytes) return;
  const auto frame = out.room();
  put_ethernet(frame, way.mac, mac, 0x0800);

  const auto ip = frame.subspan(kEthernet, kIp);
  const bool wrong_length = segment.damage == Damage::kIpLength;
  put16(ip, 0, 0x4500);
  put16(ip, 2, static_cast<std::uint32_t>(kIp + tcp_size + (wrong_length ? 100 : 0)));
  put16(ip, 4, segment.ip_id);
  put16(ip, 6, 0x4000);  // do not fragment
  put32(ip, 8, 0x40060000);
  put32(ip, 12, address);
  put32(ip, 16, way.address);
  const bool wrong_ip = segment.damage == Damage::kIpChecksum;
  put16(ip, 10, static_cast<std::uint32_t>(sum_of(ip) ^ (wrong_ip ? 0x0100 : 0)));

  const auto tcp = frame.subspan(kEthernet + kIp, tcp_size);
  put16(tcp, 0, way.from_port);
  put16(tcp, 2, way.port);
  put32(tcp, 4, segment.seq.value());
  put32(tcp, 8, segment.ack.value());
  put8(tcp, 12, static_cast<std::uint32_t>((kTcp + options) / 4 << 4));
  put8(tcp, 13, segment.flags);
  put16(tcp, 14, segment.window);
  put32(tcp, 16, 0);
  std::size_t at = kTcp;
  if (segment.mss != 0) {
    put32(tcp, at, 0x02040000u | segment.mss);
    at += 4;
  }
  if (!segment.options.empty())
    std::memcpy(tcp.data() + at, segment.options.data(), segment.options.size());
  std::ranges::fill(tcp.subspan(kTcp + options), std::byte{0});
  std::ranges::copy(segment.text, tcp.begin() + static_cast<std::ptrdiff_t>(kTcp + options));
  Checksum sum;
  add_pseudo_header(sum, IpAddress::v4(address), IpAddress::v4(way.address), 6,
                    static_cast<std::uint32_t>(tcp_size));
  sum.add(tcp);
  const bool wrong_tcp = segment.damage == Damage::kTcpChecksum;
  put16(tcp, 16, static_cast<std::uint32_t>(sum.finish() ^ (wrong_tcp ? 0x0100 : 0)));

  std::size_t length = kEthernet + kIp + tcp_size;
  const std::byte padding{segment.damage == Damage::kPadding ? std::uint8_t{0xa5}
                                                             : std::uint8_t{0}};
  for (; length < kLeast; ++length) frame[length] = padding;
  out.commit(length);
}

}  // namespace conker::device
