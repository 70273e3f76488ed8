// Events of connections, made of the state changes that the stack records anyway: while nobody
// watches, a turn costs one branch.
#pragma once

#include <cstdint>
#include <optional>

#include "daemon/engine.hpp"
#include "stack/base/token_bucket.hpp"

namespace conker::daemon {

class ConnectionEvents final : public Client {
 public:
  /// The most that are told: a strike makes more, and 10,000 a second took a quarter of its rate.
  static constexpr std::uint32_t kPerSecond = 2'000, kBurst = 2'000;

  /// To be made after all other clients, so that their last calls of a turn are seen in it.
  explicit ConnectionEvents(Engine& engine);

  /// Begins to tell: of what happens from now on.
  void begin();

 private:
  Instant step() override;
  const char* name() const override { return "watch"; }
  protocol::ConnectionEvent event_of(const Transition& transition,
                                     protocol::ConnectionEvent::What what) const;

  Engine& engine_;
  std::uint64_t seen_ = 0;  // how many state changes
  TokenBucket limit_{kPerSecond, kBurst};
};

}  // namespace conker::daemon
