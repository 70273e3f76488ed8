// Target: DHCPv6 messages with their options.
#include "stack/wire/dhcp6.hpp"

#include <array>

#include "tests/fuzz/found.hpp"

namespace conker::fuzz {

void run(Input input) {
  constexpr MacAddress kOurs{{2, 0, 0, 0, 0, 2}};
  constexpr std::uint32_t kAssociation = 1;
  const auto message = parse_dhcp6(input, kOurs, kAssociation);
  if (!message) return;
  check(message->type == Dhcp6Type::kAdvertise || message->type == Dhcp6Type::kReply,
        "a type that no server sends");
  check(message->server.length >= 3 && message->server.length <= Dhcp6Identifier::kMost,
        "an identifier of a wrong length");
  check(message->dns_count <= Dhcp6Message::kMostServers, "more servers than there is room for");
  for (std::uint8_t i = 0; i < message->dns_count; ++i)
    check(names_a_host(message->dns[i]) && !message->dns[i].is_v4(), "a server that is no host");
  if (message->association) {
    const Dhcp6Association& association = *message->association;
    check(association.count <= Dhcp6Association::kMost, "more addresses than there is room for");
    check(association.rebind == 0 || association.renew <= association.rebind, "T1 beyond T2");
    for (const Dhcp6Address& one : association.all()) {
      check(names_a_host(one.address) && !one.address.is_v4() && !one.address.is_link_local(),
            "an address that cannot be assigned");
      check(one.preferred <= one.valid, "preferred beyond valid");
    }
  }

  // Write the parsed values as a client would, and parse them as if a server had written them.
  std::array<std::byte, kDhcp6MostBytes> bytes;
  const std::size_t length = emit_dhcp6(*message, kAssociation, bytes);
  check(length <= kDhcp6MostBytes, "a message that is too long");
  const auto again = parse_dhcp6(std::span(bytes).first(length), kOurs, kAssociation);
  check(again && again->type == message->type && again->transaction == message->transaction &&
            again->server == message->server && again->skipped == 0 &&
            again->association.has_value() == message->association.has_value(),
        "a message is not written as it was read");
  if (!message->association) return;
  const Dhcp6Association &read = *message->association, &reread = *again->association;
  check(read.renew == reread.renew && read.rebind == reread.rebind &&
            (read.count == 0) == (reread.count == 0),
        "an association is not written as it was read");
  if (read.count == 0) return;
  check(read.addresses[0].address == reread.addresses[0].address &&
            read.addresses[0].preferred == reread.addresses[0].preferred &&
            read.addresses[0].valid == reread.addresses[0].valid,
        "an address is not written as it was read");
}

}  // namespace conker::fuzz
