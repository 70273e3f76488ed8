// The stack as its embedder sees it. One turn is:
//
//     stack.begin(now)              the time of this turn
//     stack.input(...)              1 a batch of frames from each link
//     stack.timers()                2 timers that have expired
//     while (stack.next_event(e))   3 the embedder reads the events and may call anything
//     stack.output()                4 dirty connections send
//     stack.reap()                  5 connections in Destroy whose end has been told are freed
//
// and then, unless wants_turn(), the embedder may sleep until next_deadline(). Steps 1 to 4 never
// free a connection; step 5 never sends, never calls out. The stack makes no system call, allocates
// nothing after construction and has no globals.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/arena.hpp"
#include "stack/base/chunk_pool.hpp"
#include "stack/base/counters.hpp"
#include "stack/base/field.hpp"
#include "stack/base/result.hpp"
#include "stack/base/time.hpp"
#include "stack/base/timer_wheel.hpp"
#include "stack/link/link.hpp"
#include "stack/net/datagrams.hpp"
#include "stack/net/network.hpp"
#include "stack/settings.hpp"
#include "stack/tcp/types.hpp"

namespace conker {

class CongestionControl;
class Cookies;
class Probes;
class Recovery;
class Tcp;

/// What an audit finds, at one moment. `live` is counted by walking the table, never by
/// subtraction.
struct Audit {
  std::uint64_t opened = 0;  // actively and passively
  std::uint64_t closed = 0, reset = 0, aborted = 0, timed_out = 0, refused = 0, other = 0;
  std::uint64_t live = 0;
  std::uint64_t half_open = 0, time_wait = 0, listeners = 0;  // records there are now, walked
  std::uint64_t chunks_held = 0;  // walked: queues of connections, neighbours and sockets
  StateCounts in_state{};         // connections and records, walked
  /// The first thing that is wrong, in plain words; null when everything balances.
  const char* fault = nullptr;
  bool balanced() const { return fault == nullptr; }

  static constexpr void visit(auto& self, auto&& field) {
    field("opened", self.opened, About{.help = "connections, actively and passively"});
    field("closed", self.closed, About{.help = "of them: in order"});
    field("reset", self.reset, About{.help = "of them: by the peer"});
    field("aborted", self.aborted, About{.help = "of them: reset by us"});
    field("timed_out", self.timed_out, About{.help = "of them: the peer did not answer"});
    field("refused", self.refused, About{.help = "of them: while connecting"});
    field("other", self.other, About{.help = "of them: for other reasons"});
    field("live", self.live, About{.help = "of them: counted by walking", .now = true});
    field("half_open", self.half_open, About{.help = "records of handshakes", .now = true});
    field("time_wait", self.time_wait, About{.help = "records of TIME-WAIT", .now = true});
    field("listeners", self.listeners, About{.help = "records", .now = true});
    field("balanced", self.balanced(), About{.help = "whether all that the stack counts adds up"});
    field("fault", self.fault, About{.help = "the first one that does not; null"});
  }
};

/// Optional parts. An image that names none of them does not link them. Each must outlive the
/// stack. IPv4 and UDP are not among them: they are objects that are made of a stack
/// (stack/ip4/ipv4.hpp, stack/udp/udp.hpp).
struct Parts {
  /// CUBIC (RFC 9438), for connections that ask for it; null: they have NewReno.
  const CongestionControl* cubic = nullptr;
  /// Losses repaired by SACK and time (RFC 6675, RFC 8985); null: by duplicate ACKs alone.
  const Recovery* recovery = nullptr;
  /// Answers SYNs for which there is no half-open record (RFC 4987, 3.6); null: they are dropped.
  Cookies* cookies = nullptr;
  /// Puts fragments together; null: they are dropped.
  Reassembler* reassembler = nullptr;
};

class Stack {
 public:
  /// How many bytes of storage these capacities take.
  static std::size_t storage_bytes(const Capacities& capacities);
  /// The storage that this stack needs, in bytes. Where it is more than was handed in, the stack
  /// must not be used. For an embedder without room for storage_bytes(), which makes a second stack
  /// to measure.
  std::size_t storage_used() const { return used_; }

  /// `storage` must be zeroed, aligned to 16 bytes, at least storage_bytes() long, and outlive the
  /// stack. Pages of it that are never needed are never touched. `entropy` must be unpredictable to
  /// peers.
  Stack(std::span<std::byte> storage, const Capacities& capacities, const Settings& settings,
        const Entropy& entropy, const Parts& parts = {});
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  // ---- One turn ----

