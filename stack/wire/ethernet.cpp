#include "stack/wire/ethernet.hpp"

#include "stack/wire/bytes.hpp"

namespace conker {
namespace {

constexpr std::size_t kDestination = 0, kSource = 6, kType = 12;

}  // namespace

std::optional<EthernetFrame> parse_ethernet(std::span<const std::byte> bytes) {
  std::optional<EthernetFrame> parsed;  // filled in place
  if (bytes.size() < kEthernetHeader) return parsed;
  EthernetFrame& frame = parsed.emplace();
  frame.destination = get_mac(bytes, kDestination);
  frame.source = get_mac(bytes, kSource);
  std::size_t type = kType;
  frame.type = get16(bytes, type);
  // Per IEEE 802.1Q, 6.9.1, a tag of VLAN 0 carries a priority only; its frame belongs to the
  // untagged network.
  for (std::size_t tags = 0; tags < kVlanTags && is_vlan_tag(frame.type); ++tags) {
    if (bytes.size() < type + kVlanTag + 2) {
      parsed.reset();
      return parsed;
    }
    if ((get16(bytes, type + 2) & kVlanMask) != 0) break;
    type += kVlanTag;
    frame.type = get16(bytes, type);
  }
  frame.payload = bytes.subspan(type + 2);
  return parsed;
}

void emit_ethernet(const EthernetFrame& frame, std::span<std::byte> out) {
  put_mac(out, kDestination, frame.destination);
  put_mac(out, kSource, frame.source);
  put16(out, kType, frame.type);
}

}  // namespace conker
