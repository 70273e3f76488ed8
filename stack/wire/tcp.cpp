#include "stack/wire/tcp.hpp"

#include <algorithm>

#include "stack/base/checksum.hpp"
#include "stack/wire/bytes.hpp"
#include "stack/wire/options.hpp"

namespace conker {
namespace {

// Offsets of the fields (RFC 9293, 3.1).
constexpr std::size_t kSource = 0, kDestination = 2, kSequence = 4, kAcknowledgment = 8,
                      kDataOffset = 12, kFlags = 13, kWindow = 14, kChecksum = 16, kUrgent = 18;

// Option kinds (RFC 9293, 3.2; 7323; 2018; 5482) and their lengths.
constexpr std::uint8_t kNoOperation = 1, kMss = 2, kWindowScale = 3, kSackPermitted = 4, kSack = 5,
                       kTimestamps = 8, kUserTimeout = 28;
constexpr std::size_t kMssLength = 4, kWindowScaleLength = 3, kSackPermittedLength = 2,
                      kTimestampsLength = 10, kUserTimeoutLength = 4, kSackHead = 2, kSackBlock = 8;
constexpr std::size_t kOptionsMax = kTcpHeaderMax - kTcpHeaderMin;
// The NOP, NOP, timestamps form of RFC 7323, appendix A, which most segments have.
constexpr std::uint32_t kTimestampsAlone =
    kNoOperation << 24 | kNoOperation << 16 | kTimestamps << 8 | kTimestampsLength;

bool parse_sack(std::span<const std::byte> blocks, TcpSegment& segment) {
  if (blocks.empty() || blocks.size() % kSackBlock != 0) return false;
  segment.sack_count = 0;
  for (; !blocks.empty() && segment.sack_count < TcpSegment::kMaxSackBlocks;
       blocks = blocks.subspan(kSackBlock)) {
    segment.sack[segment.sack_count++] = SackBlock{Seq(get32(blocks, 0)), Seq(get32(blocks, 4))};
  }
  return true;
}

// Parses one option with its kind and length; false when its length is wrong for its kind.
bool parse_option(std::uint8_t kind, std::span<const std::byte> option, TcpSegment& segment) {
  switch (kind) {
    case kMss:
      if (option.size() != kMssLength) return false;
      segment.mss = get16(option, 2);
      return true;
    case kWindowScale:
      if (option.size() != kWindowScaleLength) return false;
      segment.window_scale = std::min(get8(option, 2), TcpSegment::kMaxWindowScale);
      return true;
    case kSackPermitted:
      segment.sack_permitted = true;
      return option.size() == kSackPermittedLength;
    case kTimestamps:
      if (option.size() != kTimestampsLength) return false;
      segment.timestamps = TcpTimestamps{get32(option, 2), get32(option, 6)};
      return true;
    case kUserTimeout:
      if (option.size() != kUserTimeoutLength) return false;
      segment.user_timeout = get16(option, 2);
      return true;
    case kSack:
      return parse_sack(option.subspan(kSackHead), segment);
    default:
      return true;  // unknown options are ignored (RFC 9293, 3.1, MUST-6)
  }
}

/// Writes options in the order that most stacks use, aligned to four bytes without gaps where they
/// are many. Bytes are gathered to whole words, which are summed before they are written: reading
/// back what was just written costs more than writing it.
class OptionWriter {
 public:
  explicit OptionWriter(std::span<std::byte> out) : out_(out) {}

  OptionWriter& byte(std::uint8_t value) {
    gathered_ = gathered_ << 8 | value;
    if (++at_ % 4 == 0) put(at_ - 4, gathered_);
    return *this;
  }
  OptionWriter& head(std::uint8_t kind, std::size_t length) {
    return byte(kind).byte(static_cast<std::uint8_t>(length));
  }
  OptionWriter& word16(std::uint16_t value) {
    return byte(static_cast<std::uint8_t>(value >> 8))
        .byte(static_cast<std::uint8_t>(value & 0xff));
  }
  OptionWriter& word32(std::uint32_t value) {
    if (at_ % 4 != 0) {
      return word16(static_cast<std::uint16_t>(value >> 16))
          .word16(static_cast<std::uint16_t>(value & 0xffff));
    }
    put(at_, value);
    at_ += 4;
    return *this;
  }
  /// Pads so that the words of the next option, behind `head` bytes of its own, are aligned.
  void align_behind(std::size_t head) {
    while ((at_ + head) % 4 != 0) byte(kNoOperation);
  }
  std::size_t size() const { return at_; }
  /// The sum of all words; only when the last word is whole.
  std::uint64_t sum() const { return sum_; }

 private:
  void put(std::size_t at, std::uint32_t word) {
    put32(out_, at, word);
    sum_ += word;
  }

