// Shutdown: closes all connections, and resets those that are left after a timeout.
#pragma once

#include <ev.h>

#include <functional>

#include "daemon/engine.hpp"
#include "stack/base/time.hpp"

namespace conker::daemon {

class Shutdown {
 public:
  /// The engine must outlive it. Once no connection is left, calls `last` before each sleep of the
  /// loop until it returns true.
  explicit Shutdown(
      Engine& engine, std::function<bool()> last = [] { return true; });
  ~Shutdown();
  Shutdown(const Shutdown&) = delete;
  Shutdown& operator=(const Shutdown&) = delete;

  bool begun() const { return phase_ != Phase::kNotBegun; }
  /// Closes every connection; after `timeout` resets the remaining ones (zero: at once). Breaks the
  /// loop when none is left; TIME-WAIT does not count. Listeners must have been closed before.
  void begin(Duration timeout);
  /// Resets the remaining connections now.
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
