// The network layer: interfaces with their addresses, routes, neighbours and destinations, and the
// network protocols that are handed in (protocol.hpp).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/arena.hpp"
#include "stack/base/chunk_pool.hpp"
#include "stack/base/counters.hpp"
#include "stack/base/result.hpp"
#include "stack/link/link.hpp"
#include "stack/net/destination_cache.hpp"
#include "stack/net/echo_replies.hpp"
#include "stack/net/interfaces.hpp"
#include "stack/net/neighbours.hpp"
#include "stack/net/packet.hpp"
#include "stack/net/protocol.hpp"
#include "stack/net/reassembler.hpp"
#include "stack/settings.hpp"

namespace conker {

class Network {
 public:
  Network(Arena& arena, const Capacities& capacities, const Settings& settings,
          const Entropy& entropy, Counters& counters, ChunkPool& chunks);
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  /// What a network protocol is made of. Its constructor calls add().
  NetworkProtocol::Parts parts() { return {*this, settings_, counters_}; }
  /// Called by the constructor of `protocol`, which must outlive all turns, as must `resolution`.
  void add(Family family, const NetworkProtocol::Header& header, NetworkProtocol& protocol,
           AddressResolution& resolution);

  void begin(Instant now) { now_ = now; }

  // ---- Received packets ----

  /// Processes a received frame. Requests of address resolution and echo are answered here; a
  /// packet for a transport protocol is returned in `packet` or `error`.
  Disposition input(InterfaceId interface, const FrameIn& frame, PacketIn& packet,
                    IcmpErrorIn& error);
  /// Delivers UDP datagrams from here on, those to groups of hosts among them.
  void accept_udp() { udp_ = true; }
  bool next_echo_reply(EchoReply& reply) { return echo_replies_.next(reply); }
  bool next_address_event(AddressEvent& event) { return interfaces_.addresses().next_event(event); }
  /// Runs the timers of neighbours, of the host's addresses, and of reassembly.
  void timers();
  Instant next_deadline() const;

  // ---- Sent packets ----

  /// Prepends the headers of network and link and sends the packet. The transport protocol fills in
  /// its own checksum.
  Sent send(PacketOut& packet);
  /// The length in bytes of the longest TCP packet to `remote` that may be handed to the link
  /// unsegmented (Link::segmentation()); 0 where the link does not segment.
  std::uint32_t segmentation(const IpAddress& remote);
  /// Sends a packet to a group of hosts on a link, whose interface may have no address yet: then
  /// the source is unspecified. It must be no longer than the link's MTU.
  Sent send_to_group(InterfaceId interface, PacketOut& packet);
  void flush();
  /// Sends an ICMP port unreachable about a received packet, where RFC 1122, 3.2.2.1 and 3.2.2,
  /// allow it.
  void port_unreachable(const PacketIn& packet);
  /// Verifies the neighbour on the way to `remote`, since packets seem not to arrive; at most once
  /// per Settings::neighbour_retry.
  void doubt_neighbour(const IpAddress& remote);
  /// kInvalidArgument: a payload that no packet holds.
  Error ping(const IpAddress& to, std::uint16_t identifier, std::uint16_t sequence,
             std::span<const std::byte> payload);

  // ---- For network protocols ----

  /// Whether the cache says that a packet from `remote` to `local` is accepted.
  bool accepts(const IpAddress& local, const IpAddress& remote) const {
    const Destination* destination = cached_destination(remote);
    return destination != nullptr && destination->accepted &&
           (destination->local == local || interfaces_.is_local(local));
  }
  /// Notes that packets from `remote`, one other host, to `local`, an address of this host, are
  /// accepted.
  void accept(const IpAddress& local, const IpAddress& remote) {
    Destination& destination = destinations_.claim(remote, interfaces_.epoch());
    destination.accepted = true;
    destination.local = local;
  }
  /// Hands a packet to the next hop, or queues it until that hop's link-layer address is known. The
  /// network header stands at the end of the first `PacketOut::kHeadroom` bytes of `headers`, the
  /// transport protocol's behind it; the payload is in the parts from the second on.
  Sent hand_over(const Hop& hop, const IpAddress& source, const IpAddress& destination,
                 std::span<std::byte> headers, PacketOut::Pieces parts, std::uint16_t segment);
  Interfaces& interfaces() { return interfaces_; }
  const Interfaces& interfaces() const { return interfaces_; }
  Neighbours& neighbours() { return neighbours_; }
  EchoReplies& echo_replies() { return echo_replies_; }
  Reassembler* reassembler() { return reassembler_; }
  bool accepts_udp() const { return udp_; }
  Instant now() const { return now_; }

  // ---- Queries ----