  /// Begins a turn at `now`, the time until the next begin(). It must not run backwards.
  void begin(Instant now);
  /// Processes frames received on an interface; their bytes must stay only during the call.
  void input(InterfaceId interface, std::span<const FrameIn> frames);
  /// Processes expired timers.
  void timers();
  /// Takes the events of the next connection or listener; false when none are pending. Any call is
  /// allowed between two. Once applications have written 256 KiB in a turn the other events wait
  /// for the next (wants_turn()), so that output() finds the bytes in the cache.
  bool next_event(Event& event);
  /// Takes the events of the next UDP socket; false when none are pending, or without UDP.
  bool next_udp_event(UdpEvent& event) { return udp_ != nullptr && udp_->next_event(event); }
  bool next_echo_reply(EchoReply& reply) { return network_.next_echo_reply(reply); }
  /// Takes the event of the next address of this host: probing has ended, or there is a conflict.
  bool next_address_event(AddressEvent& event) { return network_.next_address_event(event); }
  void output();
  void reap();
  /// When timers() has something to do, if nothing else happens; kNever when nothing is pending. At
  /// or before `now` means at once.
  Instant next_deadline() const;
  /// Whether output() has something to do: something is dirty and not merely waiting for a link or
  /// a neighbour.
  bool wants_output() const;
  /// Whether the next turn has something to do at once: output(), or events that have not been
  /// told.
  bool wants_turn() const;

  // ---- The network ----

  /// The link must outlive the stack. `mtu` is the largest IP packet, 576 to 65535.
  Result<InterfaceId> add_interface(Link& link, const MacAddress& mac, std::uint16_t mtu) {
    return network_.add_interface(link, mac, mtu);
  }
  /// Adds an address of this host; its prefix is reached directly over the interface. Several are
  /// allowed. The address is announced on the link and used, after it has been probed for where
  /// `options` say so (RFC 5227).
  Error add_address(InterfaceId interface, const Prefix& address,
                    const AddressOptions& options = {}) {
    return network_.add_address(interface, address, options);
  }
  /// Removes an address. Its connections stay and time out: abort them first.
  Error remove_address(const IpAddress& address) { return network_.remove_address(address); }
  /// To be called when the link has come up after it was down, or leads to another network:
  /// addresses are announced again, and neighbours resolved anew. Connections stay.
  void link_up(InterfaceId interface) { network_.link_up(interface); }
  /// Adds a route to a prefix: over a gateway within a prefix of this host's addresses, or over an
  /// interface on which its hosts are neighbours. The longest prefix wins. kAddressInUse where the
  /// prefix has such a route already.
  Error add_route(const Prefix& to, const IpAddress& gateway) {
    return network_.add_route(to, gateway);
  }
  Error add_route(const Prefix& to, InterfaceId interface) {
    return network_.add_route(to, interface);
  }
  /// Removes a route that was added for exactly this prefix; kNoRoute when there is none.
  Error remove_route(const Prefix& to) { return network_.remove_route(to); }
  /// Sets the default gateway, the route to 0.0.0.0/0, in place of an earlier one.
  Error set_gateway(const IpAddress& gateway) { return network_.set_gateway(gateway); }
  /// Sends one ICMP echo request; the answer comes from next_echo_reply(). Up to 65507 bytes of
  /// payload; what the interface does not carry in one piece leaves in fragments.
  Error ping(const IpAddress& to, std::uint16_t identifier, std::uint16_t sequence,
             std::span<const std::byte> payload) {
    return network_.ping(to, identifier, sequence, payload);
  }

  // ---- TCP (RFC 9293, 3.9.1). kNoSuchId: an id that names nothing ----

  /// Active OPEN. The SYN leaves with the next output().
  Result<ConnectionId> connect(const ConnectRequest& request);
  /// Passive OPEN.
  Result<ListenerId> listen(const ListenRequest& request);
  /// Ends a listener: its unfinished handshakes are dropped, its connections that wait for accept()
  /// reset.
  Error unlisten(ListenerId id);
  /// Takes the oldest connection of the accept queue; kNoSuchId also when it is empty.
  Result<ConnectionId> accept(ListenerId id);

