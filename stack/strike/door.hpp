// Where a passive strike gets its connections: peers open them, and the strike ends them by the
// same ways as those that it opens itself.
#pragma once

#include <optional>

#include "stack/base/result.hpp"
#include "stack/strike/behaviour.hpp"
#include "stack/tcp/types.hpp"

namespace conker {

struct StrikeRequest;

/// What a strike needs of a listener. An image that names none (reception.hpp) has no code for it.
class StrikeDoor {
 public:
  /// Begins to listen; the events are for `client`. kInvalidArgument where the request has what is
  /// only for connections that the strike opens.
  virtual Error open(const StrikeRequest& request, ClientId client) = 0;
  /// The next connection that a peer has opened; nothing where none waits.
  virtual std::optional<ConnectionId> next() = 0;
  /// Ends listening: what waits is reset. May be called again.
  virtual void close() = 0;

 protected:
  ~StrikeDoor() = default;
};

/// Whether the ways are for connections that a peer has opened, too.
constexpr bool fits_passive(const Mix& mix) {
  for (std::size_t way = 0; way < kWaysToClose; ++way) {
    if (mix.weights[way] == 0) continue;
    const Behaviour& behaviour = behaviour_of(static_cast<WayToClose>(way));
    if (behaviour.reopens) return false;
    for (const Behaviour::Step& step : behaviour.steps)
      if (step.when == Behaviour::When::kSynSent) return false;
  }
  return true;
}

}  // namespace conker
