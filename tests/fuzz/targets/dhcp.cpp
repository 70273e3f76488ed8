// Target: DHCP messages with their options.
#include "stack/wire/dhcp.hpp"

#include <array>

#include "tests/fuzz/found.hpp"

namespace conker::fuzz {

void run(Input input) {
  constexpr MacAddress kOurs{{2, 0, 0, 0, 0, 2}};
  const auto message = parse_dhcp(input, kOurs);
  if (!message) return;
  check(message->mask <= 32 && message->dns_count <= DhcpMessage::kMostServers,
        "more than there can be");
  check(message->type >= DhcpType::kDiscover && message->type <= DhcpType::kRelease,
        "a type that is none");

  // Write the parsed values as a client would, and parse them as if a server had written them.
  std::array<std::byte, kDhcpMostBytes> bytes;
  const std::size_t length = emit_dhcp(*message, 1472, bytes);
  check(length >= 300 && length <= kDhcpMostBytes, "a message of a wrong length");
  bytes[0] = std::byte{2};
  const auto again = parse_dhcp(std::span(bytes).first(length), message->hardware);
  check(again && again->type == message->type && again->transaction == message->transaction &&
            again->seconds == message->seconds && again->broadcast == message->broadcast &&
            again->hardware == message->hardware && again->client == message->client,
        "a message is not written as it was read");
  const auto option_kept = [](const IpAddress& read, const IpAddress& reread) {
    return read == reread || (read.is_unspecified() && reread.is_unspecified());
  };
  check(option_kept(message->server, again->server) &&
            option_kept(message->requested, again->requested),
        "an option is not written as it was read");
}

}  // namespace conker::fuzz
