// How a strike may end before its time, by what was found: what is asked for, and why it did.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/visit.hpp"
#include "stack/base/time.hpp"

namespace conker::protocol {

/// What ends a strike: the first finding of a severity or above, or the first failed cycle.
enum class StopOn : std::uint8_t { kNote, kWeakness, kFault, kFailure, kAny };
constexpr std::string_view choices_of(StopOn) {
  return "note|weakness|fault|failure|any";
}

/// Why a strike ended before its time.
struct Stopped {
  enum class Cause : std::uint8_t { kFinding, kFailure, kWedged };
  friend constexpr std::string_view choices_of(Cause) { return "finding|failure|wedged"; }

  Cause cause{};
  std::uint64_t cycle = 0;
  Duration at{0};
  std::string why;

  static constexpr void visit(auto& self, auto&& field) {
    field("cause", self.cause,
          About{.help = "finding, failure, or wedged: the peer has stopped answering"});
    field("cycle", self.cycle,
          About{.help = "in which cycle, from 1; of wedged the last one that was "
                        "completed, 0 for none"});
    field("at_s", self.at, About{.help = "when, from the begin", .unit = Unit::kSeconds});
    field("why", self.why, About{.help = "in one line"});
  }
};

}  // namespace conker::protocol