  std::span<std::byte> out_;
  std::uint64_t sum_ = 0;
  std::size_t at_ = 0;
  std::uint32_t gathered_ = 0;
};

void emit_sack(const TcpSegment& segment, OptionWriter& writer) {
  const std::size_t head = (writer.size() + kSackHead + 3) / 4 * 4;
  if (head + kSackBlock > kOptionsMax) return;
  const std::size_t blocks =
      std::min<std::size_t>(segment.sack_count, (kOptionsMax - head) / kSackBlock);
  writer.align_behind(kSackHead);
  writer.head(kSack, kSackHead + blocks * kSackBlock);
  for (const SackBlock& block : segment.sack_blocks().first(blocks)) {
    writer.word32(block.left.value()).word32(block.right.value());
  }
}

// Writes the segment's options, padded to a multiple of 4 bytes.
void emit_options(const TcpSegment& segment, OptionWriter& writer) {
  if (segment.mss) writer.word32(kMss << 24 | std::uint32_t{kMssLength} << 16 | *segment.mss);
  if (segment.sack_permitted) writer.head(kSackPermitted, kSackPermittedLength);
  if (segment.timestamps) {
    if (writer.size() % 4 == 0) {
      writer.word32(kTimestampsAlone);
    } else {
      writer.align_behind(2);
      writer.head(kTimestamps, kTimestampsLength);
    }
    writer.word32(segment.timestamps->value).word32(segment.timestamps->echo);
  }
  if (segment.window_scale) {
    writer.align_behind(kWindowScaleLength);
    writer.head(kWindowScale, kWindowScaleLength).byte(*segment.window_scale);
  }
  if (segment.user_timeout)
    writer.head(kUserTimeout, kUserTimeoutLength).word16(*segment.user_timeout);
  if (segment.sack_count != 0) emit_sack(segment, writer);
  writer.align_behind(0);
}

}  // namespace

std::optional<TcpSegment> parse_tcp(std::span<const std::byte> bytes) {
  std::optional<TcpSegment> parsed;  // filled in place
  if (bytes.size() < kTcpHeaderMin) return parsed;
  const std::size_t header = std::size_t{get8(bytes, kDataOffset)} / 16 * 4;
  if (header < kTcpHeaderMin || header > bytes.size()) return parsed;

  TcpSegment& segment = parsed.emplace();
  segment.source.value = get16(bytes, kSource);
  segment.destination.value = get16(bytes, kDestination);
  segment.sequence = Seq(get32(bytes, kSequence));
  segment.acknowledgment = Seq(get32(bytes, kAcknowledgment));
  segment.flags = get8(bytes, kFlags);
  segment.window = get16(bytes, kWindow);
  segment.urgent = get16(bytes, kUrgent);
  segment.payload = bytes.subspan(header);
  if (header == kTcpHeaderMin) return parsed;
  const auto options = bytes.subspan(kTcpHeaderMin, header - kTcpHeaderMin);
  if (options.size() == kTimestampsLength + 2 && get32(options, 0) == kTimestampsAlone) {
    segment.timestamps = TcpTimestamps{get32(options, 4), get32(options, 8)};
    return parsed;
  }
  const auto option = [&segment](std::uint8_t kind, std::span<const std::byte> bytes_of_it) {
    return parse_option(kind, bytes_of_it, segment);
  };
  if (!parse_options(options, option)) parsed.reset();
  return parsed;
}

std::size_t emit_tcp(const TcpSegment& segment, std::span<std::byte> out, Checksum& sum) {
  OptionWriter options(out.subspan(kTcpHeaderMin));
  emit_options(segment, options);
  const std::size_t header = kTcpHeaderMin + options.size();
  std::uint64_t words = options.sum();
  const auto put = [&](std::size_t at, std::uint32_t word) {
    put32(out, at, word);
    words += word;
  };
  put(kSource, std::uint32_t{segment.source.value} << 16 | segment.destination.value);
  put(kSequence, segment.sequence.value());
  put(kAcknowledgment, segment.acknowledgment.value());
  put(kDataOffset, static_cast<std::uint32_t>(header / 4) << 28 |
                       std::uint32_t{segment.flags} << 16 | segment.window);
  put(kChecksum, segment.urgent);
  sum.add_words(words);
  return header;
}

void finish_tcp_checksum(std::span<std::byte> header, Checksum sum, const IpAddress& source,
                         const IpAddress& destination,
                         std::span<const std::span<const std::byte>> payload, bool partial) {
  std::size_t length = header.size();
  for (const auto piece : payload) length += piece.size();
  if (partial) sum = Checksum();
  add_pseudo_header(sum, source, destination, kProtocolTcp, static_cast<std::uint32_t>(length));
  if (partial) return put16(header, kChecksum, static_cast<std::uint16_t>(~sum.finish()));
  for (const auto piece : payload) sum.add(piece);
  put16(header, kChecksum, sum.finish());
}

bool verify_tcp_checksum(std::span<const std::byte> bytes, const IpAddress& source,
                         const IpAddress& destination) {
  Checksum sum;
  add_pseudo_header(sum, source, destination, kProtocolTcp,
                    static_cast<std::uint32_t>(bytes.size()));
  bytes.size() <= kTcpHeaderMax ? sum.add_header(bytes) : sum.add(bytes);
  return sum.finish() == 0;
}

}  // namespace conker
