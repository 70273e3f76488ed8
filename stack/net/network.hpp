// The network layer: interfaces with their addresses, routes, neighbours, IPv4 with fragmentation
// (fragmentation.cpp) and ICMP.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/arena.hpp"
#include "stack/base/chunk_pool.hpp"
#include "stack/base/counters.hpp"
#include "stack/base/random_bits.hpp"
#include "stack/base/result.hpp"
#include "stack/link/link.hpp"
#include "stack/net/conflict_detection.hpp"
#include "stack/net/destination_cache.hpp"
#include "stack/net/icmp.hpp"
#include "stack/net/interfaces.hpp"
#include "stack/net/neighbours.hpp"
#include "stack/net/packet.hpp"
#include "stack/net/reassembler.hpp"
#include "stack/settings.hpp"

namespace conker {

class Network {
 public:
  Network(Arena& arena, const Capacities& capacities, const Settings& settings,
          const Entropy& entropy, Counters& counters, ChunkPool& chunks);

  void begin(Instant now) { now_ = now; }

  // ---- Received packets ----

  enum class Disposition : std::uint8_t { kNothing, kTcp, kUdp, kUnreachable };
  /// Processes a received frame. ARP and echo requests are answered here; a packet for a transport
  /// protocol is returned in `packet` or `unreachable`.
  Disposition input(InterfaceId interface, const FrameIn& frame, PacketIn& packet,
                    Unreachable& unreachable);
  /// The four-tuple of a SYN, read from the frame without checks; for prefetching only.
  static std::optional<FourTuple> peek_syn(const FrameIn& frame);
  /// Delivers UDP datagrams from here on, broadcasts among them.
  void accept_udp() { udp_ = true; }
  bool next_echo_reply(EchoReply& reply);
  bool next_address_event(AddressEvent& event) { return conflict_detection_.next_event(event); }
  /// Runs the timers of ARP (requests, announcements, failures) and of reassembly.
  void timers();
  Instant next_deadline() const;

  // ---- Sent packets ----

  /// Prepends the IP and Ethernet headers and sends the packet. The transport protocol fills in its
  /// own checksum.
  Sent send(PacketOut& packet);
  /// The length in bytes of the longest TCP packet to `remote` that may be handed to the link
  /// unsegmented (Link::segmentation()); 0 where the link does not segment.
  std::uint32_t segmentation(const IpAddress& remote);
  /// Broadcasts on a link whose interface may have no address yet: then the source is 0.0.0.0 and
  /// the destination 255.255.255.255 (RFC 1122, 3.2.1.3).
  Sent broadcast(InterfaceId interface, PacketOut& packet);
  void flush();
  /// Sends an ICMP port unreachable about a received packet, where RFC 1122, 3.2.2.1 and 3.2.2,
  /// allow it.
  void port_unreachable(const PacketIn& packet);
  /// Verifies the neighbour on the way to `remote`, since packets seem not to arrive; at most once
  /// per Settings::neighbour_retry.
  void doubt_neighbour(const IpAddress& remote);
  Error ping(const IpAddress& to, std::uint16_t identifier, std::uint16_t sequence,
             std::span<const std::byte> payload);

  // ---- Queries ----

  Result<InterfaceId> add_interface(Link& link, const MacAddress& mac, std::uint16_t mtu);
  Error add_address(InterfaceId interface, const Prefix& address,
                    const AddressOptions& options = {});
  Error remove_address(const IpAddress& address) {
    return conflict_detection_.remove_address(address);
  }
  void link_up(InterfaceId interface);
  Error add_route(const Prefix& to, const IpAddress& gateway) {
    return gateway.is_unspecified() ? Error::kInvalidArgument
                                    : interfaces_.add_route(to, gateway, {});
  }
  Error add_route(const Prefix& to, InterfaceId interface) {
    return interfaces_.add_route(to, IpAddress(), interface);
  }
  Error remove_route(const Prefix& to) { return interfaces_.remove_route(to); }
  Error set_gateway(const IpAddress& gateway);
  /// Reassembles fragments with `reassembler` from here on. It must outlive the network.
  void use_reassembler(Reassembler& reassembler, const Settings& settings);

  bool has_interface(InterfaceId interface) const { return interfaces_.has(interface); }
  std::uint8_t interface_count() const { return interfaces_.count(); }
  Link& link(InterfaceId interface) const { return interfaces_.link(interface); }
  MacAddress mac(InterfaceId interface) const { return interfaces_.mac(interface); }
  std::uint16_t mtu(InterfaceId interface) const { return interfaces_.mtu(interface); }
  /// Whether `address` is the limited broadcast address or that of one of the host's prefixes.
  bool is_broadcast(const IpAddress& address) const { return interfaces_.is_broadcast(address); }
  /// The interface of the prefix whose broadcast address this is; none where there is no such
  /// prefix.
  std::optional<InterfaceId> broadcasts_on(const IpAddress& address) const {
    return interfaces_.broadcasts_on(address);
  }
  /// The first address in use on an interface; 0.0.0.0 while there is none.
  IpAddress address_on(InterfaceId interface) const { return interfaces_.address_on(interface); }

