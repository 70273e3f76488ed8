// Target: the ICMP header.
#include <algorithm>
#include <vector>

#include "stack/wire/icmp4.hpp"
#include "tests/fuzz/found.hpp"

namespace conker::fuzz {

void run(Input input) {
  const auto message = parse_icmp4(input);
  if (!message) return;
  check(within(message->payload, input) && message->payload.size() + kIcmp4Header == input.size(),
        "the payload is the rest of the message");
  std::vector<std::byte> again(kIcmp4Header);
  emit_icmp4(*message, again);
  again.insert(again.end(), message->payload.begin(), message->payload.end());
  check(verify_icmp4_checksum(again), "a message is written with a wrong checksum");
  // All bytes but the checksum are equal: 0 and 0xffff are both right for some messages.
  check(std::ranges::equal(Input(again).first(2), input.first(2)) &&
            std::ranges::equal(Input(again).subspan(4), input.subspan(4)),
        "a message is not written as it was read");
  if (again[2] == input[2] && again[3] == input[3])
    check(verify_icmp4_checksum(input), "a right checksum is called wrong");
}

}  // namespace conker::fuzz
