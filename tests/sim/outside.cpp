#include "tests/sim/outside.hpp"

#include "tests/sim/frames.hpp"
#include "tests/sim/stations.hpp"

namespace conker::sim {
namespace {

constexpr Duration kPingEvery = 500ms;  // by then the previous one is answered

std::uint32_t get16(std::span<const std::byte> b, std::size_t at) {
  return std::to_integer<std::uint32_t>(b[at]) << 8 | std::to_integer<std::uint32_t>(b[at + 1]);
}

}  // namespace

Instant Outside::next() const {
  return std::min(
      {context_.wire.next(Wire::kOutside), pinging_ ? next_ping_ : kNever, hostile_.next()});
}

void Outside::stop() {
  pinging_ = false;
  hostile_.stop();
}

void Outside::step() {
  for (const FrameIn& frame : context_.wire.arrived(Wire::kOutside, context_.now))
    hear(frame.bytes);
  if (pinging_ && next_ping_ <= context_.now) ping();
  hostile_.step();
}

void Outside::hear(std::span<const std::byte> frame) {
  constexpr std::size_t kIcmp = kEthernet + kIp;
  const std::uint32_t kind = get16(frame, 12);
  const std::uint32_t from = std::to_integer<std::uint32_t>(frame[11]) - 1;
  if (kind == 0x0806 && frame.size() >= 42) {
    // The target of an ARP request, if it is a station.
    const auto asked = std::to_integer<std::uint8_t>(frame[41]);
    const bool ours = (asked >= kFirstHostile && asked < kFirstHostile + kHostiles) ||
                      asked == kPinger || asked == kRouter;
    if (!ours || get16(frame, 38) != 0x0a00) return;
    if (const auto answer = test::answer_arp(frame, mac_of_station(asked))) {
      context_.wire.inject(from, *answer, context_.now);
    }
    return;
  }
  if (kind != 0x0800 || frame.size() < kIcmp + 8) return;
  const auto protocol = std::to_integer<std::uint8_t>(frame[kEthernet + 9]);
  const auto to = std::to_integer<std::uint8_t>(frame[5]);
  if (protocol == 1 && to == kPinger && from < answered_.size() && frame[kIcmp] == std::byte{0}) {
    answered_[from] |= get16(frame, kIcmp + 6) == number_;
  }
  if (protocol == 6 && to >= kFirstHostile && to < kFirstHostile + kHostiles)
    hostile_.hear(from, frame);
}

void Outside::ping() {
  for (std::uint32_t host = 0; host < context_.config.hosts; ++host) {
    if (number_ > 0 && !answered_[host])
      context_.fail(static_cast<int>(host), "a ping is not answered in time");
  }
  ++number_;
  answered_ = {};
  next_ping_ = context_.now + kPingEvery;
  for (std::uint32_t host = 0; host < context_.config.hosts; ++host) {
    context_.wire.inject(host, ping_frame(host, number_), context_.now);
  }
}

}  // namespace conker::sim
