#include "tests/sim/shrink.hpp"

#include <chrono>

#include "tests/sim/long_run.hpp"
#include "tests/sim/trial.hpp"

namespace conker::sim {
namespace {

/// The fault without the host's number, which may change as steps are left out.
std::string kind_of(const std::string& fault) {
  const std::size_t colon = fault.find(": ");
  return fault.rfind("host ", 0) == 0 && colon != std::string::npos ? fault.substr(colon + 2)
                                                                    : fault;
}

}  // namespace

Shrunk shrink(Script script, const std::string& fault, std::uint64_t failed_at, double seconds) {
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                      std::chrono::duration<double>(seconds));
  const std::string wanted = kind_of(fault);
  Watched watched;
  Shrunk shrunk;
  const auto still_fails = [&](const Script& candidate) {
    ++shrunk.trials;
    const Board& board = watched.run([&](Board& b) { play_script(b, candidate); });
    return board.found && kind_of(board.fault) == wanted;
  };

  // Steps after the failed one do not matter, unless the world failed while it was quiesced.
  if (failed_at + 1 < script.ops.size()) {
    Script candidate = script;
    candidate.ops.resize(failed_at + 1);
    if (still_fails(candidate)) script = std::move(candidate);
  }
  for (std::size_t piece = script.ops.size() / 2; piece > 0; piece /= 2) {
    bool again = true;
    while (again && Clock::now() < end) {
      again = false;
      for (std::size_t at = 0; at < script.ops.size() && Clock::now() < end;) {
        Script candidate = script;
        const auto first = candidate.ops.begin() + static_cast<std::ptrdiff_t>(at);
        const auto last =
            first + static_cast<std::ptrdiff_t>(std::min(piece, script.ops.size() - at));
        candidate.ops.erase(first, last);
        if (still_fails(candidate)) {
          script = std::move(candidate);
          again = piece == 1;
        } else {
          at += piece;
        }
      }
    }
  }
  shrunk.script = std::move(script);
  return shrunk;
}

}  // namespace conker::sim
