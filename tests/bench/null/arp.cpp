#include "tests/bench/null/arp.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <stdexcept>

#include "stack/wire/arp.hpp"
#include "stack/wire/ethernet.hpp"

namespace conker::null {
namespace {

std::optional<ArpPacket> parse(std::span<const std::byte> frame) {
  const auto ethernet = parse_ethernet(frame);
  if (!ethernet || ethernet->type != kEtherTypeArp) return std::nullopt;
  return parse_arp(ethernet->payload);
}

void emit(const ArpPacket& packet, const MacAddress& to, FrameBuffer& buffer) {
  buffer.set_offload({});
  emit_ethernet({to, packet.sender_mac, kEtherTypeArp, {}}, buffer.frame());
  emit_arp(packet, buffer.frame().subspan(kEthernetHeader));
}

}  // namespace

bool answer_arp(FrameBuffer& buffer, std::size_t length, std::span<const std::uint32_t> addresses,
                const MacAddress& ours) {
  const auto asked = parse(buffer.frame().first(length));
  if (!asked || asked->operation != ArpPacket::Operation::kRequest ||
      std::ranges::find(addresses, asked->target.v4_bits()) == addresses.end()) {
    return false;
  }
  emit({ArpPacket::Operation::kReply, ours, asked->target, asked->sender_mac, asked->sender},
       asked->sender_mac, buffer);
  return true;
}

void greet(const Tap& tap, const peer::StopSignal& stop, const MacAddress& ours,
           std::span<const std::uint32_t> addresses, std::uint32_t target) {
  using Clock = std::chrono::steady_clock;
  const auto give_up = Clock::now() + std::chrono::seconds(5);
  FrameBuffer buffer;
  for (const std::uint32_t address : addresses) {
    for (bool answered = false; !answered && !stop.stopped();) {
      if (Clock::now() > give_up)
        throw std::runtime_error("the target does not answer ARP on the device");
      emit(
          {ArpPacket::Operation::kRequest, ours, IpAddress::v4(address), {}, IpAddress::v4(target)},
          MacAddress::broadcast(), buffer);
      tap.write(buffer, kArpFrame);
      tap.wait(stop, std::chrono::milliseconds(10));
      while (const std::size_t length = tap.read(buffer)) {
        const auto heard = parse(buffer.frame().first(length));
        answered |= heard && heard->operation == ArpPacket::Operation::kReply &&
                    heard->target == IpAddress::v4(address);
      }
    }
  }
}

}  // namespace conker::null
