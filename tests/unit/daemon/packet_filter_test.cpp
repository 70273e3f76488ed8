// The packet filter, run by a small interpreter of its instructions.
#include "daemon/links/packet_filter.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace conker::daemon {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr MacAddress kOurs{{2, 0, 0, 0, 0, 9}};

/// Bytes of the frame that the kernel would deliver; 0 for none. A load beyond the frame drops it,
/// as in the kernel.
std::uint32_t run(const std::vector<sock_filter>& program, const Bytes& frame) {
  std::uint32_t a = 0, x = 0;
  for (std::size_t pc = 0; pc < program.size(); ++pc) {
    const sock_filter& i = program[pc];
    const auto load = [&](std::size_t size) {
      a = 0;
      for (std::size_t n = 0; n < size; ++n) a = a << 8 | frame[i.k + n];
    };
    switch (i.code) {
      case BPF_LD | BPF_ABS | BPF_W:
      case BPF_LD | BPF_ABS | BPF_B:
      case BPF_LD | BPF_ABS | BPF_H: {
        const std::size_t size = BPF_SIZE(i.code) == BPF_B ? 1 : BPF_SIZE(i.code) == BPF_H ? 2 : 4;
        if (i.k + size > frame.size()) return 0;
        load(size);
        break;
      }
      case BPF_JMP | BPF_JA:
        pc += i.k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        pc += a == i.k ? i.jt : i.jf;
        break;
      case BPF_JMP | BPF_JEQ | BPF_X:
        pc += a == x ? i.jt : i.jf;
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        pc += (a & i.k) != 0 ? i.jt : i.jf;
        break;
      case BPF_MISC | BPF_TAX:
        x = a;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        pc += a >= i.k ? i.jt : i.jf;
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        pc += a > i.k ? i.jt : i.jf;
        break;
      case BPF_RET | BPF_K:
        return i.k;
      default:
        ADD_FAILURE() << "unknown instruction " << i.code;
        return 0;
    }
  }
  ADD_FAILURE() << "ran off the end";
  return 0;
}

Bytes frame_to(const MacAddress& mac, std::uint16_t ethertype) {
  Bytes frame(60);
  std::copy(mac.bytes.begin(), mac.bytes.end(), frame.begin());
  frame[12] = static_cast<std::uint8_t>(ethertype >> 8);
  frame[13] = static_cast<std::uint8_t>(ethertype & 0xff);
  return frame;
}

Bytes arp_for(IpAddress target) {
  Bytes frame = frame_to(MacAddress::broadcast(), 0x0806);
  for (std::size_t i = 0; i < 4; ++i)
    frame[38 + i] = static_cast<std::uint8_t>(target.v4_bits() >> (24 - 8 * i));
  return frame;
}

Prefix address(std::uint8_t last) {
  return {IpAddress::v4(10, 0, 0, last), 24};
}

config::Link with(std::vector<Prefix> addresses) {
  config::Link link;
  link.mac = kOurs;
  link.addresses = std::move(addresses);
  return link;
}

TEST(PacketFilter, AcceptsBroadcastUdp) {
  const auto program = make_packet_filter(with({address(2)}));
  Bytes frame = frame_to(MacAddress::broadcast(), 0x0800);
  frame[23] = 17;
  EXPECT_NE(run(program, frame), 0u);
  frame[23] = 6;
  EXPECT_EQ(run(program, frame), 0u);
  frame[13] = 6;
  frame[12] = 0x86;
  frame[23] = 17;
  EXPECT_EQ(run(program, frame), 0u);
}

TEST(PacketFilter, WithADhcpServerAcceptsAllArp) {
  config::Link leased;
  leased.mac = kOurs;
  leased.dhcp = true;
  EXPECT_NE(run(make_packet_filter(leased), arp_for(IpAddress::v4(10, 0, 0, 77))), 0u);
}

TEST(PacketFilter, AcceptsFramesForItsMacAddress) {
  const auto program = make_packet_filter(with({address(2)}));
  EXPECT_NE(run(program, frame_to(kOurs, 0x0800)), 0u);
  EXPECT_NE(run(program, frame_to(kOurs, 0x86dd)), 0u);
  MacAddress other = kOurs;
  other.bytes[5] = 8;
  EXPECT_EQ(run(program, frame_to(other, 0x0800)), 0u);
  other = kOurs;
  other.bytes[0] = 6;
  EXPECT_EQ(run(program, frame_to(other, 0x0800)), 0u);
}

TEST(PacketFilter, AcceptsArpForItsAddressesOnly) {
  const auto program =
      make_packet_filter(with({address(7), address(5), address(6), address(9), address(5)}));
  for (int last = 0; last < 256; ++last) {
    const bool ours = (last >= 5 && last <= 7) || last == 9;
    EXPECT_EQ(run(program, arp_for(IpAddress::v4(10, 0, 0, static_cast<std::uint8_t>(last)))) != 0,
              ours)
        << last;
  }
  EXPECT_EQ(run(program, frame_to(MacAddress::broadcast(), 0x0800)), 0u)
      << "other broadcasts are the host's";
  EXPECT_EQ(run(program, Bytes(20, 0xff)), 0u) << "cut short";
  EXPECT_EQ(run(program, Bytes{}), 0u);
}

