#include "daemon/links/packet_filter.hpp"

#include <linux/if_ether.h>
#include <linux/in.h>

#include <algorithm>
#include <cstdint>

#include "stack/wire/ethernet.hpp"

namespace conker::daemon {
namespace {

constexpr std::uint32_t kWholeFrame = 0xffffffff;
constexpr std::size_t kMostRuns =
    600;  // of three instructions each, twice, of 4096 that the kernel accepts

// Offsets in an Ethernet frame with IPv4 or ARP.
constexpr std::uint32_t kDestinationHead = 0;  // 4 bytes
constexpr std::uint32_t kDestinationTail = 4;  // 2 bytes
constexpr std::uint32_t kEtherType = 12;
constexpr std::uint32_t kArpSender = 28;
constexpr std::uint32_t kIpProtocol = 23;
constexpr std::uint32_t kArpTarget = 38;
constexpr std::uint32_t kVlan = 14;  // the control information of a tag, if there is one

struct Run {
  std::uint32_t first;
  std::uint32_t last;
};

std::vector<Run> runs_of(const std::vector<Prefix>& addresses) {
  std::vector<std::uint32_t> sorted;
  for (const Prefix& address : addresses) {
    if (address.address.is_v4()) sorted.push_back(address.address.v4_bits());
  }
  std::sort(sorted.begin(), sorted.end());
  std::vector<Run> runs;
  for (const std::uint32_t bits : sorted) {
    if (!runs.empty() && bits - runs.back().last <= 1) {
      runs.back().last = bits;
    } else {
      runs.push_back({bits, bits});
    }
  }
  return runs;
}

sock_filter load(std::uint16_t size, std::uint32_t offset) {
  return BPF_STMT(static_cast<std::uint16_t>(BPF_LD | BPF_ABS | size), offset);
}

sock_filter jump(std::uint16_t test, std::uint32_t value, std::uint8_t if_true,
                 std::uint8_t if_false) {
  return BPF_JUMP(static_cast<std::uint16_t>(BPF_JMP | BPF_K | test), value, if_true, if_false);
}

sock_filter answer(std::uint32_t bytes) {
  return BPF_STMT(BPF_RET | BPF_K, bytes);
}

/// RFC 2464, 7: IPv6 multicast is sent to 33:33 and the last four bytes of the group. Accepts the
/// groups of ff02::1 and of ff02::1:ff00:0/104; other frames go on behind it.
void add_ipv6_groups(std::vector<sock_filter>& program) {
  constexpr std::uint32_t kAllNodesHead = 0x33330000, kAllNodesTail = 0x0001;
  constexpr std::uint32_t kFirstSolicited = 0x3333ff00, kLastSolicited = 0x3333ffff;
  program.insert(program.end(), {load(BPF_W, kDestinationHead), jump(BPF_JEQ, kAllNodesHead, 0, 2),
                                 load(BPF_H, kDestinationTail), jump(BPF_JEQ, kAllNodesTail, 2, 3),
                                 jump(BPF_JGE, kFirstSolicited, 0, 2),
                                 jump(BPF_JGT, kLastSolicited, 1, 0), answer(kWholeFrame)});
}

}  // namespace

std::vector<sock_filter> make_packet_filter(const config::Link& link) {
  const auto& m = link.mac.bytes;
  const std::uint32_t head =
      std::uint32_t{m[0]} << 24 | std::uint32_t{m[1]} << 16 | std::uint32_t{m[2]} << 8 | m[3];
  const std::uint32_t tail = std::uint32_t{m[4]} << 8 | m[5];
  std::vector<sock_filter> program;
  if (link.ipv6()) add_ipv6_groups(program);
  const std::initializer_list<sock_filter> ours_and_broadcast{
      // Frames for the link's MAC address, or
      load(BPF_W, kDestinationHead), jump(BPF_JEQ, head, 0, 3), load(BPF_H, kDestinationTail),
      jump(BPF_JEQ, tail, 0, 14), answer(kWholeFrame),
      // broadcast UDP, or
      jump(BPF_JEQ, 0xffffffff, 0, 12), load(BPF_H, kDestinationTail), jump(BPF_JEQ, 0xffff, 0, 10),
      load(BPF_H, kEtherType), jump(BPF_JEQ, ETH_P_ARP, 9, 0), jump(BPF_JEQ, ETH_P_IP, 0, 2),
      load(BPF_B, kIpProtocol), jump(BPF_JEQ, IPPROTO_UDP, 4, 5),
      // the same with a tag of VLAN 0 that the kernel has left in the frame (it removes the first
      // only), or
      jump(BPF_JEQ, ETH_P_8021Q, 1, 0), jump(BPF_JEQ, ETH_P_8021AD, 0, 3), load(BPF_H, kVlan),
      jump(BPF_JSET, kVlanMask, 1, 0), answer(kWholeFrame), answer(0),
      // ARP.
  };
  program.insert(program.end(), ours_and_broadcast);
  const std::vector<Run> runs = runs_of(link.addresses);
  if (link.dhcp || runs.size() > kMostRuns) {
    program.push_back(answer(kWholeFrame));
    return program;
  }
  // An ARP announcement (RFC 5227, 3): a neighbour's link address may have changed.
  program.insert(program.end(),
                 {load(BPF_W, kArpSender), BPF_STMT(BPF_MISC | BPF_TAX, 0), load(BPF_W, kArpTarget),
                  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 1), answer(kWholeFrame)});
  // A request for one of the addresses, or a packet from one (RFC 5227, 2.4).
  for (const std::uint32_t who : {kArpTarget, kArpSender}) {
    program.push_back(load(BPF_W, who));
    for (const Run& run : runs) {
      program.push_back(jump(BPF_JGE, run.first, 0, 2));
      program.push_back(jump(BPF_JGT, run.last, 1, 0));
      program.push_back(answer(kWholeFrame));
    }
  }
  program.push_back(answer(0));
  return program;
}

}  // namespace conker::daemon
