// Runs worlds in a process of their own, so that a crash or a turn without end is a finding and
// does not end the search.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "tests/sim/churn.hpp"
#include "tests/sim/context.hpp"
#include "tests/sim/script.hpp"

namespace conker::sim {

/// Memory that the playing process and its parent share.
struct Board {
  volatile std::uint64_t heartbeat = 0;
  volatile std::uint64_t seed = 0;  // of the world being played
  volatile std::uint64_t step = 0;
  volatile std::uint64_t worlds = 0;
  volatile bool stop = false;  // asks for the end
  bool found = false;
  int fault_host = -1;
  char fault[160] = {};
  Figures figures;
  Taken taken;
  ChurnFigures churn;
};

class Watched {
 public:
  Watched();
  ~Watched();
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  /// Runs `play` in a process of its own until it ends, crashes or has no heartbeat for two
  /// seconds; the last two are findings. The process is asked to stop when `stop` is set, and after
  /// the given number of seconds, if not 0.
  Board& run(const std::function<void(Board&)>& play, const volatile int* stop = nullptr,
             double seconds = 0);
  Board& board() { return *board_; }

 private:
  Board* board_;
};

/// Plays one script and writes the result to the board. With `stem`, writes stem.trace and
/// stem.pcap.
void play_script(Board& board, const Script& script, const std::string& stem = {});

}  // namespace conker::sim
