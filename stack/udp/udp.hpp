// UDP (RFC 768; RFC 1122, 4.1): sockets that send and receive whole datagrams.
//
// An object that the embedder makes beside its stack; from then on the stack gives it protocol 17.
// Sockets have ids and events like connections, but no lifetime of their own: nothing of a socket
// outlives close(), so its slot is freed there. A datagram leaves in the call that sends it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/arena.hpp"
#include "stack/base/byte_queue.hpp"
#include "stack/base/index_list.hpp"
#include "stack/base/random_bits.hpp"
#include "stack/base/result.hpp"
#include "stack/base/slot_table.hpp"
#include "stack/net/datagrams.hpp"
#include "stack/stack.hpp"
#include "stack/udp/types.hpp"

namespace conker {

class Udp final : public DatagramProtocol {
 public:
  /// How many bytes of storage Capacities::udp_sockets takes.
  static std::size_t storage_bytes(const Capacities& capacities);

  /// `storage` must be zeroed, aligned to 16 bytes and at least storage_bytes() of the stack's
  /// capacities long. Both must outlive this object, and the stack's turns must end with it.
  /// `entropy` decides ports.
  Udp(std::span<std::byte> storage, Stack& stack, const Entropy& entropy);
  Udp(const Udp&) = delete;
  Udp& operator=(const Udp&) = delete;

  // ---- Every call with an id that names nothing answers kNoSuchId ----

  /// kNoSuchAddress, kInvalidArgument for an interface that is not there, kAddressInUse when
  /// another socket has that address and port there, kNoFreePort, kTableFull.
  Result<UdpId> bind(const UdpBind& request);
  /// From now on the socket hears only this peer, and is told when ICMP says that the peer does not
  /// listen (RFC 1122, 4.1.3.3). kNoRoute, kInvalidArgument for a broadcast address.
  Error connect(UdpId id, const Endpoint& remote);
  /// To the peer that the socket is connected to; kNotConnected.
  Error send(UdpId id, std::span<const std::byte> payload);
  /// The bytes are sent or copied before it returns; what the interface does not carry in one piece
  /// leaves in fragments. kInvalidArgument: more than kUdpMaxPayload bytes, port 0, or a broadcast
  /// that the socket may not send, that has no interface to go to or that is too large for it.
  /// kNoRoute. kNotSent: dropped for want of room, and counted. `from` is for who must choose the
  /// source, 0.0.0.0 included; else it is the socket's address, or the first one that leads there.
  Error send_to(UdpId id, const Endpoint& remote, std::span<const std::byte> payload,
                std::optional<IpAddress> from = std::nullopt);
  /// The oldest datagram that waits, cut to `out`; nothing when none does, or for an id that names
  /// nothing.
  std::optional<Datagram> receive(UdpId id, std::span<std::byte> out);
  /// Datagrams not received are lost, and no event will come any more.
  Error close(UdpId id);

  /// The next socket with news. While draining, any call is allowed.
  bool next_event(UdpEvent& event);

  // ---- Questions ----

  /// False when the id names nothing.
  bool info(UdpId id, UdpSocketInfo& out) const;
  std::uint32_t socket_count() const { return tables_.sockets.size(); }
  /// Calls f(info) for every socket. f must not call this object.
  template <typename F>
  void for_each(F&& f) const {
    for (std::uint32_t slot = 0; slot < tables_.sockets.end(); ++slot) {
      if (tables_.sockets.live(slot)) f(info_of(slot));
    }
  }
  // For what stands on UDP and is an object beside the stack, too.
  Stack& stack() { return stack_; }
  Counters& counters() { return parts_.counters; }

  // ---- Of the stack ----
  void datagram_arrives(const PacketIn& packet) override;
  void unreachable(const Unreachable& message) override;
  Audit audit() const override;

 private:
  struct Socket {
    Endpoint local;   // an unspecified address: any
    Endpoint remote;  // port 0: not connected
    std::optional<InterfaceId> interface;
    bool broadcast = false;
    bool on_ready = false;
    std::uint8_t events = 0;
    std::uint32_t cookie = 0;
    ByteQueue queue;  // each datagram behind its envelope
    std::uint32_t waiting = 0;
    std::uint32_t port_next = 0;  // the next of the same bucket, counted from one
    std::uint32_t ready_next = kNone, ready_previous = kNone;

    bool connected() const { return remote.port.value != 0; }
  };
  struct Tables {
    Tables(Arena& arena, const Capacities& capacities);
    SlotTable<Socket, UdpId> sockets;
    std::span<std::uint32_t> buckets;  // by port; counted from one
  };

  Udp(Arena arena, Stack& stack, const Entropy& entropy);

  // Only we choose our ports, so nobody else can make a chain long.
  std::uint32_t& bucket(Port port) {
    return tables_.buckets[port.value & (tables_.buckets.size() - 1)];
  }
  const std::uint32_t& bucket(Port port) const {
    return tables_.buckets[port.value & (tables_.buckets.size() - 1)];
  }
  /// The first socket on this port for which f(slot) is true; kNone if none.
  template <typename F>
  std::uint32_t find(Port port, F&& f) const {
    for (std::uint32_t at = bucket(port); at != 0; at = tables_.sockets[at - 1].port_next) {
      if (tables_.sockets[at - 1].local.port == port && f(at - 1)) return at - 1;
    }
    return kNone;
  }
  bool taken(const Endpoint& local, std::optional<InterfaceId> interface, std::uint32_t but) const;
  Port choose_port();
  std::uint32_t receiver(const PacketIn& packet, Port source, Port destination, bool to_all) const;
  Count dispatch(const PacketIn& packet);
  Count deliver(std::uint32_t slot, const PacketIn& packet, Port source,
                std::span<const std::byte> payload);
  Error transmit(const Socket& socket, const Endpoint& to, std::span<const std::byte> payload,
                 std::optional<IpAddress> from);
  Error transmit_to_all(const Socket& socket, const Endpoint& to, PacketOut& packet,
                        std::span<const std::byte> payload);
  Error hand_down(const Socket& socket, const Endpoint& to, PacketOut& packet,
                  std::span<const std::byte> payload, std::optional<InterfaceId> everybody_on);
  void post(std::uint32_t slot, std::uint8_t bits);
  UdpSocketInfo info_of(std::uint32_t slot) const;

  Stack& stack_;
  Parts parts_;
  Tables tables_;
  RandomBits random_;
  IndexList<Socket, &Socket::ready_next, &Socket::ready_previous> ready_;
};

}  // namespace conker