  bool is_local(const IpAddress& address) const;
  /// The source address towards `remote`: the first of the host's in the prefix that leads there.
  /// kNoRoute where no route does.
  Result<IpAddress> source_for(const IpAddress& remote) const;
  /// The next hop of a packet to `remote`; nothing where there is no route.
  std::optional<Hop> hop_to(const IpAddress& remote) const { return interfaces_.route(remote); }
  /// Whether a packet was sent lately from `local`, one of the host's addresses, to `remote`, which
  /// is not.
  bool has_destination(const IpAddress& local, const IpAddress& remote) const {
    const Destination* destination = cached_destination(local, remote);
    return destination != nullptr && destination->routed && destination->ours;
  }
  /// The MTU towards `remote`, in bytes; 576 where there is no route.
  std::uint16_t mtu_towards(const IpAddress& remote) const;
  /// The same, from the destination cache where a packet was sent between the two lately.
  std::uint16_t mtu_between(const IpAddress& local, const IpAddress& remote) const {
    const Destination* destination = cached_destination(local, remote);
    return destination != nullptr && destination->routed ? destination->mtu : mtu_towards(remote);
  }
  /// All routes, in the order of longest-prefix match.
  std::span<const Route> routes() const { return interfaces_.routes().all(); }
  /// The number of the host's addresses, in use or not; they are numbered in the order in which
  /// they were added.
  std::uint32_t address_count() const;
  IpAddress address(std::uint32_t index) const;
  const Address& address_record(std::uint32_t index) const {
    return interfaces_.addresses()[index];
  }
  /// Whether address(index) belongs to the interface over which `remote` is reached.
  bool leads_to(std::uint32_t index, const IpAddress& remote) const;
  /// Whether the neighbour on the way to `remote` was asked for by ARP and has not answered (yet,
  /// or at all).
  bool neighbour_missing(const IpAddress& remote) const;
  /// Chunks held by packets that wait for a neighbour and by fragments, counted by walking.
  std::uint64_t chunks_held() const { return neighbour_chunks() + fragment_chunks(); }
  std::uint64_t neighbour_chunks() const { return neighbours_.chunks_held(); }
  std::uint32_t neighbour_count() const { return neighbours_.count(); }
  std::uint64_t fragment_chunks() const {
    return reassembler_ == nullptr ? 0 : reassembler_->chunks_held();
  }
  /// Drops the oldest incomplete packet, to free chunks for connections; false when fragments hold
  /// no more than their floor.
  bool shed_fragments() { return reassembler_ != nullptr && reassembler_->shed(); }
  /// Whether every fragment received is reassembled, dropped or held, counted by walking.
  bool fragments_balance() const;

 private:
  Disposition ipv4_input(InterfaceId interface, const FrameIn& frame,
                         std::span<const std::byte> bytes, bool broadcast, PacketIn& packet,
                         Unreachable& unreachable);
  bool accept_addresses(const Ipv4Packet& ip, bool broadcast, bool udp);
  Disposition icmp_input(const PacketIn& packet, bool reassembled, Unreachable& unreachable);
  void arp_input(InterfaceId interface, std::span<const std::byte> bytes);
  void send_error(std::uint8_t type, std::uint8_t code, std::uint16_t upper,
                  std::span<const std::byte> about);
  const Destination* cached_destination(const IpAddress& local, const IpAddress& remote) const {
    return destinations_.find(local.v4_bits(), remote.v4_bits(), interfaces_.epoch());
  }
  Ipv4Packet header_for(const PacketOut& packet);
  Sent send_cached(const Destination& destination, PacketOut& packet, PacketOut::Pieces parts,
                   std::size_t length);
  Sent send_routed(PacketOut& packet, PacketOut::Pieces parts, std::size_t length);
  void remember(const Hop& hop, const Neighbours::Known& known, const Ipv4Packet& ip);
  Sent transmit(const Hop& hop, const Ipv4Packet& ip, std::span<std::byte> headers,
                PacketOut::Pieces parts, std::uint16_t segment);
  Sent send_fragments(const Hop& hop, Ipv4Packet ip, PacketOut& packet, std::size_t length);

  static constexpr std::uint64_t kPurpose = 0x6864;

  Counters& counters_;
  ChunkPool& chunks_;
  Interfaces interfaces_;
  Neighbours neighbours_;
  ConflictDetection conflict_detection_;
  Icmp icmp_;
  RandomBits identifications_;
  DestinationCache destinations_;
  Reassembler* reassembler_ = nullptr;
  bool udp_ = false;
  Instant now_{};
  std::uint8_t ttl_, traffic_class_;
};

}  // namespace conker
