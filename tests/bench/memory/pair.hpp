// Two stacks in one thread, joined by a wire in memory: the left one opens, the right one accepts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "daemon/mapping.hpp"
#include "stack/ip4/ipv4.hpp"
#include "stack/stack.hpp"
#include "tests/bench/memory/strike.hpp"
#include "tests/bench/memory/wire.hpp"

namespace conker::bench {

/// A stack with its storage and its end of the wire.
class Host {
 public:
  Host(std::uint8_t number, const Capacities& capacities, std::size_t frames, bool huge_pages);

  /// Runs one turn; `speak` is called after its events.
  template <typename OnEvent, typename Speak>
  void turn(Instant now, OnEvent&& on_event, Speak&& speak) {
    stack.begin(now);
    while (const std::size_t n = link.receive(batch_, now))
      stack.input({}, std::span(batch_).first(n));
    stack.timers();
    for (Event event; stack.next_event(event);) on_event(event);
    speak();
    stack.output();
    stack.reap();
  }

  std::span<const std::byte> storage() const { return storage_.bytes(); }

 private:
  daemon::Mapping storage_;
  std::array<FrameIn, kBatch> batch_;

 public:
  WireEnd link;
  Stack stack;
  Ipv4 ipv4;
};

class Pair {
 public:
  explicit Pair(const StrikeOptions& options);

  /// Capacities of the left and of the right stack.
  static Capacities left_capacities(const StrikeOptions& options);
  static Capacities right_capacities(const StrikeOptions& options);

  /// Establishes options.idle connections, which stay idle. Throws when it takes too long.
  void open_idle();
  /// Opens and closes connections until `end`.
  void strike(Instant end);
  /// Opens and closes connections until the left stack's TIME-WAIT table is full. Throws when it
  /// takes so long that the first records expire before.
  void fill_time_wait();
  /// Opens the idle connections, then does what options.warm_until_full says.
  void warm_up();

  Tally tally() const;
  /// Throws when the audit of a stack does not balance or an idle connection has ended.
  void check() const;

  const Host& left() const { return left_; }
  const Host& right() const { return right_; }

 private:
  template <typename Open>
  void turn(Open&& open);
  void resolve_neighbours();
  bool connect(std::uint16_t port, std::uint32_t kind);
  void open_strikes();

  StrikeOptions options_;
  Host left_, right_;
  std::vector<IpAddress> addresses_;  // of the left stack
  std::size_t next_address_ = 0;
  Instant now_{};
  std::uint64_t begun_ = 0, ended_ = 0;  // connections of the strike
  std::uint32_t idle_under_way_ = 0;     // idle connections being established
  std::uint64_t idle_ended_ = 0;
};

}  // namespace conker::bench
