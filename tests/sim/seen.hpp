// A TCP segment as somebody sees it who watches the wire. Written apart from stack/wire on purpose:
// who checks the stack shall not believe it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace conker::sim {

struct Seen {
  static constexpr std::uint8_t kFin = 1, kSyn = 2, kRst = 4, kPsh = 8, kAck = 16;
  static constexpr std::size_t kMaxBlocks = 4;
  static constexpr std::uint8_t kNoScale = 0xff;

  std::uint32_t source = 0, destination = 0;
  std::uint16_t source_port = 0, destination_port = 0;
  std::uint32_t seq = 0, ack = 0;
  std::uint8_t flags = 0;
  std::uint16_t window = 0;
  std::uint16_t mss = 0;  // 0: not said
  std::uint8_t scale = kNoScale;
  bool sack_permitted = false;
  bool timestamps = false;
  std::uint32_t timestamp = 0;
  std::uint8_t block_count = 0;
  std::array<std::array<std::uint32_t, 2>, kMaxBlocks> blocks{};
  std::span<const std::byte> data;

  bool has(std::uint8_t wanted) const { return (flags & wanted) == wanted; }
  /// A SYN that asks for a connection and nothing else.
  bool opens() const { return (flags & (kFin | kSyn | kRst | kAck)) == kSyn; }
  /// The sequence numbers it takes.
  std::uint32_t length() const {
    return static_cast<std::uint32_t>(data.size()) + (has(kSyn) ? 1u : 0u) + (has(kFin) ? 1u : 0u);
  }
  std::string text() const;
};

enum class Sight : std::uint8_t {
  kTcp,
  kOther,    // ARP, ICMP
  kGarbled,  // a length or a checksum is wrong
};
Sight look(std::span<const std::byte> frame, Seen& seen);

}  // namespace conker::sim
