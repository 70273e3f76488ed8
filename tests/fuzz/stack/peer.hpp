// The peers of the stack under test: the state of each conversation, and the frames that they send.
// They take sequence numbers from the wire and the control blocks, and falsify them when a step
// says so.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/stack.hpp"
#include "tests/fuzz/records.hpp"
#include "tests/support/segment.hpp"

namespace conker::fuzz {

inline constexpr MacAddress kOurMac{{2, 0, 0, 0, 0, 2}};
inline constexpr IpAddress kOurs = IpAddress::v4(10, 0, 0, 2), kSecond = IpAddress::v4(10, 0, 0, 4),
                           kPeer = IpAddress::v4(10, 0, 0, 1),
                           kOtherPeer = IpAddress::v4(10, 0, 0, 3);
inline constexpr std::uint16_t kListenPort = 7, kOtherListenPort = 9;

/// The value of each byte of a stream, a function of its sequence number, so that retransmissions
/// and both directions can be checked.
constexpr std::byte byte_of(std::uint32_t sequence) {
  return static_cast<std::byte>(sequence * 0x9e3779b1u >> 24);
}

/// One conversation, as a peer sees it.
struct Flow {
  IpAddress peer, local = kOurs;
  std::uint16_t peer_port = 0, local_port = 0;
  std::uint32_t first = 0;  // the peer's initial sequence number
  std::uint32_t next = 0;   // the stack's RCV.NXT, from its last ACK
  std::uint32_t seen = 0;   // the stack's SND.NXT, as seen on the wire
  std::uint32_t clock = 0;  // the stack's last TSval
  bool timestamps = false;
  std::uint8_t last_flags = 0;  // of the stack's last segment; 0: none so far
  ConnectionId id{};            // the stack's connection, where the application knows it
};

/// Frames on their way to the stack; their bytes are valid until clear().
class Batch {
 public:
  static constexpr std::size_t kFrames = 16, kFrameBytes = 1600;

  bool full() const { return count_ == kFrames; }
  /// Where the next frame is written.
  std::span<std::byte, kFrameBytes> room() { return bytes_[count_]; }
  void add(std::size_t size, ChecksumState checksum = ChecksumState::kUnknown) {
    frames_[count_] = FrameIn{std::span<const std::byte>(bytes_[count_]).first(size), checksum};
    ++count_;
  }
  std::span<const FrameIn> frames() const { return std::span(frames_).first(count_); }
  void clear() { count_ = 0; }

 private:
  std::array<std::array<std::byte, kFrameBytes>, kFrames> bytes_;
  std::array<FrameIn, kFrames> frames_;
  std::size_t count_ = 0;
};

class Peer {
 public:
  static constexpr std::size_t kPassive = 8, kFlows = 16;

  Peer();

  // ---- What the stack sent ----
  void opened(ConnectionId id, const ConnectionInfo& info);
  /// Learns from a segment: sequence numbers, and the beginning of the packet for ICMP to quote.
  void learn(const test::WireSegment& segment);
  void keep_quote(std::span<const std::byte> frame);
  Flow* find(const IpAddress& peer, std::uint16_t peer_port, std::uint16_t local_port);
  /// Whether all data sent to the stack was byte_of() its sequence number.
  bool honest() const { return honest_; }

  // ---- Frames to the stack: each step adds some to the batch ----
  void segment(const Record& r, const Stack& stack, Batch& batch);
  void icmp(const Record& r, Batch& batch);
  void fragment(const Record& r, Batch& batch);
  void datagram(const Record& r, Batch& batch);
  void arp(const Record& r, Batch& batch);
  void raw(const Record& r, Input bytes, const Stack& stack, Batch& batch);
  void answer_arp(std::span<const std::byte> frame, Batch& batch);

 private:
  Flow& choose(std::uint8_t byte);
  TcpSegment plausible(const Flow& flow, const Record& r, const Stack& stack) const;
  void tell(const Flow& flow, const TcpSegment& segment, Input options, std::uint8_t damage,
            Batch& batch);

  std::array<Flow, kFlows> flows_{};
  std::size_t active_ = 0;  // flows that the stack opened
  std::uint32_t clock_ = 1000;
  bool honest_ = true;

  struct Quote {
    std::array<std::byte, 48> bytes;
    std::size_t size = 0;
  };
  std::array<Quote, 8> quotes_{};
  std::size_t quote_ = 0;
};

}  // namespace conker::fuzz
