// The connections of the device: a flat table of fixed size, found by the peer's address and port.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "stack/base/address.hpp"
#include "stack/base/seq.hpp"
#include "stack/base/time.hpp"

namespace conker::device {

struct Connection {
  enum class State : std::uint8_t {
    kFree,
    kSynReceived,
    kEstablished,
    kFinWait,
    kLastAck,
    kClosed,  // TIME-WAIT, too
  };

  std::uint32_t remote = 0;  // IPv4 address
  std::uint16_t port = 0;    // of the peer
  std::uint16_t mss = 536;   // of the peer
  MacAddress mac;            // of the peer
  State state = State::kFree;
  bool chosen = false;   // to be answered wrongly, once
  bool waiting = false;  // an answer is late; what comes meanwhile is ignored
  bool deaf = false;     // nothing is answered any more
  Seq irs, isn, snd_nxt, rcv_nxt;
  Seq edge;                         // the right edge of the peer's window
  std::vector<std::byte> unsent;    // of the echo, for want of a window
  bool closing = false;             // the FIN follows it
  bool stuck = false;               // it is never sent
  bool repeats = false;             // the FIN is sent again until it is acknowledged
  std::uint8_t unacknowledged = 0;  // segments that came
  Seq held, held_end;               // text beyond a gap; from 0 where there is none
  bool held_fin = false;
  Instant closed_at{};
  Seq reopening;  // the SYN that wanted to open it again
};

/// A connection that has ended is kept for kKept, so that a FIN that comes again is acknowledged,
/// and makes room for others before. A table that is full of others takes no more.
class Connections {
 public:
  static constexpr Duration kKept = 5s;

  /// Null where there is none.
  Connection* find(std::uint32_t remote, std::uint16_t port, Instant now) {
    for (Connection& c : bucket(remote, port)) {
      if (c.remote != remote || c.port != port || c.state == Connection::State::kFree) continue;
      return forgotten(c, now) ? nullptr : &c;
    }
    return nullptr;
  }

  /// The connection is as if it had never been.
  static void forget(Connection& c) { c.state = Connection::State::kFree; }
  /// A record for a connection with this peer, in place of one that has ended; null where there is
  /// no room.
  Connection* make(std::uint32_t remote, std::uint16_t port) {
    Connection* place = nullptr;
    for (Connection& c : bucket(remote, port)) {
      if (c.remote == remote && c.port == port) {
        place = &c;
        break;
      }
      if (better(c, place)) place = &c;
    }
    if (place == nullptr) return nullptr;
    *place = Connection();
    place->remote = remote;
    place->port = port;
    return place;
  }

 private:
  static constexpr std::size_t kBuckets = 1 << 15, kWays = 8;

  static bool forgotten(const Connection& c, Instant now) {
    return c.state == Connection::State::kClosed && now - c.closed_at > kKept;
  }
  /// Whether `c` is a better place than `best` for a new record: free, or closed longer ago.
  static bool better(const Connection& c, const Connection* best) {
    if (c.state == Connection::State::kFree)
      return best == nullptr || best->state != Connection::State::kFree;
    if (c.state != Connection::State::kClosed) return false;
    return best == nullptr ||
           (best->state == Connection::State::kClosed && c.closed_at < best->closed_at);
  }
  std::span<Connection> bucket(std::uint32_t remote, std::uint16_t port) {
    const std::uint64_t hash = (std::uint64_t{remote} << 16 | port) * 0x9e3779b97f4a7c15;
    return std::span(records_).subspan((hash >> 49) * kWays, kWays);
  }

  std::vector<Connection> records_ = std::vector<Connection>(kBuckets * kWays);
};

}  // namespace conker::device
