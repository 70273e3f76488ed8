// Target: ARP packets.
#include "stack/wire/arp.hpp"

#include <algorithm>
#include <array>

#include "tests/fuzz/found.hpp"

namespace conker::fuzz {

void run(Input input) {
  const auto packet = parse_arp(input);
  if (!packet) return;
  check(input.size() >= kArpLength, "an ARP packet was read that is cut short");
  std::array<std::byte, kArpLength> again;
  emit_arp(*packet, again);
  check(std::ranges::equal(again, input.first(kArpLength)),
        "an ARP packet is not written as it was read");
}

}  // namespace conker::fuzz
