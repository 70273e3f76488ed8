// Ethernet frames as the device reads and writes them, by code of its own: it must be able to write
// wrong ones, and must not share a mistake with the stack that strikes it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/seq.hpp"

namespace conker::device {

struct Flags {
  static constexpr std::uint8_t kFin = 1, kSyn = 2, kRst = 4, kPsh = 8, kAck = 16;
};

/// A TCP segment that has come.
struct Incoming {
  MacAddress from;
  std::uint32_t source = 0;  // IPv4 address
  std::uint16_t source_port = 0, port = 0;
  Seq seq, ack;
  std::uint8_t flags = 0;
  std::uint16_t window = 0;
  std::uint16_t mss = 536;            // RFC 9293, 3.7.1, where there is no option
  std::uint32_t data = 0;             // bytes
  std::span<const std::byte> text{};  // they, in the frame

  bool has(std::uint8_t wanted) const { return (flags & wanted) == wanted; }
  std::uint32_t length() const {
    return data + (has(Flags::kSyn) ? 1u : 0u) + (has(Flags::kFin) ? 1u : 0u);
  }
  Seq end() const { return seq + length(); }
};

enum class Damage : std::uint8_t { kNone, kTcpChecksum, kIpChecksum, kIpLength, kPadding };

/// A TCP segment to send; its data is zeros where there is no text.
struct Outgoing {
  std::uint8_t flags = 0;
  Seq seq, ack;
  std::uint16_t window = 65535;
  std::uint16_t mss = 0;                    // 0: no such option
  std::uint16_t ip_id = 0;                  // the IPv4 header's identification
  std::span<const std::uint8_t> options{};  // more of them, a multiple of 4 bytes
  std::uint32_t data = 0;                   // bytes
  std::span<const std::byte> text{};        // as many, or none
  Damage damage = Damage::kNone;
};

/// Where a segment goes, and from which port.
struct Way {
  MacAddress mac;
  std::uint32_t address = 0;
  std::uint16_t port = 0, from_port = 0;
};

/// The frames that wait to be sent.
class Outbox {
 public:
  static constexpr std::size_t kFrames = 160, kFrameBytes = 1600;

  std::size_t size() const { return count_; }
  std::span<const std::byte> operator[](std::size_t i) const {
    return std::span(frames_[i]).first(lengths_[i]);
  }
  void clear() { count_ = 0; }

  bool full() const { return count_ == kFrames; }
  /// Only where it is not full. The frame counts after commit().
  std::span<std::byte> room() { return frames_[count_]; }
  void commit(std::size_t length) { lengths_[count_++] = length; }

 private:
  std::array<std::array<std::byte, kFrameBytes>, kFrames> frames_{};
  std::array<std::size_t, kFrames> lengths_{};
  std::size_t count_ = 0;
};

/// One end of the link: its own addresses, from which it writes.
struct Frames {
  MacAddress mac;
  std::uint32_t address = 0;

  /// Reads a TCP segment that is for this address; nothing where a frame is none, or its lengths do
  /// not fit. Checksums are not verified: the link is local, and may leave them to hardware.
  std::optional<Incoming> read(std::span<const std::byte> frame) const;
  /// Writes a segment into the outbox. It is lost where the outbox is full.
  void write(const Way& way, const Outgoing& segment, Outbox& out) const;
  /// Answers an ARP request for this address or an echo request to it; false where it is neither.
  bool answer(std::span<const std::byte> frame, Outbox& out) const;
};

}  // namespace conker::device
