// Target: the IPv6 header and the chain of extension headers, whole and as ICMP quotes it.
#include "stack/wire/ipv6.hpp"

#include <algorithm>
#include <vector>

#include "stack/wire/ipv6_chain.hpp"
#include "tests/fuzz/found.hpp"

namespace conker::fuzz {
namespace {

bool same(const Ipv6Packet& a, const Ipv6Packet& b) {
  return a.source == b.source && a.destination == b.destination && a.next_header == b.next_header &&
         a.hop_limit == b.hop_limit && a.traffic_class == b.traffic_class &&
         a.flow_label == b.flow_label && std::ranges::equal(a.payload, b.payload);
}

void check_chain(const Ipv6Packet& packet, Input input) {
  const Ipv6Chain chain = walk_ipv6(packet);
  check(within(chain.payload, input), "the walk reads more than there is");
  if (chain.problem) {
    check(chain.problem->report == Ipv6Problem::Report::kSilent ||
              chain.problem->pointer < kIpv6Header + packet.payload.size(),
          "a problem that is not in the packet");
    return;
  }
  check(chain.extensions <= kMostIpv6Extensions, "more headers than are accepted");
  check(chain.payload_at - kIpv6Header + chain.payload.size() == packet.payload.size(),
        "the payload is not the rest of the packet");
  const bool is_whole = !chain.fragment || chain.fragment->is_atomic();
  check(!is_whole || !is_ipv6_extension(chain.next_header) || chain.next_header == kIpv6HopByHop,
        "the walk ends too soon");
  if (is_whole) return;
  check(!walk_ipv6_behind(chain, chain.payload).fragment->is_atomic(),
        "a fragment's own header is forgotten");
}

}  // namespace

void run(Input input) {
  const auto quoted = parse_ipv6_quoted(input);
  const auto packet = parse_ipv6(input);
  check(!packet || quoted, "a whole packet that is not the beginning of one");
  if (quoted) {
    check(within(quoted->payload, input), "more is read than there is");
    check(!quoted->source.is_v4() && !quoted->destination.is_v4() && quoted->source.zone() == 0 &&
              quoted->destination.zone() == 0,
          "an address that is not sent");
    check_chain(*quoted, input);
  }
  if (!packet) return;
  check(same(*packet, *quoted), "whole and quoted, a packet is read in two ways");

  std::vector<std::byte> again(kIpv6Header);
  emit_ipv6(*packet, packet->payload.size(), again);
  again.insert(again.end(), packet->payload.begin(), packet->payload.end());
  check(std::ranges::equal(again, input.first(again.size())),
        "a packet is not written as it was read");
}

}  // namespace conker::fuzz
