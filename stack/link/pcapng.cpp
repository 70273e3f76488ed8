#include "stack/link/pcapng.hpp"

#include <algorithm>
#include <array>

namespace conker {
namespace {

// Block types and option codes of draft-ietf-opsawg-pcapng, 4 and 3.5.
constexpr std::uint32_t kSectionHeader = 0x0a0d0d0a, kInterfaceDescription = 1,
                        kInterfaceStatistics = 5, kEnhancedPacket = 6;
constexpr std::uint32_t kByteOrderMagic = 0x1a2b3c4d;
constexpr std::uint16_t kMajor = 1, kMinor = 0;
constexpr std::uint64_t kLengthUnknown = ~std::uint64_t{0};
constexpr std::uint16_t kLinkTypeEthernet = 1;
constexpr std::uint16_t kEndOfOptions = 0, kComment = 1;
constexpr std::uint16_t kHardware = 2, kOs = 3, kApplication = 4;             // of a section
constexpr std::uint16_t kName = 2, kDescription = 3, kTimeResolution = 9;     // of an interface
constexpr std::uint16_t kFlags = 2;                                           // of a packet
constexpr std::uint16_t kStart = 2, kEnd = 3, kReceived = 4, kDelivered = 8;  // of statistics
constexpr std::uint8_t kMicroseconds = 6;                                     // 10^-6 s
constexpr std::uint32_t kInbound = 1, kOutbound = 2;

constexpr std::size_t kAround = 12;  // type, and total length in front and behind
constexpr std::size_t kOptionHeader = 4;
constexpr std::size_t kLongestOption = 0xffff;

constexpr std::size_t padded(std::size_t length) {
  return (length + 3) / 4 * 4;
}
std::string_view shortened(std::string_view text) {
  return text.substr(0, kLongestOption);
}
/// What a text takes as an option; nothing where it is empty.
std::size_t size_of(std::string_view text) {
  return text.empty() ? 0 : kOptionHeader + padded(shortened(text).size());
}

}  // namespace

bool Pcapng::section(const Section& section) {
  begin(kSectionHeader, 16 + size_of(section.hardware) + size_of(section.os) +
                            size_of(section.application) + size_of(section.comment) +
                            kOptionHeader);
  put(kByteOrderMagic, 4);
  put(kMajor, 2);
  put(kMinor, 2);
  put(kLengthUnknown, 8);
  option(kHardware, section.hardware);
  option(kOs, section.os);
  option(kApplication, section.application);
  option(kComment, section.comment);
  option(kEndOfOptions, 0, 0);
  return end();
}

bool Pcapng::interface(std::string_view name, std::string_view description) {
  begin(kInterfaceDescription,
        8 + size_of(name) + size_of(description) + kOptionHeader + 4 + kOptionHeader);
  put(kLinkTypeEthernet, 2);
  put(0, 2);
  put(kSnapshotLength, 4);
  option(kName, name);
  option(kDescription, description);
  option(kTimeResolution, kMicroseconds, 1);
  option(kEndOfOptions, 0, 0);
  return end();
}

bool Pcapng::packet(const Packet& packet, std::span<const std::span<const std::byte>> parts) {
  std::size_t length = 0, comments = 0;
  for (const auto part : parts) length += part.size();
  for (const std::string_view comment : packet.comments) comments += size_of(comment);
  const std::size_t kept = std::min<std::size_t>(length, kSnapshotLength);
  begin(kEnhancedPacket, 20 + padded(kept) + comments + kOptionHeader + 4 + kOptionHeader);
  put(0, 4);  // the interface
  put_time(packet.at_us);
  put(kept, 4);
  put(length, 4);
  std::size_t left = kept;
  for (const auto part : parts) {
    const std::size_t here = std::min(part.size(), left);
    put(part.first(here));
    left -= here;
  }
  pad(kept);
  for (const std::string_view comment : packet.comments) option(kComment, comment);
  option(kFlags, packet.direction == Direction::kIn ? kInbound : kOutbound, 4);
  option(kEndOfOptions, 0, 0);
  return end();
}

bool Pcapng::statistics(const Statistics& statistics) {
  begin(kInterfaceStatistics, 12 + 4 * (kOptionHeader + 8) + kOptionHeader);
  put(0, 4);  // the interface
  put_time(statistics.at_us);
  option_time(kStart, statistics.begin_us);
  option_time(kEnd, statistics.end_us);
  option(kReceived, statistics.received, 8);
  option(kDelivered, statistics.delivered, 8);
  option(kEndOfOptions, 0, 0);
  return end();
}

/// `body`: bytes between the two total lengths, with padding.
void Pcapng::begin(std::uint32_t type, std::size_t body) {
  block_ = static_cast<std::uint32_t>(kAround + body);
  taken_ = true;
  put(type, 4);
  put(block_, 4);
}

bool Pcapng::end() {
  put(block_, 4);
  return taken_;
}

void Pcapng::put(std::uint64_t value, std::size_t bytes) {
  std::array<std::byte, 8> out;
  for (std::size_t i = 0; i < bytes; ++i) out[i] = static_cast<std::byte>(value >> (8 * i) & 0xff);
  put(std::span(out).first(bytes));
}

/// A time is two words, the higher one first.
void Pcapng::put_time(std::int64_t us) {
  put(static_cast<std::uint64_t>(us) >> 32, 4);
  put(static_cast<std::uint64_t>(us) & 0xffffffff, 4);
}

void Pcapng::put(std::span<const std::byte> bytes) {
  if (taken_ && !bytes.empty()) taken_ = sink_.write(bytes);
}

/// Fills up to a multiple of 32 bits.
void Pcapng::pad(std::size_t length) {
  put(0, padded(length) - length);
}

void Pcapng::option(std::uint16_t code, std::string_view text) {
  if (text.empty()) return;
  const std::string_view written = shortened(text);
  put(code, 2);
  put(written.size(), 2);
  put(std::as_bytes(std::span(written.data(), written.size())));
  pad(written.size());
}

void Pcapng::option(std::uint16_t code, std::uint64_t value, std::size_t bytes) {
  put(code, 2);
  put(bytes, 2);
  put(value, bytes);
  pad(bytes);
}

void Pcapng::option_time(std::uint16_t code, std::int64_t us) {
  put(code, 2);
  put(8, 2);
  put_time(us);
}

}  // namespace conker
