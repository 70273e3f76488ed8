#include "tests/sim/wire.hpp"

#include <algorithm>
#include <cstring>

#include "tests/sim/frames.hpp"

namespace conker::sim {
namespace {

// ARP frames are not corrupted: a flipped bit would give a host a wrong link address for a minute,
// which a real wire's CRC prevents.
bool is_ip(std::span<const std::byte> frame) {
  return frame.size() > kEthernet && frame[12] == std::byte{8} && frame[13] == std::byte{0};
}

}  // namespace

const char* to_string(Fate fate) {
  switch (fate) {
    case Fate::kArrives:
      return "";
    case Fate::kLost:
      return " (lost)";
    case Fate::kCut:
      return " (cut)";
    case Fate::kGarbled:
      return " (garbled)";
    case Fate::kTwice:
      return " (twice)";
    case Fate::kNobody:
      return " (to nobody)";
  }
  return "";
}

void Wire::fly(std::uint32_t to, std::span<const std::byte> frame, Instant arrives, bool garbled) {
  auto& queue = flying_[to];
  if (queue.size() >= (to == kOutside ? kOutsideQueue : kQueue)) return;
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  std::memcpy(slots_[slot].data(), frame.data(), frame.size());
  if (garbled) {
    const auto bits = static_cast<std::uint32_t>((frame.size() - kEthernet) * 8);
    const std::size_t bit = kEthernet * 8 + dice_.below(bits);
    slots_[slot][bit / 8] ^= std::byte{1} << bit % 8;
  }
  auto place = queue.end();
  while (place != queue.begin() && std::prev(place)->arrives > arrives) --place;
  queue.insert(place, Flying{arrives, slot, static_cast<std::uint32_t>(frame.size())});
}

Fate Wire::send(std::uint32_t from, std::span<const std::byte> frame, Instant now) {
  ++frames_;
  const auto happens = [this](std::uint32_t rate) { return dice_.per_mille(rate); };
  const bool broadcast = (frame[0] & std::byte{1}) != std::byte{};
  const std::uint32_t one = std::to_integer<std::uint32_t>(frame[5]) - 1;
  const bool outside = frame[4] == std::byte{9};
  if (outside_hears_ && (broadcast || outside)) {
    fly(kOutside, frame, now + Duration(std::max(impairments_.delay_us, 1u)), false);
    if (!broadcast) return Fate::kArrives;
  }
  if (!broadcast && (outside || one >= hosts_)) return Fate::kNobody;
  Fate fate = Fate::kArrives;
  for (std::uint32_t to = 0; to < hosts_; ++to) {
    if (to == from || (!broadcast && to != one)) continue;
    if (cut_[from][to]) {
      fate = Fate::kCut;
      continue;
    }
    if (happens(impairments_.loss)) {
      fate = Fate::kLost;
      continue;
    }
    const bool garbled = is_ip(frame) && happens(impairments_.garble);
    const int copies = happens(impairments_.duplicate) ? 2 : 1;
    if (copies == 2) fate = Fate::kTwice;
    if (garbled) fate = Fate::kGarbled;
    for (int i = 0; i < copies; ++i) {
      std::uint32_t us = std::max(impairments_.delay_us, 1u);
      if (impairments_.jitter_us > 0) us += dice_.below(impairments_.jitter_us);
      if (happens(impairments_.reorder)) us *= 3;
      fly(to, frame, now + Duration(us), garbled && i == 0);
    }
  }
  return fate;
}

void Wire::inject(std::uint32_t to, std::span<const std::byte> frame, Instant arrives) {
  fly(to, frame, arrives, false);
}

void Wire::inject_burst(std::uint32_t to, std::span<const std::byte> frame, Instant arrives) {
  if (flying_[to].size() < kQueue / 2) inject(to, frame, arrives);
}

std::span<const FrameIn> Wire::arrived(std::uint32_t host, Instant now) {
  for (const std::uint32_t slot : given_slots_[host]) free_.push_back(slot);
  given_slots_[host].clear();
  given_[host].clear();
  auto& queue = flying_[host];
  while (!queue.empty() && queue.front().arrives <= now) {
    const Flying& f = queue.front();
    given_[host].push_back({std::span(slots_[f.slot]).first(f.length), ChecksumState::kUnknown});
    given_slots_[host].push_back(f.slot);
    queue.pop_front();
  }
  return given_[host];
}

}  // namespace conker::sim
