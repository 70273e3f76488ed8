// Target: the UDP header.
#include "stack/wire/udp.hpp"

#include <algorithm>
#include <vector>

#include "tests/fuzz/found.hpp"

namespace conker::fuzz {

void run(Input input) {
  constexpr IpAddress kFrom = IpAddress::v4(10, 0, 0, 1), kTo = IpAddress::v4(10, 0, 0, 2);
  const auto datagram = parse_udp(input);
  if (!datagram) return;
  check(within(datagram->payload, input) && datagram->payload.size() + kUdpHeader <= input.size(),
        "the payload is longer than the datagram");
  (void)verify_udp_checksum(input, kFrom, kTo);
  std::vector<std::byte> again(kUdpHeader);
  emit_udp(*datagram, kFrom, kTo, again);
  again.insert(again.end(), datagram->payload.begin(), datagram->payload.end());
  check(again[6] != std::byte{0} || again[7] != std::byte{0}, "a datagram without a checksum");
  check(verify_udp_checksum(again, kFrom, kTo), "a datagram is written with a wrong checksum");
  check(std::ranges::equal(Input(again).first(6), input.first(6)) &&
            std::ranges::equal(Input(again).subspan(kUdpHeader), datagram->payload),
        "a datagram is not written as it was read");
}

}  // namespace conker::fuzz
