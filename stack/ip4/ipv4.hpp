// IPv4 (RFC 791; RFC 1122, 3): what arrives over it, the header of what is sent, fragments
// (fragmentation.cpp), with ARP, address conflict detection and ICMP. An object beside the stack:
//
//     Stack stack(...);
//     Ipv4 ipv4(stack.parts(), entropy);
#pragma once

#include <cstdint>
#include <span>

#include "stack/base/counters.hpp"
#include "stack/base/random_bits.hpp"
#include "stack/ip4/arp.hpp"
#include "stack/ip4/conflict_detection.hpp"
#include "stack/ip4/icmp.hpp"
#include "stack/net/network.hpp"
#include "stack/net/protocol.hpp"
#include "stack/settings.hpp"
#include "stack/wire/ipv4.hpp"

namespace conker {

class Ipv4 final : public NetworkProtocol {
 public:
  /// It must outlive all turns of the stack that `parts` are of. `entropy` must be unpredictable to
  /// peers.
  Ipv4(const Parts& parts, const Entropy& entropy);
  Ipv4(const Ipv4&) = delete;
  Ipv4& operator=(const Ipv4&) = delete;

  /// IPv4 multicast is not received.
  bool receives_group(InterfaceId, const MacAddress&) const override { return false; }
  Disposition input(const ReceivedFrame& frame, PacketIn& packet, IcmpErrorIn& error) override;
  void reassembly_timed_out(std::span<const std::byte> quote) override;
  void timers(Instant now) override { conflict_detection_.timers(now); }
  Instant next_deadline() const override { return conflict_detection_.next_deadline(); }

  void emit_header(const PacketOut& packet, std::size_t length, std::span<std::byte> out) override;
  Sent send_fragments(const Hop& hop, PacketOut& packet, std::size_t mtu) override;
  void port_unreachable(const PacketIn& packet) override;
  bool make_ping(std::uint16_t identifier, std::uint16_t sequence,
                 std::span<const std::byte> payload, PacketOut& packet) override;

  Error add_address(InterfaceId interface, const Prefix& address, const AddressOptions& options,
                    Instant now) override {
    return conflict_detection_.add_address(interface, address, options, now);
  }
  void link_up(InterfaceId interface, Instant now) override {
    conflict_detection_.link_up(interface, now);
  }

 private:
  static constexpr std::uint64_t kPurpose = 0x6864;

  void arp_input(InterfaceId interface, std::span<const std::byte> bytes);
  Disposition packet_arrives(const ReceivedFrame& frame, PacketIn& packet, IcmpErrorIn& error);
  bool accept_addresses(const Ipv4Packet& ip, bool to_group, bool udp);
  Disposition icmp_input(const PacketIn& packet, bool reassembled, IcmpErrorIn& error);
  Ipv4Packet header_for(const PacketOut& packet);
  void send_error(std::uint8_t type, std::uint8_t code, std::uint16_t upper,
                  std::span<const std::byte> about);

  Network& network_;
  Counters& counters_;
  Arp arp_;
  ConflictDetection conflict_detection_;
  Icmp4 icmp_;
  RandomBits identifications_;
  std::uint8_t ttl_, traffic_class_;
};

}  // namespace conker
