#include "tests/sim/seen.hpp"

#include <algorithm>
#include <cstdio>

namespace conker::sim {
namespace {

constexpr std::size_t kEthernet = 14, kIp = 20, kTcp = 20;

std::uint32_t get8(std::span<const std::byte> b, std::size_t at) {
  return std::to_integer<std::uint32_t>(b[at]);
}
std::uint32_t get16(std::span<const std::byte> b, std::size_t at) {
  return get8(b, at) << 8 | get8(b, at + 1);
}
std::uint32_t get32(std::span<const std::byte> b, std::size_t at) {
  return get16(b, at) << 16 | get16(b, at + 2);
}

std::uint64_t sum(std::span<const std::byte> bytes) {
  std::uint64_t total = 0;
  std::size_t at = 0;
  for (; at + 4 <= bytes.size(); at += 4) total += get32(bytes, at);
  for (; at + 2 <= bytes.size(); at += 2) total += get16(bytes, at);
  if (at < bytes.size()) total += get8(bytes, at) << 8;
  return total;
}

bool adds_up(std::uint64_t total) {
  while (total >> 16 != 0) total = (total & 0xffff) + (total >> 16);
  return total == 0xffff;
}

bool look_at_options(std::span<const std::byte> options, Seen& seen) {
  for (std::size_t at = 0; at < options.size() && get8(options, at) != 0;) {
    const std::uint32_t kind = get8(options, at);
    if (kind == 1) {
      ++at;
      continue;
    }
    if (at + 2 > options.size()) return false;
    const std::size_t length = get8(options, at + 1);
    if (length < 2 || at + length > options.size()) return false;
    const auto body = options.subspan(at + 2, length - 2);
    if (kind == 2 && length == 4) seen.mss = static_cast<std::uint16_t>(get16(body, 0));
    // More than 14 counts as 14 (RFC 7323, 2.3), and must not look like none.
    if (kind == 3 && length == 3)
      seen.scale = static_cast<std::uint8_t>(std::min<std::uint32_t>(get8(body, 0), 14));
    if (kind == 4 && length == 2) seen.sack_permitted = true;
    if (kind == 5) {
      for (std::size_t b = 0; b + 8 <= body.size() && seen.block_count < Seen::kMaxBlocks; b += 8) {
        seen.blocks[seen.block_count++] = {get32(body, b), get32(body, b + 4)};
      }
    }
    if (kind == 8 && length == 10) {
      seen.timestamps = true;
      seen.timestamp = get32(body, 0);
    }
    at += length;
  }
  return true;
}

}  // namespace

Sight look(std::span<const std::byte> frame, Seen& seen) {
  if (frame.size() < kEthernet) return Sight::kGarbled;
  if (get16(frame, 12) != 0x0800) return Sight::kOther;
  auto ip = frame.subspan(kEthernet);
  if (ip.size() < kIp || get8(ip, 0) != 0x45 || get16(ip, 2) < kIp || get16(ip, 2) > ip.size() ||
      !adds_up(sum(ip.first(kIp)))) {
    return Sight::kGarbled;
  }
  if (get8(ip, 9) != 6) return Sight::kOther;
  const auto tcp = ip.subspan(kIp, get16(ip, 2) - kIp);
  if (tcp.size() < kTcp || !adds_up(sum(ip.subspan(12, 8)) + 6 + tcp.size() + sum(tcp))) {
    return Sight::kGarbled;
  }
  const std::size_t header = std::size_t{get8(tcp, 12)} / 16 * 4;
  if (header < kTcp || header > tcp.size()) return Sight::kGarbled;
  seen.source = get32(ip, 12);
  seen.destination = get32(ip, 16);
  seen.source_port = static_cast<std::uint16_t>(get16(tcp, 0));
  seen.destination_port = static_cast<std::uint16_t>(get16(tcp, 2));
  seen.seq = get32(tcp, 4);
  seen.ack = get32(tcp, 8);
  seen.flags = static_cast<std::uint8_t>(get8(tcp, 13));
  seen.window = static_cast<std::uint16_t>(get16(tcp, 14));
  seen.data = tcp.subspan(header);
  return look_at_options(tcp.subspan(kTcp, header - kTcp), seen) ? Sight::kTcp : Sight::kGarbled;
}

std::string Seen::text() const {
  std::string names;
  constexpr const char* kNames[] = {"FIN ", "SYN ", "RST ", "PSH ", "ACK ", "URG ", "ECE ", "CWR "};
  for (unsigned bit = 0; bit < 8; ++bit) {
    if ((flags >> bit & 1) != 0) names += kNames[bit];
  }
  char line[160];
  std::snprintf(line, sizeof line, "%u -> %u  %sseq %u ack %u win %u len %zu", source_port,
                destination_port, names.c_str(), seq, ack, window, data.size());
  std::string out = line;
  if (timestamps) out += " ts " + std::to_string(timestamp);
  if (scale != kNoScale) out += " wscale " + std::to_string(scale);
  for (std::size_t i = 0; i < block_count; ++i) {
    out += " sack " + std::to_string(blocks[i][0]) + "-" + std::to_string(blocks[i][1]);
  }
  return out;
}

}  // namespace conker::sim
