#include "stack/udp/udp.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "stack/wire/udp.hpp"

namespace conker {
namespace {

/// The header that precedes each datagram in a receive queue.
struct Envelope {
  IpAddress source, destination;
  Port source_port;
  std::uint16_t length = 0;
  InterfaceId interface;
};
constexpr std::uint32_t kEnvelope = sizeof(Envelope);

constexpr std::uint64_t kPurpose = 0x6056;

}  // namespace

// ---- Tables ----

Udp::Tables::Tables(Arena& arena, const Capacities& capacities)
    : sockets(arena, capacities.udp_sockets),
      buckets(arena.take<std::uint32_t>(std::bit_ceil(std::size_t{capacities.udp_sockets} + 1))) {}

std::size_t Udp::storage_bytes(const Capacities& capacities) {
  Arena arena;
  const Tables tables(arena, capacities);
  return arena.used();
}

Udp::Udp(std::span<std::byte> storage, Stack& stack, const Entropy& entropy)
    : Udp(Arena(storage), stack, entropy) {}

Udp::Udp(Arena arena, Stack& stack, const Entropy& entropy)
    : stack_(stack),
      parts_(stack.add_udp(*this)),
      tables_(arena, stack.capacities()),
      random_(SipKey{entropy.words[0], entropy.words[1]}, kPurpose) {}

// ---- Calls ----

/// Whether another socket is bound to receive the same datagrams.
bool Udp::taken(const Endpoint& local, std::optional<InterfaceId> interface,
                std::uint32_t but) const {
  return find(local.port, [&](std::uint32_t slot) {
           const Socket& other = tables_.sockets[slot];
           return slot != but && other.local.address == local.address &&
                  other.interface == interface;
         }) != kNone;
}

// Per RFC 6056, 3.3.1, a random port, and from there on the first that is not in use on any
// address.
Port Udp::choose_port() {
  const std::uint32_t first = parts_.settings.first_port.value;
  const std::uint32_t range = parts_.settings.last_port.value - first + 1u;
  const std::uint32_t offset = random_.below(range);
  for (std::uint32_t i = 0; i < range; ++i) {
    const Port port{static_cast<std::uint16_t>(first + (offset + i) % range)};
    if (find(port, [](std::uint32_t) { return true; }) == kNone) return port;
  }
  return Port{};
}

Result<UdpId> Udp::bind(const UdpBind& request) {
  Endpoint local = request.local;
  // All unspecified addresses become one, so that two of them compare equal.
  if (local.address.is_unspecified()) local.address = IpAddress();
  if (local.address != IpAddress() && !parts_.network.is_local(local.address))
    return Error::kNoSuchAddress;
  if (request.interface && !parts_.network.has_interface(*request.interface))
    return Error::kInvalidArgument;
  if (local.port.value == 0) local.port = choose_port();
  if (local.port.value == 0) return Error::kNoFreePort;
  if (taken(local, request.interface, kNone)) return Error::kAddressInUse;
  const std::uint32_t slot = tables_.sockets.take();
  if (slot == kNone) return Error::kTableFull;
  Socket& socket = tables_.sockets[slot];
  socket.local = local;
  socket.interface = request.interface;
  socket.broadcast = request.broadcast;
  socket.token = request.token;
  std::uint32_t& head = bucket(local.port);
  socket.port_next = head;
  head = slot + 1;
  return tables_.sockets.id(slot);
}

// Sets the local address as well: the peer of a query does not answer to another address (RFC 5452,
// 9.1).
Error Udp::connect(UdpId id, const Endpoint& remote) {
  Socket* socket = tables_.sockets.find(id);
  if (socket == nullptr) return Error::kNoSuchId;
  if (remote.port.value == 0) return Error::kInvalidArgument;
  const auto source = parts_.network.source_for(remote.address);
  if (!source) return source.error();
  Endpoint local = socket->local;
  if (local.address == IpAddress()) local.address = *source;
  if (taken(local, socket->interface, id.slot)) return Error::kAddressInUse;
  socket->local = local;
  socket->remote = remote;
  return Error::kOk;
}

Error Udp::send(UdpId id, std::span<const std::byte> payload) {
  const Socket* socket = tables_.sockets.find(id);
  if (socket == nullptr) return Error::kNoSuchId;
  return socket->connected() ? transmit(*socket, socket->remote, payload, {})
                             : Error::kNotConnected;
}

Error Udp::send_to(UdpId id, const Endpoint& remote, std::span<const std::byte> payload,
                   std::optional<IpAddress> from) {
  const Socket* socket = tables_.sockets.find(id);
  return socket == nullptr ? Error::kNoSuchId : transmit(*socket, remote, payload, from);
}

std::optional<Datagram> Udp::receive(UdpId id, std::span<std::byte> out) {
  Socket* socket = tables_.sockets.find(id);
  if (socket == nullptr || socket->waiting == 0) return std::nullopt;
  Envelope envelope;
  socket->queue.copy(parts_.chunks, std::as_writable_bytes(std::span(&envelope, 1)));
  socket->queue.consume(parts_.chunks, kEnvelope);
  socket->queue.copy(parts_.chunks, out.first(std::min<std::size_t>(out.size(), envelope.length)));
  socket->queue.consume(parts_.chunks, envelope.length);
  --socket->waiting;
  parts_.counters.add(Count::datagrams_received);
  return Datagram{{envelope.source, envelope.source_port},
                  envelope.destination,
                  envelope.interface,
                  envelope.length};
}

Error Udp::close(UdpId id) {
  Socket* socket = tables_.sockets.find(id);
  if (socket == nullptr) return Error::kNoSuchId;
  parts_.counters.add(Count::datagrams_discarded, socket->waiting);
  socket->queue.clear(parts_.chunks);
  if (socket->on_ready) ready_.remove(tables_.sockets, id.slot);
  std::uint32_t* link = &bucket(socket->local.port);
  while (*link != id.slot + 1) link = &tables_.sockets[*link - 1].port_next;
  *link = socket->port_next;
  tables_.sockets.free(id.slot);
  return Error::kOk;
}

// ---- Events ----

void Udp::post(std::uint32_t slot, std::uint8_t bits) {
  Socket& socket = tables_.sockets[slot];
  socket.events |= bits;
  if (socket.on_ready) return;
  socket.on_ready = true;
  ready_.push(tables_.sockets, slot);
}

bool Udp::next_event(UdpEvent& event) {
  const std::uint32_t slot = ready_.head();
  if (slot == kNone) return false;
  Socket& socket = tables_.sockets[slot];
  ready_.remove(tables_.sockets, slot);
  event = UdpEvent{socket.events, socket.token, tables_.sockets.id(slot)};
  socket.on_ready = false;
  socket.events = 0;
  return true;
}

// ---- Sending ----

Error Udp::transmit(const Socket& socket, const Endpoint& to, std::span<const std::byte> payload,
                    std::optional<IpAddress> from) {
  if (to.port.value == 0 || payload.size() > kUdpMaxPayload) return Error::kInvalidArgument;
  PacketOut packet;
  packet.source = from.value_or(socket.local.address);
  const bool multicast = !to.address.is_v4() && to.address.is_multicast();
  if (multicast || parts_.network.is_broadcast(to.address))
    return transmit_to_all(socket, to, packet, payload);
  const auto source = parts_.network.source_for(to.address);
  if (!source) return source.error();
  packet.may_fragment = true;
  if (packet.source == IpAddress()) packet.source = *source;
  return hand_down(socket, to, packet, payload, std::nullopt);
}

// The interface over which a group of hosts is reached: that of a broadcast address's prefix, or of
// a multicast address's zone.
std::optional<InterfaceId> Udp::group_interface(const IpAddress& group) const {
  if (group.is_v4()) return parts_.network.broadcasts_on(group);
  const std::uint16_t zone = group.zone();
  if (zone == 0 || !parts_.network.has_interface({static_cast<std::uint8_t>(zone - 1)}))
    return std::nullopt;
  return InterfaceId{static_cast<std::uint8_t>(zone - 1)};
}

// Per RFC 1122, 3.3.6 and 4.1.3.3, only a socket that asked for it may send broadcasts.
Error Udp::transmit_to_all(const Socket& socket, const Endpoint& to, PacketOut& packet,
                           std::span<const std::byte> payload) {
  const auto on = socket.interface ? socket.interface : group_interface(to.address);
  if (!on || (to.address.is_v4() && !socket.broadcast)) return Error::kInvalidArgument;
  if (parts_.network.header_bytes(to.address) + kUdpHeader + payload.size() >
      parts_.network.mtu(*on))
    return Error::kInvalidArgument;
  // Per RFC 1122, 3.2.1.3 (a), a host without an address sends from 0.0.0.0.
  if (packet.source == IpAddress()) packet.source = parts_.network.source_on(*on, to.address);
  return hand_down(socket, to, packet, payload, on);
}

Error Udp::hand_down(const Socket& socket, const Endpoint& to, PacketOut& packet,
                     std::span<const std::byte> payload, std::optional<InterfaceId> everybody_on) {
  packet.destination = to.address;
  packet.protocol = kProtocolUdp;
  packet.transport_length = kUdpHeader;
  packet.payload = payload;
  emit_udp({socket.local.port, to.port, payload}, packet.source, packet.destination,
           packet.transport());
  const Sent sent = everybody_on ? parts_.network.send_to_group(*everybody_on, packet)
                                 : parts_.network.send(packet);
  parts_.network.flush();  // the payload belongs to the caller
  if (sent == Sent::kBusy) parts_.counters.add(Count::drop_datagram_link_busy);
  if (sent != Sent::kSent) return Error::kNotSent;
  parts_.counters.add(Count::datagrams_out);
  return Error::kOk;
}

// ---- Receiving ----

void Udp::datagram_arrives(const PacketIn& packet) {
  parts_.counters.add(Count::datagrams_in);
  parts_.counters.add(dispatch(packet));
}

/// Delivers a datagram; returns the counter of what became of it.
Count Udp::dispatch(const PacketIn& packet) {
  const auto datagram = parse_udp(packet.payload);
  if (!datagram || datagram->destination.value == 0) return Count::drop_datagram_malformed;
  if (packet.checksum == ChecksumState::kUnknown &&
      !verify_udp_checksum(packet.payload, packet.source, packet.destination)) {
    return Count::drop_datagram_checksum;
  }
  const bool to_all = !parts_.network.is_local(packet.destination);
  const std::uint32_t slot = receiver(packet, datagram->source, datagram->destination, to_all);
  if (slot != kNone) return deliver(slot, packet, datagram->source, datagram->payload);
  // Per RFC 1122, 3.2.2, a broadcast causes no port unreachable.
  if (to_all) return Count::drop_datagram_broadcast;
  parts_.network.port_unreachable(packet);
  return Count::drop_datagram_no_socket;
}

/// The socket with the closest match: a connected peer before a bound address before an interface.
std::uint32_t Udp::receiver(const PacketIn& packet, Port source, Port destination,
                            bool to_all) const {
  std::uint32_t best = kNone;
  int best_score = -1;
  (void)find(destination, [&](std::uint32_t slot) {
    const Socket& socket = tables_.sockets[slot];
    const bool any_address = socket.local.address == IpAddress();
    if (to_all ? !socket.broadcast || !any_address
               : !any_address && socket.local.address != packet.destination) {
      return false;
    }
    if (socket.interface && *socket.interface != packet.interface) return false;
    if (socket.connected() && socket.remote != Endpoint{packet.source, source}) return false;
    const int score =
        (socket.connected() ? 4 : 0) + (any_address ? 0 : 2) + (socket.interface ? 1 : 0);
    if (score > best_score) {
      best_score = score;
      best = slot;
    }
    return false;
  });
  return best;
}

Count Udp::deliver(std::uint32_t slot, const PacketIn& packet, Port source,
                   std::span<const std::byte> payload) {
  Socket& socket = tables_.sockets[slot];
  ChunkPool& chunks = parts_.chunks;
  const auto length = static_cast<std::uint32_t>(payload.size());
  // An empty queue takes a datagram of any size: a bound that counts the queue's headers would
  // never admit the largest.
  if (!socket.queue.empty() &&
      socket.queue.size() + kEnvelope + length > parts_.settings.udp_receive_buffer) {
    return Count::drop_datagram_queue;
  }
  const Claim claim = socket.queue.empty() ? Claim::kFirst : Claim::kMore;
  if (chunks.available(Use::kDatagrams, claim) < chunks.chunks_for(kEnvelope + length)) {
    return Count::drop_datagram_no_buffer;
  }
  const Envelope envelope{packet.source, packet.destination, source,
                          static_cast<std::uint16_t>(length), packet.interface};
  socket.queue.append(chunks, std::as_bytes(std::span(&envelope, 1)), Use::kDatagrams, claim);
  socket.queue.append(chunks, payload, Use::kDatagrams, claim);
  ++socket.waiting;
  post(slot, UdpEvent::kReadable);
  return Count::datagrams_delivered;
}

void Udp::error_arrives(const IcmpErrorIn& message) {
  // Per RFC 1122, 3.2.2.1, only port and protocol unreachable are permanent; the other kinds may be
  // transient.
  if (message.error.kind != IcmpKind::kPortUnreachable &&
      message.error.kind != IcmpKind::kProtocolUnreachable)
    return;
  const FourTuple& quoted = message.tuple;
  const std::uint32_t slot = find(quoted.local_port, [&](std::uint32_t candidate) {
    const Socket& socket = tables_.sockets[candidate];
    return socket.local.address == quoted.local &&
           socket.remote == Endpoint{quoted.remote, quoted.remote_port};
  });
  if (slot == kNone) return;
  parts_.counters.add(Count::icmp_unreachable_accepted);
  post(slot, UdpEvent::kRefused);
}

// ---- Queries ----

UdpSocketInfo Udp::info_of(std::uint32_t slot) const {
  const Socket& socket = tables_.sockets[slot];
  return UdpSocketInfo{tables_.sockets.id(slot), socket.local,        socket.remote,
                       socket.waiting,           socket.queue.size(), socket.token};
}

bool Udp::info(UdpId id, UdpSocketInfo& out) const {
  if (tables_.sockets.find(id) == nullptr) return false;
  out = info_of(id.slot);
  return true;
}

Udp::Audit Udp::audit() const {
  Audit result;
  const auto check = [&result](bool good, const char* fault) {
    if (!good && result.fault == nullptr) result.fault = fault;
  };
  std::uint64_t waiting = 0;
  std::uint32_t ready = 0;
  for (std::uint32_t slot = 0; slot < tables_.sockets.end(); ++slot) {
    if (!tables_.sockets.live(slot)) continue;
    const Socket& socket = tables_.sockets[slot];
    waiting += socket.waiting;
    ready += socket.on_ready ? 1 : 0;
    result.chunks_held += socket.queue.chunks(parts_.chunks);
    check(find(socket.local.port, [slot](std::uint32_t other) { return other == slot; }) == slot,
          "datagrams do not find a UDP socket");
    check(socket.queue.size() >= socket.waiting * kEnvelope,
          "a UDP receive queue lacks an envelope");
    check((socket.waiting == 0) == socket.queue.empty(),
          "a UDP receive queue holds bytes of no datagram");
  }
  check(ready == ready_.size(), "UDP sockets with events and their list disagree");
  const auto n = [this](Count count) { return parts_.counters[count]; };
  check(n(Count::datagrams_in) ==
            n(Count::datagrams_delivered) + n(Count::drop_datagram_malformed) +
                n(Count::drop_datagram_checksum) + n(Count::drop_datagram_no_socket) +
                n(Count::drop_datagram_broadcast) + n(Count::drop_datagram_queue) +
                n(Count::drop_datagram_no_buffer),
        "datagrams received do not equal those delivered and those dropped");
  check(n(Count::datagrams_delivered) ==
            n(Count::datagrams_received) + n(Count::datagrams_discarded) + waiting,
        "datagrams delivered do not equal those read, those discarded and those that wait");
  return result;
}

}  // namespace conker
