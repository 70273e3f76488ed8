// The commands of conker_peer. Each runs until its work is done or SIGTERM arrives, and ends with
// one line of JSON.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <string>
#include <vector>

namespace conker::peer {

/// Accepts connections and closes them as fast as it can.
void accept_close(const sockaddr_in& local);
/// Sends every byte back; answers half-close with half-close.
void echo(const sockaddr_in& local);
/// Accepts connections and keeps them, reading nothing.
void hold(const sockaddr_in& local);

/// Accepts one connection, reads it to its end, prints bytes and hash.
void sink(const sockaddr_in& local);
/// Accepts one connection, sends `bytes` bytes of the stream of `seed`, half-closes, waits for the
/// peer's end.
void source(const sockaddr_in& local, std::uint64_t bytes, std::uint64_t seed);
/// Writes the stream of `seed` to standard output; bytes and hash to standard error.
void generate(std::uint64_t bytes, std::uint64_t seed);
/// Prints bytes and hash of standard input.
void hash_input();

/// Options of a strike by the kernel's TCP.
struct StrikeOptions {
  sockaddr_in target{};
  std::vector<sockaddr_in> sources;  // used in turn; empty: the kernel chooses
  std::uint64_t cycles = 0;          // 0: no limit by count
  double duration_s = 0;             // 0: no limit by time
  unsigned concurrency = 1;  // 1: blocking connects in a loop; more: that many in flight with epoll
  bool reset = false;        // close by RST instead of FIN
};
void strike(const StrikeOptions& options);

/// Options of a bulk transfer over connections that this side opens, for a given time; a warm-up of
/// half a second before it does not count.
struct StreamsOptions {
  sockaddr_in target{};
  bool send = false;  // count acknowledged bytes; if not: receive, and count bytes read
  unsigned connections = 1;
  double seconds = 5;
};
/// Prints bytes and rate of all connections together, Jain's fairness index (1: all alike) and the
/// bytes of each. Throws when the other side closes early.
void streams(const StreamsOptions& options);

/// Sends one byte and waits for its echo, again and again; prints the number, the median and the
/// 99th percentile of the round trips.
void round_trips(const sockaddr_in& target, double seconds);

/// Options of idle connections, which are opened one after the other and kept until SIGTERM, which
/// resets them.
struct IdleOptions {
  sockaddr_in target{};
  std::vector<sockaddr_in> sources;  // used in turn; empty: the kernel chooses
  unsigned connections = 1;
};
/// Prints a line when all are open.
void idle(const IdleOptions& options);

}  // namespace conker::peer
