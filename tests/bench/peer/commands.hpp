// What the peer can do. Each command runs until its work is done or SIGTERM comes, and ends with
// one line of JSON.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <string>
#include <vector>

namespace conker::peer {

/// Accepts and closes as fast as it can.
void accept_close(const sockaddr_in& local);
/// Gives everything back; half-close is answered by half-close.
void echo(const sockaddr_in& local);
/// Accepts and keeps every connection, reading nothing.
void hold(const sockaddr_in& local);

/// Accepts one connection, reads it to its end, prints bytes and hash.
void sink(const sockaddr_in& local);
/// Accepts one connection, sends `bytes` bytes of the stream of `seed`, half-closes, waits for the
/// peer's end.
void source(const sockaddr_in& local, std::uint64_t bytes, std::uint64_t seed);
/// The stream of `seed` to standard output; bytes and hash to standard error.
void generate(std::uint64_t bytes, std::uint64_t seed);
/// Bytes and hash of standard input.
void hash_input();

/// The kernel's TCP as a striker.
struct StrikeOptions {
  sockaddr_in target{};
  std::vector<sockaddr_in> sources;  // used in turn; empty: the kernel chooses
  std::uint64_t cycles = 0;          // 0: no limit by count
  double duration_s = 0;             // 0: no limit by time
  unsigned concurrency = 1;  // 1: blocking connects in a loop; more: that many in flight with epoll
  bool reset = false;        // close by RST instead of FIN
};
void strike(const StrikeOptions& options);

/// Bulk over connections that we open, until the time is over; a warm-up of half a second besides
/// does not count.
struct StreamsOptions {
  sockaddr_in target{};
  bool send = false;  // what counts is acknowledged; if not: receive, and what counts has been read
  unsigned connections = 1;
  double seconds = 5;
};
/// Ends with bytes and rate of all together, Jain's fairness (1: all alike) and the bytes of each.
/// Throws when the other side closes before.
void streams(const StreamsOptions& options);

/// One byte there and, from whoever echoes it, one back, for so long; ends with how many, their
/// median and the time that 99 % of them stayed within.
void round_trips(const sockaddr_in& target, double seconds);

/// Connections that are opened one after the other and kept until SIGTERM, which resets them.
struct IdleOptions {
  sockaddr_in target{};
  std::vector<sockaddr_in> sources;  // used in turn; empty: the kernel chooses
  unsigned connections = 1;
};
/// Says so when all are open.
void idle(const IdleOptions& options);

}  // namespace conker::peer
