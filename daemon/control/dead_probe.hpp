// The probe of the dead: after a strike, one segment for each of the last four-tuples that we
// reset. A host that has forgotten the connection answers by a RST, one that still holds it by an
// ACK (RFC 9293, 3.10.7.1 and 3.10.7.4): so a RST that went lost, and a host that does not act on
// it, are found by count.
//
// The segment is an ACK one before SND.NXT, as of a keepalive: an ACK at SND.NXT, which RFC 9293,
// 3.5.1, has for a half-open connection, is acceptable to a host that holds it, and not answered.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "daemon/control/findings.hpp"
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
  /// So many in a turn, and not before kPace after the ones before.
  static constexpr std::size_t kAtOnce = 8;
  static constexpr Duration kPace = 1ms;
  /// Between the strike's end and the first probe, for RSTs that are on their way; and for answers
  /// after the last probe.
  static constexpr Duration kBefore = 50ms, kPatience = 500ms;

  /// `findings` are told of what is held; the judge knows the number of a connection.
  DeadProbe(const Endpoint& target, const verdict::Judge& judge, Findings& findings)
      : target_(target), judge_(judge), findings_(findings) {}

  void on_frame(const ObservedFrame& frame, Instant now) override;
  /// The strike is over. `certain`: nothing on the way has lost a RST.
  void begin(bool certain, Instant now);
  /// Sends what is due; when it wants to be called next, kNever when all is over.
  Instant step(Link& link, Instant now);

  protocol::DeadProbed result() const { return result_; }

 private:
  enum class Is : std::uint8_t { kReset, kProbed, kForgotten, kHeld, kReused };
  struct Dead {
    Endpoint ours;
    Seq next;        // SND.NXT
    Instant at{};    // of the last RST
    Seq answered{};  // SEG.SEQ of the ACK that says that it is held
    Is is = Is::kReused;
  };
  static constexpr std::uint16_t kNowhere = kMost;

  void on_sent(const Endpoint& ours, std::uint8_t flags, Seq seq, Instant now);
  void on_answer(const verdict::Segment& segment);
  void decide(Instant now);
  Dead* of(const Endpoint& ours);
  bool send(Link& link, const Dead& dead, Instant now) const;

  Endpoint target_;
  const verdict::Judge& judge_;
  Findings& findings_;
  std::array<std::byte, 14> ethernet_{};  // of the last RST
  std::array<Dead, kMost> dead_{};        // a ring
  std::size_t recorded_ = 0;              // in all
  std::vector<std::uint16_t> by_port_ = std::vector<std::uint16_t>(65536, kNowhere);
  bool probing_ = false, certain_ = false;
  std::size_t next_ = 0;  // to be probed
  Instant due_{};
  bool over_ = false;
  protocol::DeadProbed result_;
};

}  // namespace conker::daemon
