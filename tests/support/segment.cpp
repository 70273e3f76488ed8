#include "tests/support/segment.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace conker::test {
namespace {

constexpr std::size_t kEthernet = 14, kIp = 20, kIp6 = 40, kTcp = 20;

void put8(Bytes& out, std::uint32_t v) {
  out.push_back(static_cast<std::byte>(v));
}
void put16(Bytes& out, std::uint32_t v) {
  put8(out, v >> 8 & 0xff);
  put8(out, v & 0xff);
}
void put32(Bytes& out, std::uint32_t v) {
  put16(out, v >> 16);
  put16(out, v & 0xffff);
}
void put_mac(Bytes& out, const MacAddress& mac) {
  for (const std::uint8_t b : mac.bytes) put8(out, b);
}
void set16(Bytes& out, std::size_t at, std::uint32_t v) {
  out[at] = static_cast<std::byte>(v >> 8);
  out[at + 1] = static_cast<std::byte>(v);
}
std::uint32_t get8(std::span<const std::byte> in, std::size_t at) {
  return std::to_integer<std::uint32_t>(in[at]);
}
std::uint32_t get16(std::span<const std::byte> in, std::size_t at) {
  return get8(in, at) << 8 | get8(in, at + 1);
}
std::uint32_t get32(std::span<const std::byte> in, std::size_t at) {
  return get16(in, at) << 16 | get16(in, at + 2);
}

std::uint32_t sum(std::span<const std::byte> bytes, std::uint32_t start = 0) {
  for (std::size_t i = 0; i < bytes.size(); ++i) start += get8(bytes, i) << (i % 2 == 0 ? 8 : 0);
  return start;
}
std::uint16_t fold(std::uint32_t s) {
  while (s >> 16) s = (s & 0xffff) + (s >> 16);
  return static_cast<std::uint16_t>(~s);
}
/// The checksum over pseudo-header and message: 0 when the message holds its right checksum.
std::uint16_t checksum(std::span<const std::byte> addresses, std::uint32_t protocol,
                       std::span<const std::byte> message) {
  return fold(sum(message, sum(addresses) + protocol + static_cast<std::uint32_t>(message.size())));
}
std::uint16_t tcp_checksum(std::span<const std::byte> ip, std::span<const std::byte> segment) {
  const bool v4 = get8(ip, 0) >> 4 == 4;
  return checksum(v4 ? ip.subspan(12, 8) : ip.subspan(8, 32), 6, segment);
}

void put_v6(Bytes& out, const IpAddress& address) {
  for (const std::uint32_t word : address.words()) put32(out, word);
}
IpAddress get_v6(std::span<const std::byte> in, std::size_t at) {
  return IpAddress({get32(in, at), get32(in, at + 4), get32(in, at + 8), get32(in, at + 12)});
}

void must(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(std::string("a segment that no TCP may send: ") + what);
}

Bytes begin_packet(const MacAddress& from, const MacAddress& to, std::uint32_t protocol,
                   const IpAddress& source, const IpAddress& destination) {
  Bytes out;
  put_mac(out, to);
  put_mac(out, from);
  if (!source.is_v4()) {
    put16(out, 0x86dd);
    put32(out, 0x60000000);
    put16(out, 0);  // length, filled in by end_packet
    put16(out, protocol << 8 | 64);
    put_v6(out, source);
    put_v6(out, destination);
    return out;
  }
  put16(out, 0x0800);
  put16(out, 0x4500);
  put16(out, 0);  // length, filled in by end_packet
  put32(out, 0x4000);
  put16(out, 64 << 8 | protocol);
  put16(out, 0);  // checksum, likewise
  put32(out, source.v4_bits());
  put32(out, destination.v4_bits());
  return out;
}

void end_packet(Bytes& out) {
  if (get16(out, 12) == 0x86dd) {
    set16(out, kEthernet + 4, static_cast<std::uint32_t>(out.size() - kEthernet - kIp6));
    return;
  }
  set16(out, kEthernet + 2, static_cast<std::uint32_t>(out.size() - kEthernet));
  set16(out, kEthernet + 10, fold(sum(std::span(out).subspan(kEthernet, kIp))));
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Segment& s) {
  constexpr const char* kNames[] = {"FIN ", "SYN ", "RST ", "", "ACK ", "URG ", "ECE ", "CWR "};
  for (int i = 0; i < 8; ++i) {
    if (s.flags >> i & 1) out << kNames[i];
  }
  if (s.sequence) out << "seq " << *s.sequence << ' ';
  if (s.acknowledgment) out << "ack " << *s.acknowledgment << ' ';
  if (s.announced) out << "win " << *s.announced << ' ';
  if (s.segment_size) out << "mss " << *s.segment_size << ' ';
  if (s.options.window_scale) out << "wscale " << int{*s.options.window_scale} << ' ';
  if (s.options.sack_permitted) out << (*s.options.sack_permitted ? "sackok " : "no sackok ");
  if (s.options.timestamps) {
    out << "ts " << s.options.timestamps->first << ' ' << s.options.timestamps->second << ' ';
  }
  for (const auto& [left, right] : s.options.sack) out << "sack " << left << '-' << right << ' ';
  if (s.options.ecn) out << "ecn " << int{*s.options.ecn} << ' ';
  out << "data " << s.data.size();
  if (!s.data.empty())
    out << " \"" << s.data.substr(0, 32) << (s.data.size() > 32 ? "...\"" : "\"");
  return out;
}

namespace {

Bytes encode_options(const WireSegment& s) {
  Bytes out;
  if (s.mss) put32(out, 0x02040000u | *s.mss);
  if (s.options.window_scale) put32(out, 0x01030300u | *s.options.window_scale);
  if (s.options.sack_permitted.value_or(false)) put32(out, 0x01010402u);
  if (s.options.timestamps) {
    put32(out, 0x0101080au);
    put32(out, s.options.timestamps->first);
    put32(out, s.options.timestamps->second);
  }
  if (s.options.user_timeout) put32(out, 0x1c040000u | *s.options.user_timeout);
  if (!s.options.sack.empty()) {
    put32(out, 0x01010500u | static_cast<std::uint32_t>(2 + 8 * s.options.sack.size()));
    for (const auto& [left, right] : s.options.sack) {
      put32(out, left);
      put32(out, right);
    }
  }
  for (const char c : s.options.raw) put8(out, static_cast<std::uint8_t>(c));
  return out;
}

void decode_option(std::span<const std::byte> option, WireSegment& s) {
  switch (get8(option, 0)) {
    case 2:
      s.mss = static_cast<std::uint16_t>(get16(option, 2));
      break;
    case 3:
      s.options.window_scale = static_cast<std::uint8_t>(get8(option, 2));
      break;
    case 4:
      s.options.sack_permitted = true;
      break;
    case 5:
      for (std::size_t at = 2; at + 8 <= option.size(); at += 8) {
        s.options.sack.emplace_back(get32(option, at), get32(option, at + 4));
      }
      break;
    case 8:
      s.options.timestamps = std::pair(get32(option, 2), get32(option, 6));
      break;
    case 28:
      s.options.user_timeout = static_cast<std::uint16_t>(get16(option, 2));
      break;
    default:
      throw std::runtime_error("an option that nobody asked for: kind " +
                               std::to_string(get8(option, 0)));
  }
}

}  // namespace

Bytes encode(const WireSegment& s, const MacAddress& from, const MacAddress& to) {
  Bytes out = begin_packet(from, to, 6, s.source, s.destination);
  const Bytes options = encode_options(s);
  const auto header = static_cast<std::uint32_t>(kTcp + options.size());
  put16(out, s.source_port);
  put16(out, s.destination_port);
  put32(out, s.seq);
  put32(out, s.ack);
  put16(out, header / 4 << 12 | s.flags);
  put16(out, s.window);
  put16(out, 0);  // checksum, filled in below
  put16(out, s.options.urgent);
  out.insert(out.end(), options.begin(), options.end());
  for (const char c : s.data) put8(out, static_cast<std::uint8_t>(c));
  // The two bits of ECN end the traffic class, which of IPv6 begins within the first byte.
  const int ecn = s.options.ecn.value_or(0);
  out[kEthernet + 1] = static_cast<std::byte>(s.source.is_v4() ? ecn : ecn << 4);
  end_packet(out);
  const std::size_t ip = s.source.is_v4() ? kIp : kIp6;
  const auto whole = std::span<const std::byte>(out);
  set16(out, kEthernet + ip + 16,
        tcp_checksum(whole.subspan(kEthernet, ip), whole.subspan(kEthernet + ip)));
  return out;
}

namespace {

/// Reads the IP header into `s`; the TCP segment behind it, or nothing where there is none.
std::span<const std::byte> decode_ip(std::span<const std::byte> frame, WireSegment& s) {
  if (frame.size() < kEthernet + kIp) return {};
  const auto ip = frame.subspan(kEthernet);
  if (get16(frame, 12) == 0x0800 && get8(ip, 9) == 6) {
    must(get8(ip, 0) == 0x45u, "IPv4 version and header length");
    must(fold(sum(ip.first(kIp))) == 0, "IPv4 header checksum");
    must(get16(ip, 2) >= kIp + kTcp && get16(ip, 2) <= ip.size(), "IPv4 total length");
    s.source = IpAddress::v4(get32(ip, 12));
    s.destination = IpAddress::v4(get32(ip, 16));
    s.options.ecn = static_cast<std::uint8_t>(get8(ip, 1) & 3);
    s.dont_fragment = (get8(ip, 6) & 0x40) != 0;
    return ip.subspan(kIp, get16(ip, 2) - kIp);
  }
  if (get16(frame, 12) == 0x86dd && ip.size() >= kIp6 && get8(ip, 6) == 6) {
    must(get8(ip, 0) >> 4 == 6, "IPv6 version");
    must(get16(ip, 4) >= kTcp && kIp6 + get16(ip, 4) <= ip.size(), "IPv6 payload length");
    s.source = get_v6(ip, 8);
    s.destination = get_v6(ip, 24);
    s.options.ecn = static_cast<std::uint8_t>(get8(ip, 1) >> 4 & 3);
    s.dont_fragment = true;  // no router fragments IPv6
    return ip.subspan(kIp6, get16(ip, 4));
  }
  return {};
}

}  // namespace

std::optional<WireSegment> decode(std::span<const std::byte> frame) {
  WireSegment s;
  const auto tcp = decode_ip(frame, s);
  if (tcp.empty()) return {};
  must(tcp_checksum(frame.subspan(kEthernet), tcp) == 0, "TCP checksum");
  const std::size_t header = std::size_t{get8(tcp, 12)} / 16 * 4;
  must(header >= kTcp && header <= tcp.size(), "TCP data offset");

  s.source_port = static_cast<std::uint16_t>(get16(tcp, 0));
  s.destination_port = static_cast<std::uint16_t>(get16(tcp, 2));
  s.seq = get32(tcp, 4);
  s.ack = get32(tcp, 8);
  s.flags = static_cast<std::uint8_t>(get8(tcp, 13));
  s.window = static_cast<std::uint16_t>(get16(tcp, 14));
  for (std::size_t at = kTcp; at < header && get8(tcp, at) != 0;) {
    if (get8(tcp, at) == 1) {
      ++at;
      continue;
    }
    const std::size_t length = std::max(2u, get8(tcp, at + 1));
    decode_option(tcp.subspan(at, std::min(length, header - at)), s);
    at += length;
  }
  const auto data = tcp.subspan(header);
  s.data.assign(reinterpret_cast<const char*>(data.data()), data.size());
  return s;
}

Bytes encode_unreachable(std::span<const std::byte> frame, std::uint8_t code,
                         const IpAddress& router, std::uint16_t mtu, std::uint8_t type) {
  MacAddress from, to;
  std::memcpy(from.bytes.data(), frame.data(), 6);
  std::memcpy(to.bytes.data(), frame.data() + 6, 6);
  Bytes out = begin_packet(from, to, 1, router, IpAddress::v4(get32(frame, kEthernet + 12)));
  const std::size_t icmp = out.size();
  put16(out, static_cast<std::uint16_t>(type << 8 | code));
  put16(out, 0);
  put32(out, mtu);
  const auto quoted = frame.subspan(kEthernet, kIp + 8);
  out.insert(out.end(), quoted.begin(), quoted.end());
  set16(out, icmp + 2, fold(sum(std::span(out).subspan(icmp))));
  end_packet(out);
  return out;
}

std::optional<Bytes> answer_arp(std::span<const std::byte> frame, const MacAddress& mac) {
  if (frame.size() < 42 || get16(frame, 12) != 0x0806 || get16(frame, 20) != 1) return {};
  if (get32(frame, 28) == get32(frame, 38)) return {};  // an announcement is no request
  Bytes out;
  MacAddress asker;
  std::memcpy(asker.bytes.data(), frame.data() + 22, 6);
  put_mac(out, asker);
  put_mac(out, mac);
  put16(out, 0x0806);
  put32(out, 0x00010800);
  put32(out, 0x06040002);
  put_mac(out, mac);
  put32(out, get32(frame, 38));
  put_mac(out, asker);
  put32(out, get32(frame, 28));
  return out;
}

std::optional<Bytes> answer_solicitation(std::span<const std::byte> frame, const MacAddress& mac) {
  constexpr std::size_t kIcmp = kEthernet + kIp6;
  constexpr std::uint32_t kSolicitation = 135, kAdvertisement = 136, kIcmp6 = 58;
  if (frame.size() < kIcmp + 24 || get16(frame, 12) != 0x86dd) return {};
  if (get8(frame, kEthernet + 6) != kIcmp6 || get8(frame, kIcmp) != kSolicitation) return {};
  const IpAddress asker = get_v6(frame, kEthernet + 8), target = get_v6(frame, kIcmp + 8);
  if (asker == IpAddress() || asker == target) return {};
  MacAddress to;
  std::memcpy(to.bytes.data(), frame.data() + 6, 6);
  Bytes out = begin_packet(mac, to, kIcmp6, target, asker);
  out[kEthernet + 7] = std::byte{255};
  put32(out, kAdvertisement << 24);
  put32(out, 0x60000000);  // solicited, override
  put_v6(out, target);
  put16(out, 0x0201);  // the target's link-layer address
  put_mac(out, mac);
  end_packet(out);
  const auto whole = std::span<const std::byte>(out);
  set16(out, kIcmp + 2, checksum(whole.subspan(kEthernet + 8, 32), kIcmp6, whole.subspan(kIcmp)));
  return out;
}

}  // namespace conker::test
