#include "ctl/capture_reader.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>

namespace conker::ctl {
namespace {

// draft-ietf-opsawg-pcapng, 4.3 and 3.5.
constexpr std::uint32_t kEnhancedPacket = 6;
constexpr std::size_t kHead = 8, kAround = 12, kPacketHead = 20, kOptionHead = 4;
constexpr std::uint16_t kEndOfOptions = 0, kComment = 1, kFlags = 2;
constexpr std::uint32_t kDirection = 3, kOutbound = 2;
/// The daemon writes 64 MiB at most.
constexpr std::size_t kLongestCapture = std::size_t{65} << 20;

using Bytes = std::span<const std::byte>;

std::uint32_t little(Bytes from, std::size_t at, std::size_t bytes = 4) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i)
    value |= std::to_integer<std::uint32_t>(from[at + i]) << (8 * i);
  return value;
}

std::size_t padded(std::size_t length) {
  return (length + 3) / 4 * 4;
}

void take_options(Bytes options, CapturedFrame& frame) {
  while (options.size() >= kOptionHead) {
    const std::uint32_t code = little(options, 0, 2);
    const std::size_t length = little(options, 2, 2);
    if (code == kEndOfOptions || options.size() - kOptionHead < padded(length)) return;
    const Bytes value = options.subspan(kOptionHead, length);
    if (code == kComment) {
      std::string& comment = frame.comments.emplace_back();
      for (const std::byte byte : value) comment += std::to_integer<char>(byte);
    } else if (code == kFlags && length == 4) {
      frame.direction =
          (little(value, 0) & kDirection) == kOutbound ? Direction::kOut : Direction::kIn;
    }
    options = options.subspan(kOptionHead + padded(length));
  }
}

}  // namespace

std::vector<CapturedFrame> frames_in(Bytes file) {
  std::vector<CapturedFrame> frames;
  while (file.size() >= kAround) {
    const std::size_t length = little(file, 4);
    if (length < kAround || length % 4 != 0 || length > file.size()) break;
    const Bytes body = file.subspan(kHead, length - kAround);
    if (little(file, 0) == kEnhancedPacket) {
      if (body.size() < kPacketHead) break;
      const std::size_t kept = little(body, 12);
      if (kept > body.size() - kPacketHead || padded(kept) > body.size() - kPacketHead) break;
      CapturedFrame& frame = frames.emplace_back();
      frame.at_us =
          static_cast<std::int64_t>(std::uint64_t{little(body, 4)} << 32 | little(body, 8));
      const Bytes bytes = body.subspan(kPacketHead, kept);
      frame.bytes.assign(bytes.begin(), bytes.end());
      take_options(body.subspan(kPacketHead + padded(kept)), frame);
    }
    file = file.subspan(length);
  }
  return frames;
}

std::vector<std::byte> read_capture(const std::string& path) {
  const auto close = [](std::FILE* file) { std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "re"), close);
  std::vector<std::byte> bytes;
  constexpr std::size_t kPiece = 65'536;
  while (file && bytes.size() < kLongestCapture) {
    const std::size_t before = bytes.size();
    bytes.resize(before + kPiece);
    bytes.resize(before + std::fread(bytes.data() + before, 1, kPiece, file.get()));
    if (bytes.size() < before + kPiece) break;
  }
  return bytes;
}

}  // namespace conker::ctl
