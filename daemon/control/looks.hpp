// The looks at a strike's target: before the strike, right after it, and 5 and 30 s after it where
// that is asked for, or where the target is not what it was.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/control/look.hpp"
#include "daemon/control/watch.hpp"
#include "daemon/engine.hpp"
#include "protocol/look.hpp"

namespace conker::daemon {

class Looks {
 public:
  static constexpr std::array<Duration, 3> kAfter{0s, 5s, 30s};

  using Then = std::function<void()>;

  explicit Looks(Engine& engine) : engine_(engine), look_(engine) {}

  /// Forgets what was seen, and looks; then `then` is called in a turn, or at once where no look is
  /// wanted.
  void before(const Endpoint& target, protocol::LookHow how, Then then);
  /// Looks at the target of before(), until all that is wanted has been seen.
  void after(Then then);
  /// Ends at once; `then` is not called any more.
  void abandon();
  /// No further looks; one that runs ends.
  void hurry() { hurried_ = true; }
  /// When step() wants to be called.
  Instant step();

  const std::vector<protocol::Look>& seen() const { return seen_; }

 private:
  bool wants(std::size_t next) const;

  Engine& engine_;
  Look look_;
  Endpoint target_;
  protocol::LookHow how_ = protocol::LookHow::kNone;
  bool hurried_ = false;
  Then then_;
  Instant ended_{};
  std::size_t next_ = 0;  // of kAfter
  bool waits_ = false;    // for the next one's time
  std::vector<protocol::Look> seen_;
};

/// What the looks say against the target, in one line; empty when it is what it was before.
std::string loss(const std::vector<protocol::Look>& looks);

}  // namespace conker::daemon
