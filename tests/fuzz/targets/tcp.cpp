// Target: the TCP header and its options.
#include "stack/wire/tcp.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "tests/fuzz/found.hpp"

namespace conker::fuzz {
namespace {

/// Compares all fields but SACK blocks, of which some may not fit beside the other options.
bool same(const TcpSegment& a, const TcpSegment& b) {
  return a.source == b.source && a.destination == b.destination && a.sequence == b.sequence &&
         a.acknowledgment == b.acknowledgment && a.flags == b.flags && a.window == b.window &&
         a.urgent == b.urgent && a.mss == b.mss && a.window_scale == b.window_scale &&
         a.sack_permitted == b.sack_permitted && a.timestamps == b.timestamps &&
         a.user_timeout == b.user_timeout && std::ranges::equal(a.payload, b.payload);
}

/// Whether the RFCs allow the header, checked without the parser.
bool well_formed(Input input) {
  const auto at = [&input](std::size_t i) { return std::to_integer<std::size_t>(input[i]); };
  if (input.size() < kTcpHeaderMin) return false;
  const std::size_t header = at(12) / 16 * 4;
  if (header < kTcpHeaderMin || header > input.size()) return false;
  for (std::size_t i = kTcpHeaderMin; i < header && at(i) != 0;) {
    if (at(i) == 1) {
      ++i;
      continue;
    }
    if (i + 1 >= header || at(i + 1) < 2 || i + at(i + 1) > header) return false;
    const std::size_t kind = at(i), length = at(i + 1);
    const bool right = kind == 2 || kind == 28 ? length == 4
                       : kind == 3             ? length == 3
                       : kind == 4             ? length == 2
                       : kind == 5             ? length > 2 && length % 8 == 2
                       : kind == 8             ? length == 10
                                               : true;
    if (!right) return false;
    i += length;
  }
  return true;
}

}  // namespace

void run(Input input) {
  constexpr IpAddress kFrom = IpAddress::v4(10, 0, 0, 1), kTo = IpAddress::v4(10, 0, 0, 2);
  const auto segment = parse_tcp(input);
  check(segment.has_value() == well_formed(input),
        "a broken header is taken, or a good one refused");
  if (!segment) return;
  check(within(segment->payload, input) && segment->payload.size() + kTcpHeaderMin <= input.size(),
        "the payload is longer than the segment");
  check(segment->sack_count <= TcpSegment::kMaxSackBlocks,
        "more SACK blocks than there is room for");
  check(segment->window_scale.value_or(0) <= TcpSegment::kMaxWindowScale,
        "a window scale above 14");

  std::array<std::byte, kTcpHeaderMax> header;
  Checksum sum;
  const std::size_t length = emit_tcp(*segment, header, sum);
  check(length >= kTcpHeaderMin && length <= kTcpHeaderMax && length % 4 == 0,
        "a header of a wrong length");
  const std::array payload{segment->payload};
  finish_tcp_checksum(std::span(header).first(length), sum, kFrom, kTo, payload);
  std::vector<std::byte> again(header.begin(),
                               header.begin() + static_cast<std::ptrdiff_t>(length));
  again.insert(again.end(), segment->payload.begin(), segment->payload.end());
  check(verify_tcp_checksum(again, kFrom, kTo), "a segment is written with a wrong checksum");

  const auto reread = parse_tcp(again);
  check(reread && same(*segment, *reread), "a segment is not written as it was read");
  const auto blocks = reread->sack_blocks();
  check(blocks.size() <= segment->sack_count &&
            std::ranges::equal(blocks, segment->sack_blocks().first(blocks.size())),
        "SACK blocks are not written as they were read");
  check(segment->sack_count == 0 || !blocks.empty(), "no SACK block fits beside the other options");

  std::array<std::byte, kTcpHeaderMax> third;
  check(emit_tcp(*reread, third) == length, "a segment changes its length each time it is written");
}

}  // namespace conker::fuzz
