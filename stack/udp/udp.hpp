// UDP (RFC 768; RFC 1122, 4.1): sockets that send and receive whole datagrams.
//
// The embedder makes a Udp beside its stack, which from then on hands it protocol 17. Sockets have
// ids and events like connections, but no lifetime beyond the application's: close() frees the slot
// at once. A datagram is sent in the call that asks for it.
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
  /// Bytes of storage that Capacities::udp_sockets needs.
  static std::size_t storage_bytes(const Capacities& capacities);

  /// `storage` must be zeroed, aligned to 16 bytes and at least storage_bytes() of the stack's
  /// capacities long. Storage and stack must outlive this object, and the stack's last turn must
  /// end before it does. `entropy` seeds the choice of ports.
  Udp(std::span<std::byte> storage, Stack& stack, const Entropy& entropy);
  Udp(const Udp&) = delete;
  Udp& operator=(const Udp&) = delete;

  // ---- Every call with a stale or unknown id returns kNoSuchId ----

  /// Makes a socket. kNoSuchAddress; kInvalidArgument for an unknown interface; kAddressInUse when
  /// another socket is bound to that address and port there; kNoFreePort; kTableFull.
  Result<UdpId> bind(const UdpBind& request);
  /// Makes the socket receive from this peer only, and report ICMP port unreachable from it (RFC
  /// 1122, 4.1.3.3). kNoRoute; kInvalidArgument for a broadcast address.
  Error connect(UdpId id, const Endpoint& remote);
  /// Sends to the peer that the socket is connected to; else kNotConnected.
  Error send(UdpId id, std::span<const std::byte> payload);
  /// Sends a datagram, whose bytes are sent or copied before the call returns; one larger than the
  /// interface's MTU leaves in fragments. kInvalidArgument: more than kUdpMaxPayload bytes, port 0,
  /// or a broadcast that the socket may not send, that has no interface to go to or that is larger
  /// than its MTU. kNoRoute. kNotSent: dropped for lack of room, and counted. `from` sets the
  /// source address, 0.0.0.0 included; by default it is the socket's address, or the first one that
  /// leads there.
  Error send_to(UdpId id, const Endpoint& remote, std::span<const std::byte> payload,
                std::optional<IpAddress> from = std::nullopt);
  /// Takes the oldest datagram from the receive queue, cut to `out`; nothing when the queue is
  /// empty or the id is stale.
  std::optional<Datagram> receive(UdpId id, std::span<std::byte> out);
  /// Closes the socket: datagrams not received are lost, and no further event is reported.
  Error close(UdpId id);

  /// Takes the events of the next socket that has any. While draining, any call is allowed.
  bool next_event(UdpEvent& event) override;

  // ---- Queries ----

  /// False when the id is stale or unknown.
  bool info(UdpId id, UdpSocketInfo& out) const;
  std::uint32_t socket_count() const { return tables_.sockets.size(); }
  /// Calls f(info) for every socket. f must not call this object.
  template <typename F>
  void for_each(F&& f) const {
    for (std::uint32_t slot = 0; slot < tables_.sockets.end(); ++slot) {
      if (tables_.sockets.live(slot)) f(info_of(slot));
    }
  }
  // For clients of UDP that are objects beside the stack, too.
  Stack& stack() { return stack_; }
  Counters& counters() { return parts_.counters; }

  // ---- Called by the stack ----
  void datagram_arrives(const PacketIn& packet) override;
  void error_arrives(const IcmpErrorIn& message) override;
  Audit audit() const override;

 private:
  struct Socket {
    Endpoint local;   // an unspecified address: any of the host's
    Endpoint remote;  // port 0: not connected
    std::optional<InterfaceId> interface;
    bool broadcast = false;
    bool on_ready = false;
    std::uint8_t events = 0;
    Token token;
    ByteQueue queue;  // each datagram behind its header
    std::uint32_t waiting = 0;
    std::uint32_t port_next = 0;  // the next in the same bucket, counted from one
    std::uint32_t ready_next = kNone, ready_previous = kNone;

    bool connected() const { return remote.port.value != 0; }
  };
  struct Tables {
    Tables(Arena& arena, const Capacities& capacities);
    SlotTable<Socket, UdpId> sockets;
    std::span<std::uint32_t> buckets;  // by port; heads counted from one
  };

  Udp(Arena arena, Stack& stack, const Entropy& entropy);

  // The hash needs no key: the host chooses its own ports, so no peer can make a chain long.
  std::uint32_t& bucket(Port port) {
    return tables_.buckets[port.value & (tables_.buckets.size() - 1)];
  }
  const std::uint32_t& bucket(Port port) const {
    return tables_.buckets[port.value & (tables_.buckets.size() - 1)];
  }
  /// The first socket on this port for which f(slot) is true; kNone where there is none.
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
  std::optional<InterfaceId> group_interface(const IpAddress& group) const;
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
