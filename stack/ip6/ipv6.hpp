// IPv6 (RFC 8200): what arrives over it, with extension headers, the header of what is sent,
// fragments (fragmentation.cpp), with neighbour discovery, duplicate address detection and ICMPv6.
// An object beside the stack:
//
//     Stack stack(...);
//     Ipv6 ipv6(stack.parts(), entropy);
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/counters.hpp"
#include "stack/base/random_bits.hpp"
#include "stack/ip6/duplicate_detection.hpp"
#include "stack/ip6/icmp.hpp"
#include "stack/ip6/neighbour_discovery.hpp"
#include "stack/net/network.hpp"
#include "stack/net/protocol.hpp"
#include "stack/settings.hpp"
#include "stack/wire/ipv6.hpp"
#include "stack/wire/ipv6_chain.hpp"

namespace conker {

class Ipv6 final : public NetworkProtocol, private SourceSelection {
 public:
  /// It must outlive all turns of the stack that `parts` are of. `entropy` must be unpredictable to
  /// peers.
  Ipv6(const Parts& parts, const Entropy& entropy);
  Ipv6(const Ipv6&) = delete;
  Ipv6& operator=(const Ipv6&) = delete;

  /// All groups of IPv6: which of them the host listens to is known by their IPv6 addresses.
  bool receives_group(InterfaceId, const MacAddress& group) const override {
    return group.bytes[0] == 0x33 && group.bytes[1] == 0x33;
  }
  Disposition input(const ReceivedFrame& frame, PacketIn& packet, IcmpErrorIn& error) override;
  void reassembly_timed_out(std::span<const std::byte> quote) override;
  void timers(Instant now) override { duplicate_detection_.timers(now); }
  Instant next_deadline() const override { return duplicate_detection_.next_deadline(); }

  void emit_header(const PacketOut& packet, std::size_t length, std::span<std::byte> out) override;
  Sent send_fragments(const Hop& hop, PacketOut& packet, std::size_t mtu) override;
  void port_unreachable(const PacketIn& packet) override;
  bool make_ping(std::uint16_t identifier, std::uint16_t sequence,
                 std::span<const std::byte> payload, PacketOut& packet) override;

  /// Adds an address, and before the first one of an interface a link-local address, which each
  /// interface has (RFC 4291, 2.8). kInvalidArgument also where the interface's MTU is below 1280.
  Error add_address(InterfaceId interface, const Prefix& address, const AddressOptions& options,
                    Instant now) override;
  void link_up(InterfaceId interface, Instant now) override {
    duplicate_detection_.link_up(interface, now);
  }

 private:
  static constexpr std::uint64_t kPurpose = 0x8200;

  /// The source address of packets over an interface (RFC 6724, 5).
  IpAddress select_source(InterfaceId interface, const IpAddress& destination) const override;

  bool accept_addresses(const Ipv6Packet& ip, bool to_group);
  static bool listens_to(const IpAddress& group);
  static bool holds_upper_header(const Ipv6Chain& chain);
  Disposition reassemble(const Ipv6Packet& ip, const Ipv6Chain& chain, PacketIn& packet,
                         IcmpErrorIn& error);
  Disposition deliver(const Ipv6Packet& ip, const Ipv6Chain& chain, PacketIn& packet,
                      IcmpErrorIn& error);
  Disposition icmp_input(const Ipv6Packet& ip, const Ipv6Chain& chain, const PacketIn& packet,
                         IcmpErrorIn& error);
  Disposition refuse(Count why, const Ipv6Problem& problem, const PacketIn& packet);
  void send_error(const Icmp6Message& message, const PacketIn& about, bool despite_group);
  std::uint32_t flow_label(const PacketOut& packet) const;

  Network& network_;
  const Settings& settings_;
  Counters& counters_;
  NeighbourDiscovery discovery_;
  DuplicateDetection duplicate_detection_;
  Icmp6 icmp_;
  RandomBits identifications_;
  SipKey identifier_secret_;
  std::uint32_t label_secret_;
};

}  // namespace conker
