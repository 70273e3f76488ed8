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
  /// The next connection that a peer has opened, or is opening where the request's way crosses its
  /// SYN; nothing where none waits.
  virtual std::optional<ConnectionId> next() = 0;
  /// Ends listening: what waits is reset. May be called again.
  virtual void close() = 0;

 protected:
  ~StrikeDoor() = default;
};

/// Whether a way to close is for connections that a peer has opened, too.
constexpr bool fits_passive(WayToClose way) {
  const Behaviour& behaviour = behaviour_of(way);
  for (const Behaviour::Step& step : behaviour.steps)
    if (step.when == Behaviour::When::kBegun || step.when == Behaviour::When::kSynSent ||
        step.what == Behaviour::What::kForsake)
      return false;
  return !behaviour.reopens;
}
constexpr bool fits_passive(const Mix& mix) {
  return !mix.any_of([](WayToClose way) { return !fits_passive(way); });
}

}  // namespace conker
