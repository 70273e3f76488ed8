// Measures the cost of an ACK to a sender whose peer sends malicious SACK blocks.
#pragma once

#include <cstdint>

namespace conker::bench {

struct AckOptions {
  std::uint32_t segments = 30'000;  // in flight while the ACKs arrive
  std::uint16_t mss = 1460;         // in the peer's SYN; includes timestamps
  double seconds = 1;               // of attacks, on one connection after the other
};

struct AckReport {
  std::uint64_t acks = 0;
  std::uint32_t segments = 0;  // that were in flight
  double nanoseconds = 0;      // per ACK, with its turn and the segments that it releases
  double worst = 0;            // the same of the slowest pattern
};

/// Throws std::runtime_error.
AckReport measure_acks(const AckOptions& options);

}  // namespace conker::bench
