// Target: ICMP messages of IPv6, with those of neighbour discovery and of multicast listeners. The
// first two bytes say from where and how the message has come.
#include "stack/wire/icmp6.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "stack/wire/mld.hpp"
#include "stack/wire/ndp.hpp"
#include "tests/fuzz/found.hpp"

namespace conker::fuzz {
namespace {

constexpr IpAddress kLinkLocal{{0xfe800000, 0, 0, 1}}, kGlobal{{0x20010db8, 0, 0, 2}};

bool is_network(const Prefix& prefix) {
  return prefix.length <= 128 && prefix.network() == prefix.address &&
         !prefix.address.is_multicast();
}

void check_options(const NdpOptions& options, Input input) {
  for (const NdpOption option : options) {
    check(within(option.body, input), "an option reaches past the message");
    if (const auto prefix = parse_prefix_information(option))
      check(is_network(prefix->prefix), "a prefix that is none");
    if (const auto route = parse_route_information(option))
      check(is_network(route->prefix), "a route to nowhere");
    if (const auto servers = parse_rdnss(option)) {
      check(servers->count() > 0, "a list without servers");
      for (std::size_t i = 0; i < servers->count(); ++i) {
        const auto address = servers->address(i);
        check(!address || names_a_host(*address), "a server that is no host");
      }
    }
    if (const auto names = parse_dnssl(option))
      check(within(names->names, input), "names reach past the message");
    if (const auto mac = parse_link_address(option))
      check(!mac->is_group(), "a neighbour that is a group");
  }
}

void check_neighbours(const Icmp6Message& message, const Ipv6Packet& packet, Input input) {
  std::array<std::byte, kNdpMostBytes> out;
  const auto read_again = [&](std::size_t length) {
    check(length <= out.size() && verify_icmp6_checksum(std::span(out).first(length), packet.source,
                                                        packet.destination),
          "a message is written with a wrong checksum");
    return *parse_icmp6(std::span(out).first(length));
  };
  if (const auto parsed = parse_neighbour_solicitation(message, packet)) {
    const auto again = parse_neighbour_solicitation(
        read_again(emit_neighbour_solicitation(*parsed, packet.source, packet.destination, out)),
        packet);
    check(again && again->target == parsed->target && again->source_link == parsed->source_link &&
              again->nonce == parsed->nonce,
          "a solicitation is not written as it was read");
  }
  if (const auto parsed = parse_neighbour_advertisement(message, packet)) {
    const auto again = parse_neighbour_advertisement(
        read_again(emit_neighbour_advertisement(*parsed, packet.source, packet.destination, out)),
        packet);
    check(again && again->target == parsed->target && again->router == parsed->router &&
              again->solicited == parsed->solicited &&
              again->override_entry == parsed->override_entry &&
              again->target_link == parsed->target_link,
          "an advertisement is not written as it was read");
  }
  if (const auto parsed = parse_router_solicitation(message, packet)) {
    const auto again = parse_router_solicitation(
        read_again(emit_router_solicitation(*parsed, packet.source, packet.destination, out)),
        packet);
    check(again && again->source_link == parsed->source_link,
          "a solicitation of routers is not written as it was read");
  }
  if (const auto parsed = parse_router_advertisement(message, packet))
    check_options(parsed->options, input);
  if (const auto parsed = parse_redirect(message, packet))
    check(!parsed->destination.is_multicast() && !parsed->target.is_v4(), "a redirect to nobody");
}

}  // namespace

void run(Input input) {
  if (input.size() < 2) return;
  const auto how = std::to_integer<unsigned>(input[0]);
  Ipv6Packet packet;
  packet.source = (how & 3) == 0 ? IpAddress() : (how & 3) == 1 ? kGlobal : kLinkLocal;
  packet.destination = (how & 4) != 0   ? kGlobal
                       : (how & 8) != 0 ? solicited_node(kGlobal)
                                        : kAllNodes;
  packet.hop_limit = std::to_integer<std::uint8_t>(input[1]);
  const Input bytes = input.subspan(2);
  const auto message = parse_icmp6(bytes);
  if (!message) return;
  check(within(message->payload, bytes) && message->payload.size() + kIcmp6Header == bytes.size(),
        "the payload is the rest of the message");
  std::vector<std::byte> again(kIcmp6Header);
  emit_icmp6(*message, packet.source, packet.destination, again);
  again.insert(again.end(), message->payload.begin(), message->payload.end());
  check(verify_icmp6_checksum(again, packet.source, packet.destination),
        "a message is written with a wrong checksum");
  check(std::ranges::equal(Input(again).first(2), bytes.first(2)) &&
            std::ranges::equal(Input(again).subspan(4), bytes.subspan(4)),
        "a message is not written as it was read");
  check_neighbours(*message, packet, bytes);
  const auto query = parse_mld_query(*message, packet, (how & 16) != 0);
  check(!query || query->sources * 16 <= bytes.size(), "more sources than there are");
}

}  // namespace conker::fuzz
