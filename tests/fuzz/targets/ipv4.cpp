// Target: the IPv4 header and its options, whole and as ICMP quotes it.
#include "stack/wire/ipv4.hpp"

#include <algorithm>
#include <vector>

#include "tests/fuzz/found.hpp"

namespace conker::fuzz {
namespace {

bool same(const Ipv4Packet& a, const Ipv4Packet& b) {
  return a.source == b.source && a.destination == b.destination && a.protocol == b.protocol &&
         a.ttl == b.ttl && a.traffic_class == b.traffic_class &&
         a.identification == b.identification && a.dont_fragment == b.dont_fragment &&
         a.more_fragments == b.more_fragments && a.fragment_offset == b.fragment_offset &&
         std::ranges::equal(a.payload, b.payload);
}

void check_options(Input options) {
  const auto fault = check_ipv4_options(options);
  if (!fault) return;
  check(fault->at >= kIpv4HeaderMin && fault->at < kIpv4HeaderMin + options.size(),
        "an option at fault that is not in the header");
  const auto kind = options[fault->at - kIpv4HeaderMin];
  const bool route = kind == std::byte{131} || kind == std::byte{137};
  check(fault->source_route == false || route, "a source route where there is none");
}

}  // namespace

void run(Input input) {
  const auto quoted = parse_ipv4_quoted(input);
  const auto packet = parse_ipv4(input);
  check(!packet || quoted, "a whole packet that is not the beginning of one");
  if (quoted) {
    check(within(quoted->options, input) && within(quoted->payload, input),
          "more is read than there is");
    check(kIpv4HeaderMin + quoted->options.size() + quoted->payload.size() <= input.size(),
          "header and payload are longer than the packet");
    check_options(quoted->options);
  }
  if (!packet) return;
  check(same(*packet, *quoted), "whole and quoted, a packet is read in two ways");
  (void)verify_ipv4_checksum(input);

  std::vector<std::byte> again(kIpv4HeaderMin);
  emit_ipv4(*packet, packet->payload.size(), again);
  again.insert(again.end(), packet->payload.begin(), packet->payload.end());
  check(verify_ipv4_checksum(again), "a header is written with a wrong checksum");
  const auto reread = parse_ipv4(again);
  check(reread && reread->options.empty() && same(*packet, *reread),
        "a packet is not written as it was read");
}

}  // namespace conker::fuzz
