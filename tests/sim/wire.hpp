// The wire between the hosts: it loses, duplicates, reorders, corrupts, delays and cuts, all by
// seed.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "stack/link/link.hpp"
#include "tests/sim/dice.hpp"

namespace conker::sim {

/// Impairments. Rates in 1000.
struct Impairments {
  std::uint32_t loss = 0, duplicate = 0, reorder = 0, garble = 0;
  std::uint32_t delay_us = 100, jitter_us = 0;
};

enum class Fate : std::uint8_t { kArrives, kLost, kCut, kGarbled, kTwice, kNobody };
const char* to_string(Fate fate);

class Wire {
 public:
  static constexpr std::uint32_t kMaxHosts = 4;
  static constexpr std::size_t kFrameBytes = 1514;
  /// The stations beside the hosts, whose link addresses are 02:00:00:00:09:xx. There are no
  /// impairments between them and the hosts.
  static constexpr std::uint32_t kOutside = kMaxHosts;
  /// Most frames on their way to one host; others are lost, as in a switch.
  static constexpr std::size_t kQueue = 512;
  /// Most frames on their way to the outside, which receives the answers to a burst.
  static constexpr std::size_t kOutsideQueue = kMaxHosts * kQueue;

  Wire(std::uint64_t seed, std::uint32_t hosts) : dice_(seed), hosts_(hosts) {}

  void set(const Impairments& impairments) { impairments_ = impairments; }
  /// Cuts two hosts off from each other, or joins them again.
  void cut(std::uint32_t a, std::uint32_t b, bool apart) { cut_[a][b] = cut_[b][a] = apart; }
  void heal() { cut_ = {}; }

  void let_outside_hear() { outside_hears_ = true; }

  /// Sends a copy of a frame. Host n has the link address 02:00:00:00:00:0(n + 1).
  Fate send(std::uint32_t from, std::span<const std::byte> frame, Instant now);
  /// A frame of no host, which arrives at the given time.
  void inject(std::uint32_t to, std::span<const std::byte> frame, Instant arrives);
  /// As inject(), for bursts: the frame is lost where half of the queue is in use, so that the wire
  /// has room for other frames and only the stack can lose those of a burst.
  void inject_burst(std::uint32_t to, std::span<const std::byte> frame, Instant arrives);
  /// The frames that have arrived at a host. Their bytes are valid until the next call for the same
  /// host.
  std::span<const FrameIn> arrived(std::uint32_t host, Instant now);
  Instant next(std::uint32_t host) const {
    return flying_[host].empty() ? kNever : flying_[host].front().arrives;
  }
  std::uint64_t frames() const { return frames_; }

 private:
  struct Flying {
    Instant arrives;
    std::uint32_t slot;
    std::uint32_t length;
  };
  using Frame = std::array<std::byte, kFrameBytes>;

  void fly(std::uint32_t to, std::span<const std::byte> frame, Instant arrives, bool garbled);

  Dice dice_;
  std::uint32_t hosts_;
  Impairments impairments_;
  bool outside_hears_ = false;
  std::array<std::array<bool, kMaxHosts>, kMaxHosts> cut_{};
  std::array<std::deque<Flying>, kMaxHosts + 1> flying_;  // in the order of arrival
  std::deque<Frame> slots_;  // a deque, so that frames returned do not move
  std::vector<std::uint32_t> free_;
  std::array<std::vector<FrameIn>, kMaxHosts + 1> given_;
  std::array<std::vector<std::uint32_t>, kMaxHosts + 1> given_slots_;
  std::uint64_t frames_ = 0;
};

}  // namespace conker::sim
