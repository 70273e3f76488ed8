// The Ethernet header.
#include "stack/wire/ethernet.hpp"

#include <algorithm>
#include <array>

#include "tests/fuzz/found.hpp"

namespace conker::fuzz {

void run(Input input) {
  const auto frame = parse_ethernet(input);
  check(frame.has_value() == (input.size() >= kEthernetHeader),
        "a frame is taken exactly when it is long enough");
  if (!frame) return;
  check(within(frame->payload, input) && frame->payload.size() + kEthernetHeader == input.size(),
        "the payload is the rest of the frame");
  std::array<std::byte, kEthernetHeader> again;
  emit_ethernet(*frame, again);
  check(std::ranges::equal(again, input.first(kEthernetHeader)),
        "an Ethernet header is not written as it was read");
}

}  // namespace conker::fuzz
