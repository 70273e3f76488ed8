// How a peer sends again what nobody acknowledges: with longer and longer timeouts (RFC 6298, 5.5),
// and one segment at a time (RFC 5681, 3.1), while it hears nothing from us.
#pragma once

#include <cstdint>
#include <optional>

#include "stack/base/seq.hpp"
#include "stack/base/time.hpp"
#include "stack/verdict/rules.hpp"

namespace conker::verdict {

class Retransmissions {
 public:
  /// `least_rto`: what comes sooner is no timeout; `mss`: of a full-sized segment.
  struct Limits {
    Duration least_rto;
    std::uint32_t mss;
  };

  /// A segment with `bytes` of text from `seq` on, all of which came before; `head` is the first
  /// number that we have not acknowledged. `silent`: nothing that we sent has reached the peer
  /// lately.
  std::optional<Broken> add(Seq seq, std::uint32_t bytes, Seq head, bool silent,
                            const Limits& limits, Instant now);

 private:
  std::optional<Broken> timeout(Instant now);

  Seq head_;
  Instant at_ = kNever;      // of the last timeout
  Duration gap_{0};          // between it and the one before
  std::uint32_t burst_ = 0;  // bytes that came at once, at the last timeout
  bool same_ = false;        // the gap is no longer than the one before
};

}  // namespace conker::verdict
