#include "tests/sim/churn_wire.hpp"

#include <cstring>
#include <utility>

#include "tests/sim/frames.hpp"

namespace conker::sim {

namespace {

constexpr std::size_t kSourcePort = kEthernet + kIp;

}  // namespace

std::span<const FrameIn> ChurnWire::next_round() {
  const std::size_t filled = filling_;
  filling_ ^= 1;
  count_[filling_] = 0;
  return std::span(rounds_[filled]).first(count_[filled]);
}

void ChurnWire::arrive(std::span<const std::byte> front, const FrameOut& frame, bool garbled,
                       bool checked) {
  std::size_t& count = count_[filling_];
  if (count == kRoom) return;
  Frame& copy = frames_[filling_ * kRoom + count];
  std::memcpy(copy.data(), front.data(), front.size());
  std::size_t length = front.size();
  for (const auto part : frame.parts.subspan(1)) {
    std::memcpy(copy.data() + length, part.data(), part.size());
    length += part.size();
  }
  if (garbled) {
    const std::size_t bit =
        kEthernet * 8 + dice_.below(static_cast<std::uint32_t>((length - kEthernet) * 8));
    copy[bit / 8] ^= std::byte{1} << bit % 8;
  }
  rounds_[filling_][count] = {
      std::span<const std::byte>(copy).first(length),
      garbled || checked ? ChecksumState::kUnknown : ChecksumState::kVouched};
  ++count;
}

bool ChurnWire::send(const FrameOut& frame, Instant) {
  const auto front = frame.parts[0];
  const bool ip = front[12] == std::byte{8} && front[13] == std::byte{0};
  ++figures_.segments;
  // One random number decides: 16 bits for each impairment, and for one frame in 16 that its
  // checksum is to be verified.
  const std::uint64_t fate = dice_();
  const auto part = [fate](unsigned shift) {
    return static_cast<std::uint32_t>(fate >> shift & 0xffff);
  };
  if (ip && front.size() > kSourcePort + 1) {
    const auto port = std::to_integer<std::uint16_t>(front[kSourcePort]) << 8 |
                      std::to_integer<std::uint16_t>(front[kSourcePort + 1]);
    if (port == kSilentPort) return true;
  }
  if (part(0) < impairments_.loss) {
    ++figures_.lost;
    return true;
  }
  const bool garbled = ip && part(16) < impairments_.garble;
  figures_.garbled += garbled ? 1 : 0;
  other_->arrive(front, frame, garbled, part(32) % 16 == 0);
  if (part(32) < impairments_.repeat) {
    ++figures_.repeated;
    other_->arrive(front, frame, false, false);
  }
  std::size_t& count = other_->count_[other_->filling_];
  if (part(48) < impairments_.overtake && count > 1) {
    ++figures_.overtaken;
    auto& round = other_->rounds_[other_->filling_];
    std::swap(round[count - 1], round[count - 2]);
  }
  return true;
}

}  // namespace conker::sim
