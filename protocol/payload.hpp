// The payloads of a strike that expects something of them (StrikeRequest::expect).
#pragma once

#include <cstdint>

#include "protocol/visit.hpp"

namespace conker::protocol {

/// What was sent before the cycles closed, and what came back.
struct PayloadsSent {
  std::uint64_t sent = 0, received = 0, answered = 0, differing = 0;

  static constexpr void visit(auto& self, auto&& field) {
    field("sent", self.sent, About{.help = "in all cycles", .unit = Unit::kBytes});
    field("received", self.received,
          About{.help = "what the target sent in them", .unit = Unit::kBytes});
    field("answered", self.answered,
          About{.help = "cycles whose payload was answered before they closed"});
    field("differing", self.differing,
          About{.help = "cycles whose echo was not what was sent: their first difference is a "
                        "finding"});
  }
};

}  // namespace conker::protocol
