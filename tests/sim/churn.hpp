// Churn: connections opened and closed as fast as two stacks in memory can, through every way of
// closing, with an audit that balances all the while. For the long run: in parts, each with a line
// in a ledger.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace conker::sim {

/// The close matrix.
enum class Close : std::uint8_t {
  kFinFirst,        // FIN first by us
  kPeerFirst,       // FIN first by the peer
  kSimultaneous,    // both at once
  kHalfByUs,        // half-close, the peer goes on sending
  kHalfByPeer,      // the other way round
  kReset,           // RST
  kResetUnread,     // RST because of unread data
  kSilence,         // SYN, then silence
  kAbortInSynSent,  // abort in SYN-SENT, before or after the SYN has left
  kDataInFin,       // data in the FIN segment
  kUnsentData,      // close with data that the window does not let go yet
  kReopen,          // the same four-tuple again at once
  kRefused,         // nobody listens
};
inline constexpr std::size_t kCloses = 13;
const char* to_string(Close close);

struct ChurnFigures {
  std::uint64_t cycles = 0;  // connections that we opened and that have ended
  std::array<std::uint64_t, kCloses> by_close{};
  // How they ended, by both ends' last events.
  std::uint64_t closed = 0, reset = 0, aborted = 0, refused = 0, timed_out = 0, other = 0;
  std::uint64_t segments = 0, lost = 0, repeated = 0, overtaken = 0, garbled = 0;
  std::uint64_t audits = 0, rounds = 0, bytes = 0;
  std::uint64_t time_wait_evicted = 0, time_wait_reused = 0, retransmits = 0;
  std::uint64_t simulated_us = 0;

  void add(const ChurnFigures& other);
};

struct ChurnOptions {
  std::uint64_t seed = 1;
  std::uint64_t cycles = 10'000'000;  // of all parts together, those in the ledger included
  std::uint64_t part = 20'000'000;    // cycles
  double seconds = 0;                 // 0: no bound
  std::uint32_t audit_every = 256;    // rounds
  std::string ledger;                 // empty: none
  bool json = false;
};

/// The exit code.
int churn(const ChurnOptions& options);

struct Board;
/// One part; notes on the board what was found.
void churn_part(Board& board, std::uint64_t seed, std::uint64_t cycles, std::uint32_t audit_every);

}  // namespace conker::sim
