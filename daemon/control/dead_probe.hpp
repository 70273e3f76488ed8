// The probe of the dead: after a strike, one segment for each of the last four-tuples that we
// reset. A host that has forgotten the connection answers by a RST, one that still holds it by an
// ACK (RFC 9293, 3.10.7.1 and 3.10.7.4): so a RST that went lost, and a host that does not act on
// it, are found by count.
//
// The segment is an ACK one before SND.NXT, as of a keepalive: an ACK at SND.NXT, which RFC 9293,
// 3.5.1, has for a half-open connection, is acceptable to a host that holds it, and not answered.
//
// With them go the questions for TIME-WAIT (time_wait_probe.hpp).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "daemon/control/findings.hpp"
#include "daemon/control/time_wait_probe.hpp"
#include "daemon/control/tuple_probe.hpp"
#include "protocol/look.hpp"
#include "stack/base/address.hpp"
#include "stack/base/seq.hpp"
#include "stack/base/time.hpp"
#include "stack/link/link.hpp"
#include "stack/link/observer.hpp"
#include "stack/verdict/judge.hpp"

namespace conker::daemon {

/// Observes the link of a strike, from its begin on.
class DeadProbe final : public FrameObserver {
 public:
  /// The last so many four-tuples are probed.
  static constexpr std::size_t kMost = 256;

  /// `findings` are told of what is held, and of TIME-WAIT that is not kept; the judge, which
  /// observes the link before this probe, knows the connections.
  DeadProbe(const Endpoint& target, const verdict::Judge& judge, Findings& findings)
      : target_{target.address.without_zone(), target.port},
        judge_(judge),
        findings_(findings),
        probe_(target_) {}

  void on_frame(const ObservedFrame& frame, Instant now) override;
  /// The strike is over. `certain`: nothing on the way has lost a RST or a FIN.
  void begin(bool certain, Instant now);
  /// Sends what is due; when it wants to be called next, kNever when all is over.
  Instant step(Link& link, Instant now);

  protocol::DeadProbed result() const { return result_; }
  const std::optional<protocol::TimeWaitProbed>& time_wait() const { return time_wait_.result(); }

 private:
  struct Dead {
    Endpoint ours;
    Seq next;           // SND.NXT
    Instant at{};       // of the last RST
    bool used = false;  // and not again by another connection
  };
  static constexpr std::uint16_t kNowhere = kMost;

  void on_sent(const verdict::Segment& segment, Instant now);
  void on_reset(const Endpoint& ours, Seq seq, Instant now);
  void conclude(Instant now);
  Dead* of(const Endpoint& ours);

  Endpoint target_;
  const verdict::Judge& judge_;
  Findings& findings_;
  std::optional<TupleProbe::LinkHeader> header_;  // of the last segment; none: nothing was observed
  std::array<Dead, kMost> dead_{};                // a ring
  std::size_t recorded_ = 0;                      // in all
  std::vector<std::uint16_t> by_port_ = std::vector<std::uint16_t>(65536, kNowhere);
  TimeWaitProbe time_wait_;
  TupleProbe probe_;
  std::vector<Instant> reset_at_;  // of those that are asked
  bool probing_ = false, certain_ = false, concluded_ = false;
  protocol::DeadProbed result_;
};

}  // namespace conker::daemon
