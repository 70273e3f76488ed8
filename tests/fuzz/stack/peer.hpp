// The peers of the stack under test: what they know of each conversation, and the frames that they
// send. They believe no one's numbers but those on the wire and in the control blocks, and lie when
// a step says so.
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

/// Every byte of a stream is known by its sequence number, whoever sends it and however often.
constexpr std::byte byte_of(std::uint32_t sequence) {
  return static_cast<std::byte>(sequence * 0x9e3779b1u >> 24);
}

/// One conversation, as a peer sees it.
struct Flow {
  IpAddress peer, local = kOurs;
  std::uint16_t peer_port = 0, local_port = 0;
  std::uint32_t first = 0;  // where the peer begins to count
  std::uint32_t next = 0;   // what the stack wants to hear next, by its own word
  std::uint32_t seen = 0;   // where the stack's own numbers have got to
  std::uint32_t clock = 0;  // of the stack's timestamps
  bool timestamps = false;
  std::uint8_t last_flags = 0;  // of the stack's last segment; 0: it has said nothing yet
  ConnectionId id{};            // the stack's end, where the application knows it
};

/// Frames on their way to the stack; their bytes stay until clear().
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

  // ---- What is learnt ----
  void opened(ConnectionId id, const ConnectionInfo& info);
  /// What was sent: numbers, and the beginning of packets for ICMP to quote.
  void learn(const test::WireSegment& segment);
  void keep_quote(std::span<const std::byte> frame);
  Flow* find(const IpAddress& peer, std::uint16_t peer_port, std::uint16_t local_port);
  /// Whether all data that was sent to the stack is byte_of() its numbers.
  bool honest() const { return honest_; }

  // ---- What is said: each step adds frames to the batch ----
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
  std::size_t active_ = 0;  // flows that the stack opened so far
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
