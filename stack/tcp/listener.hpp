// Listeners (LISTEN), with their accept queues and half-open handshakes.
#pragma once

#include <array>
#include <cstdint>

#include "stack/base/index_list.hpp"
#include "stack/base/slot_table.hpp"
#include "stack/tcp/connection.hpp"
#include "stack/tcp/half_open.hpp"
#include "stack/tcp/types.hpp"

namespace conker {

/// The limit of challenge ACKs and RSTs (RFC 5961, 7): in each second another number of answers,
/// kLeast or more and fewer than twice as many. With a constant limit an attacker could use it up
/// and learn from the missing answers about other peers.
struct AnswerBudget {
  static constexpr std::uint32_t kLeast = 500;

  Mark second;
  std::uint32_t left = kLeast;
};

struct Listener {
  Endpoint local;  // an unspecified address: any
  std::uint32_t backlog = 0;
  std::uint32_t half_open_cap = 0;
  Token token;
  CongestionAlgorithm congestion = CongestionAlgorithm::kNewReno;
  Keepalive keepalive;
  HalfOpenTable::List half_open;
  /// Established, and not yet seen by the application.
  IndexList<Connection, &Lists::accept_next, &Lists::accept_previous> accept_queue;
  std::uint32_t port_next = kNone;
  std::uint32_t ready_next = kNone;
  bool on_ready = false;
  AnswerBudget resets;  // of ACKs that belong to nothing
};

class ListenerTable {
 public:
  ListenerTable(Arena& arena, std::uint32_t capacity) : slots_(arena, capacity) {
    by_port_.fill(kNone);
  }

  /// kNone when the table is full.
  std::uint32_t add(const Endpoint& local);
  void remove(std::uint32_t slot);
  /// The listener for segments to this address and port: one of that very address before one of
  /// any. kNone if none.
  std::uint32_t find(const IpAddress& address, Port port) const;
  /// The one that was added with exactly this endpoint.
  std::uint32_t find_exact(const Endpoint& local) const;
  bool port_taken(Port port) const;

  Listener* find(ListenerId id) { return slots_.find(id); }
  Listener& operator[](std::uint32_t slot) { return slots_[slot]; }
  const Listener& operator[](std::uint32_t slot) const { return slots_[slot]; }
  ListenerId id(std::uint32_t slot) const { return slots_.id(slot); }
  bool live(std::uint32_t slot) const { return slots_.live(slot); }
  std::uint32_t end() const { return slots_.end(); }
  std::uint32_t size() const { return slots_.size(); }
  std::uint32_t capacity() const { return slots_.capacity(); }

 private:
  static constexpr std::uint32_t kBuckets = 64;
  static std::uint32_t bucket(Port port) { return port.value % kBuckets; }

  SlotTable<Listener, ListenerId> slots_;
  std::array<std::uint32_t, kBuckets> by_port_;
};

}  // namespace conker
