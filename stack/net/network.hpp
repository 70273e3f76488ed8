// The network layer: interfaces with their addresses, routes, neighbours, IPv4 and ICMP.
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
#include "stack/net/icmp.hpp"
#include "stack/net/interfaces.hpp"
#include "stack/net/neighbours.hpp"
#include "stack/net/packet.hpp"
#include "stack/settings.hpp"

namespace conker {

class Network {
 public:
  Network(Arena& arena, const Capacities& capacities, const Settings& settings, const Entropy& entropy,
          Counters& counters, ChunkPool& chunks);

  void begin(Instant now) { now_ = now; }

  // ---- Up ----

  enum class Upward : std::uint8_t { kNothing, kTcp, kUdp, kUnreachable };
  /// Takes one frame. ARP and ping are answered here; what is for a protocol comes back in `packet` or
  /// `unreachable`.
  Upward input(InterfaceId interface, const FrameIn& frame, PacketIn& packet, Unreachable& unreachable);
  /// From now on UDP is spoken: what is for it goes up, also what is for everybody on a link.
  void accept_udp() { udp_ = true; }
  bool next_echo_reply(EchoReply& reply);
  /// ARP: asks again, gives up.
  void timers();
  Instant next_deadline() const;

  // ---- Down ----

  /// Puts the IP and Ethernet headers in front and sends. The protocol's own checksum is the protocol's
  /// affair.
  Sent send(PacketOut& packet);
  /// The same to everybody on a link, whose interface may have no address yet: then the source is 0.0.0.0 and
  /// the destination 255.255.255.255 (RFC 1122, 3.2.1.3).
  Sent broadcast(InterfaceId interface, PacketOut& packet);
  void flush();
  Error ping(const IpAddress& to, std::uint16_t identifier, std::uint16_t sequence,
             std::span<const std::byte> payload);

  // ---- What there is ----

  Result<InterfaceId> add_interface(Link& link, const MacAddress& mac, std::uint16_t mtu);
  Error add_address(InterfaceId interface, const Prefix& address);
  Error set_gateway(const IpAddress& gateway);

  bool has_interface(InterfaceId interface) const { return interfaces_.has(interface); }
  MacAddress mac(InterfaceId interface) const { return interfaces_.mac(interface); }
  std::uint16_t mtu(InterfaceId interface) const { return interfaces_.mtu(interface); }
  /// The limited broadcast address or that of a prefix of ours.
  bool is_broadcast(const IpAddress& address) const { return interfaces_.is_broadcast(address); }
  /// The interface on which this is the broadcast address of a prefix of ours.
  std::optional<InterfaceId> broadcasts_on(const IpAddress& address) const {
    return interfaces_.broadcasts_on(address);
  }
  /// The first address on an interface; 0.0.0.0 while it has none.
  IpAddress address_on(InterfaceId interface) const { return interfaces_.address_on(interface); }

  bool is_local(const IpAddress& address) const;
  /// The address to speak from towards `remote`: our first in the prefix that leads there. kNoRoute if none
  /// does.
  Result<IpAddress> source_for(const IpAddress& remote) const;
  /// The largest IP packet towards `remote`; 576 if there is no route.
  std::uint16_t mtu_towards(const IpAddress& remote) const;
  /// Our own addresses, in the order they were added.
  std::uint32_t address_count() const;
  IpAddress address(std::uint32_t index) const;
  /// Whether address(index) is one of the interface over which `remote` is reached.
  bool leads_to(std::uint32_t index, const IpAddress& remote) const;
  /// Whether a neighbour on the way to `remote` has been asked for by ARP and has not answered (yet, or at
  /// all).
  bool neighbour_missing(const IpAddress& remote) const;
  /// Chunks held by packets that wait for a neighbour; walked.
  std::uint64_t chunks_held() const;

 private:
  Upward ipv4_input(InterfaceId interface, const FrameIn& frame, std::span<const std::byte> bytes,
                    bool broadcast, PacketIn& packet, Unreachable& unreachable);

  Counters& counters_;
  Interfaces interfaces_;
  Neighbours neighbours_;
  Icmp icmp_;
  bool udp_ = false;
  Instant now_{};
};

}  // namespace conker