  Result<InterfaceId> add_interface(Link& link, const MacAddress& mac, std::uint16_t mtu);
  /// kInvalidArgument also where no protocol of the address's family was handed in.
  Error add_address(InterfaceId interface, const Prefix& address,
                    const AddressOptions& options = {});
  Error remove_address(const IpAddress& address) { return interfaces_.remove_address(address); }
  void link_up(InterfaceId interface);
  Error add_route(const Prefix& to, const IpAddress& gateway) {
    return gateway.is_unspecified() ? Error::kInvalidArgument
                                    : interfaces_.add_route(to, gateway, {});
  }
  Error add_route(const Prefix& to, InterfaceId interface) {
    return interfaces_.add_route(to, IpAddress(), interface);
  }
  Error remove_route(const Prefix& to) { return interfaces_.remove_route(to); }
  Error set_gateway(const IpAddress& gateway) { return interfaces_.set_gateway(gateway); }
  /// Reassembles fragments with `reassembler` from here on. It must outlive the network.
  void use_reassembler(Reassembler& reassembler);

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
  /// The source address over an interface towards a group of hosts; unspecified while there is
  /// none.
  IpAddress source_on(InterfaceId interface, const IpAddress& group) const {
    return interfaces_.source_on(interface, group);
  }
  /// The first IPv4 address in use on an interface; 0.0.0.0 while there is none.
  IpAddress address_on(InterfaceId interface) const { return interfaces_.address_on(interface); }
  /// Bytes of the network header of packets to this address.
  std::uint16_t header_bytes(const IpAddress& to) const { return family(to).header.bytes; }

  bool is_local(const IpAddress& address) const { return interfaces_.is_local(address); }
  /// The source address towards `remote`: the first of the host's in the prefix that leads there.
  /// kNoRoute where no route does.
  Result<IpAddress> source_for(const IpAddress& remote) const;
  /// The next hop of a packet to `remote`; nothing where there is no route.
  std::optional<Hop> hop_to(const IpAddress& remote) const { return interfaces_.route(remote); }
  /// Whether a packet was sent lately to `remote`, which is another host, and `local` is one of the
  /// host's addresses.
  bool has_destination(const IpAddress& local, const IpAddress& remote) const {
    const Destination* destination = cached_destination(remote);
    return destination != nullptr && destination->routed &&
           (destination->local == local || interfaces_.is_local(local));
  }
  /// The MTU towards `remote`, in bytes; where there is no route, the least of its family.
  std::uint16_t mtu_towards(const IpAddress& remote) const;
  /// The MTU of the whole path to `remote`, as far as it is known, in bytes: no more than
  /// mtu_towards().
  std::uint16_t path_mtu(const IpAddress& remote) const;
  /// Notes for all that is sent to `remote` that the path carries no more than `mtu` bytes, for
  /// kPathMtuAge.
  void narrow_path(const IpAddress& remote, std::uint16_t mtu);
  /// How often that was noted: while it is 0 no path is known to be narrow.
  std::uint32_t paths_narrowed() const { return paths_narrowed_; }
  static constexpr Duration kPathMtuAge = 10min;  // RFC 1191, 6.3; RFC 8201, 4
  /// All routes, in the order of longest-prefix match.
  std::span<const Route> routes() const { return interfaces_.routes().all(); }
  /// The number of the host's addresses, in use or not; they are numbered in the order in which
  /// they were added.
  std::uint32_t address_count() const { return interfaces_.addresses().size(); }
  IpAddress address(std::uint32_t index) const { return address_record(index).address; }
  const Address& address_record(std::uint32_t index) const {
    return interfaces_.addresses()[index];
  }
  /// Whether address(index) can be the source of packets to `remote`: it belongs to the interface
  /// over which that is reached.
  bool leads_to(std::uint32_t index, const IpAddress& remote) const;
  /// Whether the neighbour on the way to `remote` was asked for its link-layer address and has not
  /// answered (yet, or at all).
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
  /// A network protocol that was handed in.
  struct FamilyParts {
    NetworkProtocol::Header header{};
    NetworkProtocol* protocol = nullptr;
  };
  const FamilyParts& family(const IpAddress& address) const {
    return families_[static_cast<std::size_t>(family_of(address))];
  }
  const Destination* cached_destination(const IpAddress& remote) const {
    return destinations_.find(remote, interfaces_.epoch());
  }
  Sent send_cached(const Destination& destination, const FamilyParts& to, PacketOut& packet,
                   PacketOut::Pieces parts, std::size_t length);
  Sent send_routed(const FamilyParts& to, PacketOut& packet, PacketOut::Pieces parts,
                   std::size_t length);
  void remember(const Hop& hop, const Neighbours::Known& known, const IpAddress& source,
                const IpAddress& destination);

  const Settings& settings_;
  Counters& counters_;
  ChunkPool& chunks_;
  Interfaces interfaces_;
  Neighbours neighbours_;
  EchoReplies echo_replies_;
  DestinationCache destinations_;
  std::array<FamilyParts, kFamilies> families_{};
  Reassembler* reassembler_ = nullptr;
  std::uint32_t paths_narrowed_ = 0;
  bool udp_ = false;
  Instant now_{};
};

}  // namespace conker