// RFC 5227, 2.4: ARP from one of the host's addresses is received, whatever its target.
TEST(PacketFilter, AcceptsArpFromItsAddresses) {
  const auto program = make_packet_filter(with({address(7)}));
  Bytes frame = arp_for(IpAddress::v4(10, 0, 0, 1));
  EXPECT_EQ(run(program, frame), 0u);
  const Bytes ours = arp_for(IpAddress::v4(10, 0, 0, 7));
  std::copy(ours.begin() + 38, ours.begin() + 42, frame.begin() + 28);
  EXPECT_NE(run(program, frame), 0u);
}

// RFC 5227, 3: a neighbour that has moved announces itself.
TEST(PacketFilter, AcceptsAnnouncementsOfNeighbours) {
  const auto program = make_packet_filter(with({address(7)}));
  Bytes frame = arp_for(IpAddress::v4(10, 0, 0, 1));
  EXPECT_EQ(run(program, frame), 0u);
  std::copy(frame.begin() + 38, frame.begin() + 42, frame.begin() + 28);
  EXPECT_NE(run(program, frame), 0u);
}

// IEEE 802.1Q, 6.9.1: the kernel removes the first tag only.
TEST(PacketFilter, AcceptsBroadcastsWithATagOfVlanZero) {
  const auto program = make_packet_filter(with({address(7)}));
  for (const std::uint16_t type : std::initializer_list<std::uint16_t>{0x8100, 0x88a8}) {
    Bytes frame = frame_to(MacAddress::broadcast(), type);
    frame[14] = 0xa0;
    EXPECT_NE(run(program, frame), 0u) << type;
    frame[15] = 10;
    EXPECT_EQ(run(program, frame), 0u) << type;
  }
}

// RFC 2464, 7: the last four bytes of a group are those of its MAC address.
TEST(PacketFilter, AcceptsAllNodesAndSolicitedNodesWhereTheLinkSpeaksIpv6) {
  const Prefix v6{IpAddress({0x20010db8, 0, 0, 2}), 64};
  config::Link routed;
  routed.mac = kOurs;
  routed.autoconf = true;
  const struct {
    MacAddress group;
    bool accepted;
  } cases[] = {
      {{{0x33, 0x33, 0, 0, 0, 1}}, true},     // ff02::1
      {{{0x33, 0x33, 0xff, 0, 0, 0}}, true},  // ff02::1:ff00:0
      {{{0x33, 0x33, 0xff, 0xff, 0xff, 0xff}}, true},
      {{{0x33, 0x33, 0, 0, 0, 2}}, false},     // all routers
      {{{0x33, 0x33, 0, 0, 0, 0xfb}}, false},  // DNS of the host's
      {{{0x33, 0x33, 0, 1, 0, 1}}, false},
      {{{0x33, 0x33, 0xfe, 0xff, 0xff, 0xff}}, false},
      {{{0x33, 0x34, 0, 0, 0, 1}}, false},
      {{{0x01, 0x00, 0x5e, 0, 0, 1}}, false},  // IPv4 multicast
  };
  for (const auto& [group, accepted] : cases) {
    const Bytes frame = frame_to(group, 0x86dd);
    for (const config::Link& link : {with({v6}), with({address(2), v6}), routed})
      EXPECT_EQ(run(make_packet_filter(link), frame) != 0, accepted) << int{group.bytes[5]};
    EXPECT_EQ(run(make_packet_filter(with({address(2)})), frame), 0u) << "IPv4 alone";
  }
}

TEST(PacketFilter, OfALinkWithIpv6AloneTakesNoArp) {
  const auto program = make_packet_filter(with({Prefix{IpAddress({0x20010db8, 0, 0, 2}), 64}}));
  EXPECT_EQ(run(program, arp_for(IpAddress::v4(10, 0, 0, 1))), 0u);
  EXPECT_NE(run(program, frame_to(kOurs, 0x86dd)), 0u);
}

TEST(PacketFilter, ARangeOfAddressesTakesOneComparison) {
  std::vector<Prefix> row, scattered;
  for (std::uint8_t i = 1; i < 101; ++i) {
    row.push_back(address(i));
    scattered.push_back(address(static_cast<std::uint8_t>(2 * i)));
  }
  EXPECT_LE(make_packet_filter(with(row)).size(),
            make_packet_filter(with({address(1)})).size() + 4);
  EXPECT_GT(make_packet_filter(with(scattered)).size(), 300u);
}

TEST(PacketFilter, TooManyAddressesForAProgram) {
  std::vector<Prefix> many;
  for (std::uint32_t i = 0; i < 5000; ++i) many.push_back({IpAddress::v4(0x0a000000 + 2 * i), 8});
  const auto program = make_packet_filter(with(many));
  EXPECT_LT(program.size(), 4096u);
  EXPECT_NE(run(program, arp_for(IpAddress::v4(10, 0, 0, 2))), 0u);
  EXPECT_EQ(run(program, frame_to(MacAddress::broadcast(), 0x0800)), 0u);
}

}  // namespace
}  // namespace conker::daemon
