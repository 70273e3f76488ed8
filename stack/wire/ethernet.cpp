#include "stack/wire/ethernet.hpp"

#include "stack/wire/bytes.hpp"

namespace conker {
namespace {

constexpr std::size_t kDestination = 0, kSource = 6, kType = 12;

}  // namespace

std::optional<EthernetFrame> parse_ethernet(std::span<const std::byte> bytes) {
  if (bytes.size() < kEthernetHeader) return std::nullopt;
  return EthernetFrame{get_mac(bytes, kDestination), get_mac(bytes, kSource), get16(bytes, kType),
                       bytes.subspan(kEthernetHeader)};
}

void emit_ethernet(const EthernetFrame& frame, std::span<std::byte> out) {
  put_mac(out, kDestination, frame.destination);
  put_mac(out, kSource, frame.source);
  put16(out, kType, frame.type);
}

}  // namespace conker
