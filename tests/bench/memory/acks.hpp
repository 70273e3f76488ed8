// What an ACK costs a sender, when the SACK blocks in it are an attacker's.
#pragma once

#include <cstdint>

namespace conker::bench {

struct AckOptions {
  std::uint32_t segments = 30'000;  // that are out while the ACKs come
  std::uint16_t mss = 1460;         // as the peer's SYN has it, before timestamps
  double seconds = 1;               // how long connections are attacked, one after the other
};

struct AckReport {
  std::uint64_t acks = 0;
  std::uint32_t segments = 0;  // as many as were out
  double nanoseconds = 0;      // of an ACK, with the turn in which it arrives and what it lets go
  double worst = 0;            // the same of the slowest pattern
};

/// Throws std::runtime_error.
AckReport measure_acks(const AckOptions& options);

}  // namespace conker::bench