  /// SEND: queues as many bytes as there is room for and returns how many; after a short count a
  /// Writable event follows.
  Result<std::uint32_t> send(ConnectionId id, std::span<const std::byte> bytes);
  /// How many received bytes were not consumed, and whether the peer's FIN follows them.
  Result<Unread> unread(ConnectionId id) const;
  /// The received bytes, in place, as up to out.size() pieces; returns how many. They stay until
  /// consume().
  Result<std::uint32_t> peek(ConnectionId id, std::span<std::span<const std::byte>> out) const;
  /// Removes the first n received bytes, which opens the window. kInvalidArgument: more than there
  /// are.
  Error consume(ConnectionId id, std::uint32_t n);
  /// RECEIVE: copies received bytes out and consumes them. 0 when there are none.
  Result<std::uint32_t> receive(ConnectionId id, std::span<std::byte> out);

  /// Half-close: sends a FIN behind the queued data; receiving goes on.
  Error shutdown(ConnectionId id);
  /// CLOSE: sends the queued data, then a FIN; nothing more is read. With unread data the peer is
  /// sent a RST instead (RFC 9293, 3.10.4; RFC 2525, 2.17).
  Error close(ConnectionId id);
  /// CLOSE with a bound: resets a connection that has not closed in an orderly way by then; 0
  /// resets at once.
  Error close(ConnectionId id, Duration bound);
  /// ABORT: sends a RST and ends the connection.
  Error abort(ConnectionId id);
  /// Sets keepalive (RFC 9293, 3.8.4): probes a silent peer; an idle time of 0 stops it.
  /// kInvalidArgument: a count below 2, a time above a week.
  Error set_keepalive(ConnectionId id, const Keepalive& keepalive);
  /// Sets the user timeout (RFC 9293, 3.10.8): how long data may stay unacknowledged, closed
  /// windows included, up to a week; 0: settings.retransmits decides. The peer is told where
  /// settings.user_timeout_option is on (RFC 5482), and its own timeout is no longer adopted.
  Error set_user_timeout(ConnectionId id, Duration timeout);
  Error set_token(ConnectionId id, Token token);
  /// With `no_delay` small segments do not wait until earlier ones are acknowledged: without the
  /// Nagle algorithm (RFC 9293, 3.7.4).
  Error set_no_delay(ConnectionId id, bool no_delay);

  // ---- Protocols that are objects beside the stack ----

  /// What a network protocol is made of; a stack needs one before it is given an address.
  NetworkProtocol::Parts parts() { return network_.parts(); }

  /// Called by the constructor of `udp`, which receives protocol 17 from then on and must outlive
  /// all turns.
  DatagramProtocol::Parts add_udp(DatagramProtocol& udp) {
    udp_ = &udp;
    chunks_.open(Use::kDatagrams);
    network_.accept_udp();
    return {settings_, counters_, chunks_, network_};
  }

  // ---- Questions ----

  /// Whether our FIN was sent and acknowledged; false, too, when the id names nothing.
  bool fin_acknowledged(ConnectionId id) const;
  /// How many segments of a connection were sent again; 0 while it is idle (compact), and when the
  /// id names nothing.
  std::uint32_t retransmits(ConnectionId id) const;
  /// False when the id names nothing.
  bool info(ConnectionId id, ConnectionInfo& out) const;
  const Tcp& tcp() const { return *tcp_; }
  const Network& network() const { return network_; }
  const Counters& counters() const { return counters_; }
  const ChunkPool& chunks() const { return chunks_; }
  const Capacities& capacities() const { return capacities_; }
  const Settings& settings() const { return settings_; }
  Instant now() const { return now_; }

  /// Compares all counters and tables with each other. It walks everything: for tests and queries,
  /// not for every turn.
  Audit audit() const;

 private:
  // Sends segments of its own making (stack/strike/probes.hpp).
  friend class Probes;
  // Keeps silent towards SYNs (stack/strike/reception.hpp).
  friend class Reception;

  Stack(Arena arena, const Capacities& capacities, const Settings& settings,
        const Entropy& entropy);

  Capacities capacities_;
  Settings settings_;
  Counters counters_;
  Instant now_{};
  ChunkPool chunks_;
  TimerWheel wheel_;
  Network network_;
  Tcp* tcp_;                         // in the storage; null where there is none, or too little
  DatagramProtocol* udp_ = nullptr;  // null without UDP
  std::size_t used_;                 // bytes of storage
};

}  // namespace conker
