#include "stack/link/capture.hpp"

#include <array>

namespace conker {
namespace {

// The classic pcap format (https://www.tcpdump.org/manpages/pcap-savefile.5.txt), microseconds. A
// file may have either byte order; files written here are always little-endian.
constexpr std::uint32_t kMagic = 0xa1b2c3d4;
constexpr std::uint16_t kMajor = 2, kMinor = 4;
constexpr std::uint32_t kSnapshotLength = 262144;
constexpr std::uint32_t kLinkTypeEthernet = 1;
constexpr std::size_t kFileHeader = 24, kRecordHeader = 16;

void put_little(std::span<std::byte> out, std::size_t at, std::uint32_t value,
                std::size_t bytes = 4) {
  for (std::size_t i = 0; i < bytes; ++i)
    out[at + i] = static_cast<std::byte>(value >> (8 * i) & 0xff);
}

}  // namespace

bool Capture::start(CaptureSink& sink, std::int64_t epoch_us) {
  std::array<std::byte, kFileHeader> header{};
  put_little(header, 0, kMagic);
  put_little(header, 4, kMajor, 2);
  put_little(header, 6, kMinor, 2);
  put_little(header, 16, kSnapshotLength);
  put_little(header, 20, kLinkTypeEthernet);
  sink_ = nullptr;
  frames_ = 0;
  epoch_us_ = epoch_us;
  if (!sink.write(header)) return false;
  sink_ = &sink;
  return true;
}

void Capture::on_frame(const ObservedFrame& frame, Instant now) {
  if (!active()) return;
  std::size_t length = 0;
  for (const auto part : frame.parts) length += part.size();
  const std::size_t kept = length < kSnapshotLength ? length : kSnapshotLength;

  const std::int64_t us = epoch_us_ + now.time_since_epoch().count();
  std::array<std::byte, kRecordHeader> header;
  put_little(header, 0, static_cast<std::uint32_t>(us / 1'000'000));
  put_little(header, 4, static_cast<std::uint32_t>(us % 1'000'000));
  put_little(header, 8, static_cast<std::uint32_t>(kept));
  put_little(header, 12, static_cast<std::uint32_t>(length));

  bool written = sink_->write(header);
  std::size_t left = kept;
  for (const auto part : frame.parts) {
    const std::size_t here = part.size() < left ? part.size() : left;
    if (written && here > 0) written = sink_->write(part.first(here));
    left -= here;
  }
  if (written) {
    ++frames_;
  } else {
    sink_ = nullptr;
  }
}

}  // namespace conker
