// Churn, the long run: two stacks in memory open and close connections as fast as they can, by
// every row of the close matrix, and their audits are checked. A run is made of parts, each a line
// in a ledger.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace conker::sim {

/// The close matrix: the ways in which a connection ends.
enum class Close : std::uint8_t {
  kFinFirst,        // our FIN first
  kPeerFirst,       // the peer's FIN first
  kSimultaneous,    // simultaneous close
  kHalfByUs,        // half-close by us; the peer sends after it
  kHalfByPeer,      // half-close by the peer; we send after it
  kReset,           // abort: RST
  kResetUnread,     // the peer closes with unread data: RST
  kSilence,         // a SYN without an answer
  kAbortInSynSent,  // abort in SYN-SENT, before or after the SYN has left
  kDataInFin,       // data in the FIN segment
  kUnsentData,      // close with queued data beyond the peer's window
  kReopen,          // the same four-tuple opened again at once
  kRefused,         // a port without a listener
};
inline constexpr std::size_t kCloses = 13;
const char* to_string(Close close);

struct ChurnFigures {
  std::uint64_t cycles = 0;  // connections opened by us that have ended
  std::array<std::uint64_t, kCloses> by_close{};
  // CloseReasons of both ends' last events.
  std::uint64_t closed = 0, reset = 0, aborted = 0, refused = 0, timed_out = 0, other = 0;
  std::uint64_t segments = 0, lost = 0, repeated = 0, overtaken = 0, garbled = 0;
  std::uint64_t audits = 0, rounds = 0, bytes = 0;
  std::uint64_t time_wait_evicted = 0, time_wait_reused = 0, retransmits = 0;
  std::uint64_t simulated_us = 0;

  void add(const ChurnFigures& other);
};

struct ChurnOptions {
  std::uint64_t seed = 1;
  std::uint64_t cycles = 10'000'000;  // of all parts, those in the ledger included
  std::uint64_t part = 20'000'000;    // cycles
  double seconds = 0;                 // 0: no bound
  std::uint32_t audit_every = 256;    // rounds
  std::string ledger;                 // empty: none
  bool json = false;
};

/// Runs the churn; returns the exit code.
int churn(const ChurnOptions& options);

struct Board;
/// Runs one part; a fault is written to the board.
void churn_part(Board& board, std::uint64_t seed, std::uint64_t cycles, std::uint32_t audit_every);

}  // namespace conker::sim
