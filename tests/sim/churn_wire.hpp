// The wire of the churn: two arrays of frames, swapped every round. A frame is copied once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "stack/link/link.hpp"
#include "tests/sim/churn.hpp"
#include "tests/sim/dice.hpp"

namespace conker::sim {

/// Impairments, each a rate in 65536.
struct ChurnImpairments {
  std::uint32_t loss = 0, repeat = 0, overtake = 0, garble = 0;
};

class ChurnWire final : public Link {
 public:
  /// All frames from this port are lost.
  static constexpr std::uint16_t kSilentPort = 107;
  static constexpr std::size_t kFrameBytes = 704;
  static constexpr std::size_t kRoom = 2048;

  ChurnWire(std::uint64_t seed, const ChurnImpairments& impairments, ChurnFigures& figures)
      : dice_(seed), impairments_(impairments), figures_(figures), frames_(2 * kRoom) {}

  void join(ChurnWire& other) { other_ = &other; }
  /// The frames received from the other end in the last round; later ones are of the next round.
  std::span<const FrameIn> next_round();

  std::size_t receive(std::span<FrameIn>, Instant) override { return 0; }
  bool send(const FrameOut& frame, Instant now) override;

 private:
  using Frame = std::array<std::byte, kFrameBytes>;

  void arrive(std::span<const std::byte> front, const FrameOut& frame, bool garbled, bool checked);

  Dice dice_;
  ChurnImpairments impairments_;
  ChurnFigures& figures_;
  ChurnWire* other_ = nullptr;
  std::vector<Frame> frames_;
  std::array<std::array<FrameIn, kRoom>, 2> rounds_{};
  std::array<std::size_t, 2> count_{};
  std::size_t filling_ = 0;
};

}  // namespace conker::sim
