// What a peer makes of a segment by which we provoke it (stack/strike/probes.hpp): whether the
// connection survives, and whether the segment is answered by a challenge ACK.
//
// Only a peer that has shown to be in ESTABLISHED is judged, and only while it has not sent its
// FIN: in other states other answers are right. Whether the connection survives is known from a
// keepalive probe that follows: a peer that has it answers by an ACK, one that has it no more by a
// RST for that probe. A RST of the peer's application looks different, and is none of this; but RFC
// 793 has a TCP answer a SYN by just that one, so where each SYN is followed by one at once, and
// none is survived, it is no coincidence.
#pragma once

#include <cstdint>
#include <optional>

#include "stack/base/seq.hpp"
#include "stack/base/time.hpp"
#include "stack/verdict/rules.hpp"
#include "stack/verdict/segment.hpp"

namespace conker::verdict {

class Provocation {
 public:
  /// Of the connection, before the segment in question. `una`, `nxt`: ours; `window`: the right
  /// edge of the peer's, `limit`: how far its scale lets it reach; `end`: of what the peer has
  /// sent.
  struct Standing {
    Seq una, nxt, window, limit, end;
    /// ESTABLISHED at both ends.
    bool established;
  };
  /// What the peer's answers show.
  struct Shown {
    std::optional<Broken> broken;
    /// The rule on challenge ACKs that it concerns, and whether there was one; none: unknown.
    std::optional<Rule> owed;
    bool challenged = false;
    /// A SYN was followed by a RST as its application would send it, at once; or it was survived.
    std::optional<bool> aborted_at_once;
  };

  /// Whether there is something to be learned from the next segments.
  bool pending() const { return by_ != By::kNothing; }
  /// Notes a segment of ours. Whether it is a provocation: the connection does not go on by it.
  bool sent(const Segment& segment, const Standing& at, Instant now);
  /// A segment of the peer's, while one is pending.
  Shown received(const Segment& segment, const Standing& at, Instant now);

 private:
  enum class By : std::uint8_t { kNothing, kResetOutside, kResetInside, kSynInside, kAckBeyond };

  static By kind_of(const Segment& segment, const Standing& at);
  bool is_probe(const Segment& segment, const Standing& at) const;
  bool answers_probe(const Segment& reset, const Standing& at) const;
  bool rejects_syn(const Segment& reset) const;
  Broken obeyed(const Standing& at);
  Shown survived(Instant now);

  By by_ = By::kNothing;
  bool probed_ = false, answered_ = false;
  Seq number_;     // SEG.SEQ of the provocation; SEG.ACK of one by an ACK
  Seq their_end_;  // at that time
  Seq probe_ack_;
  Instant at_{}, probed_at_{};
};

}  // namespace conker::verdict
