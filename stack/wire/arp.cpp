#include "stack/wire/arp.hpp"

#include "stack/wire/bytes.hpp"
#include "stack/wire/ethernet.hpp"

namespace conker {
namespace {

constexpr std::size_t kHardwareType = 0, kProtocolType = 2, kHardwareLength = 4,
                      kProtocolLength = 5, kOperation = 6, kSenderMac = 8, kSender = 14,
                      kTargetMac = 18, kTarget = 24;

constexpr std::uint16_t kEthernet = 1;
constexpr std::uint8_t kMacLength = 6, kIpv4Length = 4;

}  // namespace

std::optional<ArpPacket> parse_arp(std::span<const std::byte> bytes) {
  if (bytes.size() < kArpLength) return std::nullopt;
  if (get16(bytes, kHardwareType) != kEthernet || get16(bytes, kProtocolType) != kEtherTypeIpv4 ||
      get8(bytes, kHardwareLength) != kMacLength || get8(bytes, kProtocolLength) != kIpv4Length) {
    return std::nullopt;
  }
  const std::uint16_t operation = get16(bytes, kOperation);
  if (operation != 1 && operation != 2) return std::nullopt;
  return ArpPacket{static_cast<ArpPacket::Operation>(operation), get_mac(bytes, kSenderMac),
                   get_ipv4(bytes, kSender), get_mac(bytes, kTargetMac), get_ipv4(bytes, kTarget)};
}

void emit_arp(const ArpPacket& packet, std::span<std::byte> out) {
  put16(out, kHardwareType, kEthernet);
  put16(out, kProtocolType, kEtherTypeIpv4);
  put8(out, kHardwareLength, kMacLength);
  put8(out, kProtocolLength, kIpv4Length);
  put16(out, kOperation, static_cast<std::uint16_t>(packet.operation));
  put_mac(out, kSenderMac, packet.sender_mac);
  put_ipv4(out, kSender, packet.sender);
  put_mac(out, kTargetMac, packet.target_mac);
  put_ipv4(out, kTarget, packet.target);
}

}  // namespace conker
