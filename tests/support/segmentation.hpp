// What a link with checksum and segmentation offload does for the stack.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "stack/base/checksum.hpp"
#include "stack/wire/bytes.hpp"
#include "tests/support/segment.hpp"

namespace conker::test {

inline constexpr std::size_t kIpAt = 14;

inline bool is_ipv4(std::span<const std::byte> frame) {
  return conker::get8(frame, kIpAt) >> 4 == 4;
}
/// Where the TCP header of a frame without IP options or extension headers stands.
inline std::size_t tcp_at(std::span<const std::byte> frame) {
  return kIpAt + (is_ipv4(frame) ? 20 : 40);
}

/// Completes the checksum of a TCP frame whose field holds the pseudo-header's sum.
inline void complete_checksum(std::span<std::byte> frame) {
  Checksum sum;
  sum.add(frame.subspan(tcp_at(frame)));
  conker::put16(frame, tcp_at(frame) + 16, sum.finish());
}

/// Cuts a frame into segments of FrameOut::segment bytes; returns them as frames.
inline std::vector<Bytes> cut(const Bytes& frame, std::uint16_t segment) {
  const std::size_t tcp = tcp_at(frame);
  const std::size_t data_at = tcp + std::size_t{get8(frame, tcp + 12)} / 16 * 4;
  const std::size_t length = frame.size() - data_at;
  std::vector<Bytes> segments;
  for (std::size_t at = 0; at == 0 || at < length; at += segment) {
    const std::size_t here = std::min<std::size_t>(segment, length - at);
    Bytes bytes(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(data_at));
    const auto data = std::span(frame).subspan(data_at + at, here);
    bytes.insert(bytes.end(), data.begin(), data.end());
    if (is_ipv4(frame)) {
      put16(bytes, kIpAt + 2, static_cast<std::uint16_t>(bytes.size() - kIpAt));
      put16(bytes, kIpAt + 10, 0);
      Checksum ip;
      ip.add(std::span(bytes).subspan(kIpAt, 20));
      put16(bytes, kIpAt + 10, ip.finish());
    } else {
      put16(bytes, kIpAt + 4, static_cast<std::uint16_t>(bytes.size() - tcp));
    }
    put32(bytes, tcp + 4, get32(frame, tcp + 4) + static_cast<std::uint32_t>(at));
    // FIN and PSH belong to the last segment, CWR to the first.
    std::uint8_t flags = get8(frame, tcp + 13);
    if (at + here < length) flags = static_cast<std::uint8_t>(flags & ~(kFin | kPsh));
    if (at > 0) flags = static_cast<std::uint8_t>(flags & ~0x80);
    put8(bytes, tcp + 13, flags);
    // The pseudo-header's sum includes the length: replace that of the whole by that of this
    // segment.
    Checksum sum;
    sum.add16(get16(frame, tcp + 16));
    sum.add16(static_cast<std::uint16_t>(~(frame.size() - tcp)));
    sum.add16(static_cast<std::uint16_t>(bytes.size() - tcp));
    put16(bytes, tcp + 16, static_cast<std::uint16_t>(~sum.finish()));
    complete_checksum(bytes);
    segments.push_back(std::move(bytes));
  }
  return segments;
}

}  // namespace conker::test
