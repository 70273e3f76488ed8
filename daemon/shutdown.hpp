// Shutdown: connections are closed, and after a timeout reset.
#pragma once

#include <ev.h>

#include <functional>

#include "daemon/engine.hpp"
#include "stack/base/time.hpp"

namespace conker::daemon {

class Shutdown {
 public:
  /// The engine must outlive it. Once no connection is left, `last` is called, turn after turn,
  /// until it returns true.
  explicit Shutdown(
      Engine& engine, std::function<bool()> last = [] { return true; });
  ~Shutdown();
  Shutdown(const Shutdown&) = delete;
  Shutdown& operator=(const Shutdown&) = delete;

  bool begun() const { return phase_ != Phase::kNotBegun; }
  /// Closes every connection and breaks the loop once none is left (TIME-WAIT does not count), or
  /// after `timeout`, when the remaining ones are reset. Listeners must be gone before. Zero resets
  /// at once.
  void begin(Duration timeout);
  /// Ends the wait at once.
  void hurry();

 private:
  enum class Phase : std::uint8_t { kNotBegun, kClosing, kResetting };

  void check();

  Engine& engine_;
  std::function<bool()> last_;
  Phase phase_ = Phase::kNotBegun;
  ev_timer timer_{};
  ev_prepare prepare_{};
};

}  // namespace conker::daemon
