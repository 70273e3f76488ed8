#include "stack/wire/tcp.hpp"

#include "stack/base/checksum.hpp"
#include "stack/wire/bytes.hpp"
#include "stack/wire/options.hpp"

namespace conker {
namespace {

// Where the fields stand (RFC 9293, 3.1).
constexpr std::size_t kSource = 0, kDestination = 2, kSequence = 4, kAcknowledgment = 8, kDataOffset = 12,
                      kFlags = 13, kWindow = 14, kChecksum = 16, kUrgent = 18;
constexpr std::uint8_t kKnownFlags = 0x3f;

// Option kinds (RFC 9293, 3.2).
constexpr std::uint8_t kEndOfOptions = 0, kMss = 2;
constexpr std::size_t kMssLength = 4;

// One option with its kind and length in front; false when it is not as its kind demands.
bool parse_option(std::uint8_t kind, std::span<const std::byte> option, TcpSegment& segment) {
  switch (kind) {
    case kMss:
      if (option.size() != kMssLength) return false;
      segment.mss = get16(option, 2);
      return true;
    default:
      return true;  // RFC 9293, 3.1 (MUST-6): what is not understood is ignored
  }
}

// Writes the options that the segment has, padded to a multiple of 4, and says how many bytes that makes.
std::size_t emit_options(const TcpSegment& segment, std::span<std::byte> out) {
  std::size_t at = 0;
  if (segment.mss) {
    put8(out, at, kMss);
    put8(out, at + 1, kMssLength);
    put16(out, at + 2, *segment.mss);
    at += kMssLength;
  }
  while (at % 4 != 0) put8(out, at++, kEndOfOptions);
  return at;
}

}  // namespace

std::optional<TcpSegment> parse_tcp(std::span<const std::byte> bytes) {
  if (bytes.size() < kTcpHeaderMin) return std::nullopt;
  const std::size_t header = std::size_t{get8(bytes, kDataOffset)} / 16 * 4;
  if (header < kTcpHeaderMin || header > bytes.size()) return std::nullopt;

  TcpSegment segment;
  segment.source.value = get16(bytes, kSource);
  segment.destination.value = get16(bytes, kDestination);
  segment.sequence = Seq(get32(bytes, kSequence));
  segment.acknowledgment = Seq(get32(bytes, kAcknowledgment));
  segment.flags = get8(bytes, kFlags) & kKnownFlags;
  segment.window = get16(bytes, kWindow);
  segment.urgent = get16(bytes, kUrgent);
  const auto option = [&segment](std::uint8_t kind, std::span<const std::byte> bytes_of_it) {
    return parse_option(kind, bytes_of_it, segment);
  };
  if (!parse_options(bytes.subspan(kTcpHeaderMin, header - kTcpHeaderMin), option)) return std::nullopt;
  segment.payload = bytes.subspan(header);
  return segment;
}

std::size_t emit_tcp(const TcpSegment& segment, std::span<std::byte> out) {
  put16(out, kSource, segment.source.value);
  put16(out, kDestination, segment.destination.value);
  put32(out, kSequence, segment.sequence.value());
  put32(out, kAcknowledgment, segment.acknowledgment.value());
  put8(out, kFlags, segment.flags & kKnownFlags);
  put16(out, kWindow, segment.window);
  put16(out, kChecksum, 0);
  put16(out, kUrgent, segment.urgent);
  const std::size_t header = kTcpHeaderMin + emit_options(segment, out.subspan(kTcpHeaderMin));
  put8(out, kDataOffset, static_cast<std::uint8_t>(header / 4 << 4));
  return header;
}

void finish_tcp_checksum(std::span<std::byte> header, const IpAddress& source, const IpAddress& destination,
                         std::span<const std::span<const std::byte>> payload) {
  std::size_t length = header.size();
  for (const auto piece : payload) length += piece.size();

  Checksum sum;
  add_pseudo_header(sum, source, destination, kProtocolTcp, static_cast<std::uint32_t>(length));
  put16(header, kChecksum, 0);
  sum.add(header);
  for (const auto piece : payload) sum.add(piece);
  put16(header, kChecksum, sum.finish());
}

bool verify_tcp_checksum(std::span<const std::byte> bytes, const IpAddress& source,
                         const IpAddress& destination) {
  Checksum sum;
  add_pseudo_header(sum, source, destination, kProtocolTcp, static_cast<std::uint32_t>(bytes.size()));
  sum.add(bytes);
  return sum.finish() == 0;
}

}  // namespace conker
