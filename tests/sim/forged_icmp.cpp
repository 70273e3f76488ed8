#include "tests/sim/forged.hpp"
#include "tests/sim/frames.hpp"
#include "tests/sim/stations.hpp"

namespace conker::sim {
namespace {

constexpr std::size_t kIcmp = kEthernet + kIp;
constexpr std::size_t kQuotedIp = kIcmp + 8, kQuotedTcp = kQuotedIp + kIp;
constexpr std::uint8_t kUnreachable = 3, kFragmentationNeeded = 4;

std::uint32_t not_in_flight(const Mark& mark, Dice& dice) {
  constexpr std::uint32_t kBeyond = 1u << 24;
  return dice.one_in(2) ? mark.snd_una - 1 - dice.below(1u << 30)
                        : mark.snd_nxt + kBeyond + dice.below(1u << 28);
}

test::Bytes about(const Mark& mark, std::uint32_t sequence, std::uint8_t code, std::uint16_t mtu,
                  Dice& dice) {
  test::WireSegment quoted;
  quoted.source = mark.tuple.local;
  quoted.destination = mark.tuple.remote;
  quoted.source_port = mark.tuple.local_port.value;
  quoted.destination_port = mark.tuple.remote_port.value;
  quoted.seq = sequence;
  quoted.flags = test::kAck;
  const auto router = IpAddress::v4(192, 0, 2, static_cast<std::uint8_t>(100 + dice.below(100)));
  // The encoder reverses the quoted frame: from the victim to the router that all frames from
  // outside come from.
  const auto frame =
      test::encode(quoted, mac_of_host(number_of_host(mark.tuple.local)), kRouterMac);
  return test::encode_unreachable(frame, code, router, mtu);
}

}  // namespace

test::Bytes forge_icmp(const Mark& mark, bool numbers, Dice& dice) {
  auto type = static_cast<std::uint8_t>(dice.one_in(2) ? kUnreachable : dice.below(20));
  if (type == 8) type = 0;  // an echo request is no forgery
  const auto code = static_cast<std::uint8_t>(dice.below(16));
  const bool too_big = type == kUnreachable && code == kFragmentationNeeded;
  const bool syn_sent = mark.record == Mark::Record::kConnection && mark.state == State::kSynSent;
  const bool in_flight =
      numbers && !too_big && !syn_sent && mark.snd_nxt != mark.snd_una && dice.one_in(2);
  auto frame = about(mark, in_flight ? mark.snd_una : not_in_flight(mark, dice), code,
                     dice.of<std::uint16_t>({0, 68, 576, 1400, 9000}), dice);
  frame[kIcmp] = std::byte{type};
  if (dice.one_in(8)) frame[kQuotedIp + 9] = static_cast<std::byte>(dice.of({1u, 17u, 41u, 255u}));
  if (dice.one_in(8)) frame[kQuotedTcp + dice.below(4)] ^= std::byte{1};  // another port
  if (dice.one_in(8)) {
    frame.resize(kIcmp + 4 + dice.below(static_cast<std::uint32_t>(frame.size() - kIcmp - 4)));
    put16(frame, kEthernet + 2, static_cast<std::uint32_t>(frame.size() - kEthernet));
    put16(frame, kEthernet + 10, 0);
    put16(frame, kEthernet + 10, checksum(std::span(frame).subspan(kEthernet, kIp)));
  }
  put16(frame, kIcmp + 2, 0);
  put16(frame, kIcmp + 2, checksum(std::span(frame).subspan(kIcmp)));
  return frame;
}

test::Bytes forge_too_big(const Mark& mark, Dice& dice) {
  const auto mtu = static_cast<std::uint16_t>(
      dice.one_in(2) ? dice.of({0u, 68u, 552u, 576u, 1280u, 1499u}) : dice());
  return about(mark, not_in_flight(mark, dice), kFragmentationNeeded, mtu, dice);
}

}  // namespace conker::sim
