// The parts of a world that all others share: the clock, the wire, the streams sent, and the first
// fault found.
#pragma once

#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <string>
#include <unordered_map>

#include "stack/link/observer.hpp"
#include "stack/verdict/conversations.hpp"
#include "tests/sim/config.hpp"
#include "tests/sim/diagram.hpp"
#include "tests/sim/dice.hpp"
#include "tests/sim/wire.hpp"

namespace conker::sim {

/// One stream of bytes, by its sender. Both ends' applications know what was sent.
struct Stream {
  std::uint64_t sent = 0;
  bool ended = false;  // by close or shutdown
  bool twice = false;  // two connections had the same numbers
};

struct Figures {
  std::uint64_t steps = 0, turns = 0, segments = 0, opened = 0, ended = 0, transitions = 0,
                audits = 0;
  std::uint64_t crashes = 0, bytes = 0, simulated_us = 0, sieges = 0, forged = 0, hostile = 0;

  void add(const Figures& o) {
    steps += o.steps, turns += o.turns, segments += o.segments, opened += o.opened,
        ended += o.ended;
    transitions += o.transitions, audits += o.audits, crashes += o.crashes, bytes += o.bytes;
    simulated_us += o.simulated_us, sieges += o.sieges, forged += o.forged, hostile += o.hostile;
  }
};

struct Context {
  explicit Context(const Config& c) : config(c), wire(c.seed ^ 0x77697265, c.hosts) {}

  const Config config;
  Wire wire;
  verdict::Conversations conversations{byte_of_stream};
  Instant now{1s};
  Figures figures;
  Taken taken;
  std::unordered_map<std::uint64_t, Stream> streams;  // by stream_key()
  bool icmp_forged = false;
  /// Incremented with every turn, so that the parent process detects a turn that does not end.
  volatile std::uint64_t* heartbeat = nullptr;

  static std::uint64_t stream_key(std::uint32_t iss, std::uint16_t from, std::uint16_t to) {
    return std::uint64_t{iss} << 32 | std::uint32_t{from} << 16 | to;
  }

  const char* fault = nullptr;  // the first fault found
  int fault_host = -1;
  void fail(int host, const char* what) {
    if (fault != nullptr) return;
    fault = what;
    fault_host = host;
  }

  /// The trace file; null: none.
  std::FILE* trace = nullptr;
  FrameObserver* capture = nullptr;
  [[gnu::format(printf, 2, 3)]] void tell(const char* format, ...) const {
    if (trace == nullptr) return;
    std::fprintf(trace, "%12.6f  ", static_cast<double>(now.time_since_epoch().count()) / 1e6);
    va_list arguments;
    va_start(arguments, format);
    std::vfprintf(trace, format, arguments);
    va_end(arguments);
    std::fputc('\n', trace);
  }
};

}  // namespace conker::sim
