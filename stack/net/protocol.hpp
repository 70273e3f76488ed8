// The interfaces between the network layer and a network protocol (IPv4, IPv6): the protocol
// itself, and what resolves link-layer addresses for it. Both are objects that the embedder hands
// in, so that an image links the families that it names and no other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/chunk_pool.hpp"
#include "stack/base/counters.hpp"
#include "stack/base/result.hpp"
#include "stack/base/time.hpp"
#include "stack/link/link.hpp"
#include "stack/net/addresses.hpp"
#include "stack/net/icmp_error.hpp"
#include "stack/net/packet.hpp"
#include "stack/net/routes.hpp"
#include "stack/settings.hpp"
#include "stack/wire/ethernet.hpp"

namespace conker {

class Network;

enum class Family : std::uint8_t { kIpv4, kIpv6 };
inline constexpr std::size_t kFamilies = 2;
constexpr Family family_of(const IpAddress& address) {
  return address.is_v4() ? Family::kIpv4 : Family::kIpv6;
}

/// The most bytes of a packet, headers included, that is no jumbogram.
inline constexpr std::size_t kLargestPacket = 65535;

/// A received frame for this host, whose Ethernet header is parsed.
struct ReceivedFrame {
  InterfaceId interface;
  const FrameIn& frame;
  const EthernetFrame& ethernet;
  /// Whether it was sent to a group of stations, all of them included.
  bool to_group() const { return ethernet.destination.is_group(); }
};

/// What becomes of a received frame: what is for a transport protocol is handed to it.
enum class Disposition : std::uint8_t { kNothing, kTcp, kUdp, kIcmpError };

/// Asks neighbours for their link-layer addresses (ARP, neighbour discovery). What they answer goes
/// to Neighbours.
class AddressResolution {
 public:
  /// Sends a request for the link-layer address of `target`, a neighbour on the interface: to all
  /// who may have it, or only `to` its last known address where that is not null.
  virtual void request(InterfaceId interface, const IpAddress& target, const MacAddress* to,
                       Instant now) = 0;

 protected:
  ~AddressResolution() = default;
};

class NetworkProtocol {
 public:
  /// What a protocol works with. Its constructor is given this and calls Network::add().
  struct Parts {
    Network& network;
    const Settings& settings;
    Counters& counters;
  };
  /// What the network layer must know of a protocol for each packet.
  struct Header {
    std::uint16_t ether_type = 0;             // of its packets
    std::uint16_t resolution_ether_type = 0;  // of its address resolution, where it has one
    std::uint16_t bytes = 0;                  // of the header that is sent
    std::uint16_t least_mtu = 0;              // of any path, in bytes (RFC 791, 3.1; RFC 8200, 5)
  };

  // ---- Received ----

  /// Whether frames to this group of stations are received: an Ethernet group address.
  virtual bool receives_group(InterfaceId interface, const MacAddress& group) const = 0;
  /// Processes a frame of one of the protocol's EtherTypes. A packet for a transport protocol is
  /// returned in `packet` or `error`.
  virtual Disposition input(const ReceivedFrame& frame, PacketIn& packet, IcmpErrorIn& error) = 0;
  /// Answers a packet whose reassembly timed out by an ICMP error; `quote` is its beginning.
  virtual void reassembly_timed_out(std::span<const std::byte> quote) = 0;
  /// Runs the timers of the host's addresses and of what else the protocol keeps.
  virtual void timers(Instant now) = 0;
  virtual Instant next_deadline() const = 0;

  // ---- Sent ----

  /// Writes the header of a packet of `length` bytes behind that header.
  virtual void emit_header(const PacketOut& packet, std::size_t length,
                           std::span<std::byte> out) = 0;
  /// Sends a packet that is larger than the MTU towards its destination in fragments; its payload
  /// is in one piece.
  virtual Sent send_fragments(const Hop& hop, PacketOut& packet, std::size_t mtu) = 0;
  /// Sends an ICMP port unreachable about a received packet, where that is allowed.
  virtual void port_unreachable(const PacketIn& packet) = 0;
  /// Makes an ICMP echo request; the payload is not copied. False where it is too long.
  virtual bool make_ping(std::uint16_t identifier, std::uint16_t sequence,
                         std::span<const std::byte> payload, PacketOut& packet) = 0;

  // ---- Addresses ----

  /// Adds an address of this host, after checking for duplicates where `options` say so.
  virtual Error add_address(InterfaceId interface, const Prefix& address,
                            const AddressOptions& options, Instant now) = 0;
  /// To be called when the link has come up, or leads to another network.
  virtual void link_up(InterfaceId interface, Instant now) = 0;

 protected:
  ~NetworkProtocol() = default;
};

}  // namespace conker
