// Target: the Ethernet header.
#include "stack/wire/ethernet.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "tests/fuzz/found.hpp"

namespace conker::fuzz {
namespace {

std::uint16_t word(Input input, std::size_t at) {
  return static_cast<std::uint16_t>(std::to_integer<unsigned>(input[at]) << 8 |
                                    std::to_integer<unsigned>(input[at + 1]));
}

/// Bytes before the payload, with tags of VLAN 0; nothing when the frame is truncated.
std::optional<std::size_t> header_length(Input input) {
  std::size_t length = kEthernetHeader;
  for (std::size_t tags = 0; length <= input.size(); ++tags) {
    if (tags == kVlanTags || !is_vlan_tag(word(input, length - 2))) return length;
    if (length + kVlanTag > input.size()) break;
    if (word(input, length) % 0x1000 != 0) return length;
    length += kVlanTag;
  }
  return std::nullopt;
}

}  // namespace

void run(Input input) {
  const auto frame = parse_ethernet(input);
  const auto header = header_length(input);
  check(frame.has_value() == header.has_value(), "a frame is taken exactly when it is long enough");
  if (!frame) return;
  check(within(frame->payload, input) && frame->payload.size() + *header == input.size(),
        "the payload is the rest of the frame");
  check(frame->type == word(input, *header - 2), "the type is not that before the payload");
  std::array<std::byte, kEthernetHeader> again;
  emit_ethernet(*frame, again);
  check(*header != kEthernetHeader || std::ranges::equal(again, input.first(kEthernetHeader)),
        "an Ethernet header is not written as it was read");
}

}  // namespace conker::fuzz
