// Whether a peer goes on when our window, which it has filled, opens again (RFC 9293, 3.8.6.1): a
// sender that neither takes a window update nor probes the window waits for ever.
#pragma once

#include <optional>

#include "stack/base/seq.hpp"
#include "stack/base/time.hpp"

namespace conker::verdict {

class ClosedWindow {
 public:
  /// New data of the peer has come, up to `end`; `edge` is the right edge of our window.
  void on_data(Seq end, Seq edge) {
    filled_ = end >= edge;
    opened_at_ = kNever;
  }
  /// We tell a right edge, in a segment behind which our next number is `next`.
  void on_window(Seq end, Seq edge, Seq next, Instant now) {
    if (!filled_ || opened_at_ != kNever || edge <= end) return;
    opened_at_ = now;
    next_ = next;
  }
  /// The peer has filled it, and sent nothing since that shows that it knows of more.
  bool filled() const { return filled_; }
  /// For how long the peer has sent nothing though it knows that the window is open, since it has
  /// acknowledged all up to `acknowledged`; nothing where it does not know.
  std::optional<Duration> unused(Seq acknowledged, Instant now) const {
    if (!filled_ || opened_at_ == kNever || acknowledged <= next_) return std::nullopt;
    return now - opened_at_;
  }

 private:
  bool filled_ = false;
  Instant opened_at_ = kNever;
  Seq next_;
};

}  // namespace conker::verdict
