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
  frame.type = get16(bytes, kType);
  frame.payload = bytes.subspan(kEthernetHeader);
  return parsed;
}

void emit_ethernet(const EthernetFrame& frame, std::span<std::byte> out) {
  put_mac(out, kDestination, frame.destination);
  put_mac(out, kSource, frame.source);
  put16(out, kType, frame.type);
}

}  // namespace conker
