// How much conkerctl says beside what was asked for.
#pragma once

#include <cstdint>

namespace conker::ctl {

enum class Verbosity : std::uint8_t {
  kQuiet,  // errors only: the exit code tells the outcome
  kNormal,
  kVerbose,  // on standard error also each message from and to the daemon, with its time
};

/// Of this process; set once, by the command line.
inline Verbosity verbosity = Verbosity::kNormal;

}  // namespace conker::ctl
