#include "stack/verdict/provocation.hpp"

namespace conker::verdict {
namespace {

/// A peer that is given less between the provocation and the probe may answer both at once.
constexpr Duration kApart = 20ms;

}  // namespace

Provocation::By Provocation::kind_of(const Segment& segment, const Standing& at) {
  if (segment.has(Segment::kRst)) {
    // Before the left edge, or behind all that the peer can announce.
    if (segment.seq < at.una || segment.seq >= at.limit) return By::kResetOutside;
    return segment.seq > at.nxt && segment.seq < at.window ? By::kResetInside : By::kNothing;
  }
  if (segment.opens())
    return segment.seq > at.nxt && segment.seq < at.window ? By::kSynInside : By::kNothing;
  const bool beyond = segment.has(Segment::kAck) && segment.length() == 0 && segment.ack > at.end;
  return beyond ? By::kAckBeyond : By::kNothing;
}

bool Provocation::sent(const Segment& segment, const Standing& at, Instant now) {
  const By by = kind_of(segment, at);
  if (by == By::kNothing) {
    if (by_ != By::kNothing && is_probe(segment, at)) {
      probed_ = true;
      probed_at_ = now;
      probe_ack_ = segment.ack;
    } else if (segment.length() > 0) {
      by_ = By::kNothing;  // what comes from now on may be for this one
    }
    return false;
  }
  by_ = at.established && at.una == at.nxt ? by : By::kNothing;
  probed_ = answered_ = false;
  number_ = by == By::kAckBeyond ? segment.ack : segment.seq;
  their_end_ = at.end;
  at_ = now;
  return true;
}

bool Provocation::is_probe(const Segment& segment, const Standing& at) const {
  return !probed_ && segment.has(Segment::kAck) && segment.length() == 0 &&
         segment.seq == at.nxt - 1;
}

// ---- Answers ----

/// Whether a RST is the one that a host sends for the probe where it has no connection: SEG.ACK is
/// its number (RFC 9293, 3.10.7.1). What some have beside it acknowledges no more than the probe; a
/// RST by which the application ends a connection acknowledges all.
bool Provocation::answers_probe(const Segment& reset, const Standing& at) const {
  return probed_ && reset.seq == probe_ack_ &&
         (!reset.has(Segment::kAck) || reset.ack == at.nxt - 1);
}

/// Whether a RST answers the SYN, as RFC 793 wanted it.
bool Provocation::rejects_syn(const Segment& reset) const {
  if (by_ != By::kSynInside || probed_) return false;
  return reset.has(Segment::kAck) ? reset.ack == number_ + 1 : reset.seq == their_end_;
}

Provocation::Shown Provocation::received(const Segment& segment, const Standing& at, Instant now) {
  // Its next number is the one that we have made up.
  if (by_ == By::kAckBeyond && segment.seq == number_ && at.end == their_end_)
    return {obeyed(at), {}, false, {}};
  if (by_ == By::kSynInside && segment.has(Segment::kSyn)) return {obeyed(at), {}, false, {}};
  if (segment.has(Segment::kRst)) {
    if (answers_probe(segment, at) || rejects_syn(segment)) return {obeyed(at), {}, false, {}};
    const bool at_once =
        by_ == By::kSynInside && !probed_ && segment.seq == their_end_ && now - at_ < kApart;
    const Broken broken = obeyed(at);
    if (!at_once) return {};
    return {broken, {}, false, true};
  }
  if (segment.has(Segment::kFin)) by_ = By::kNothing;
  if (probed_) return survived(now);
  answered_ = answered_ || segment.has(Segment::kAck);
  return {};
}

Broken Provocation::obeyed(const Standing& at) {
  const By by = by_;
  by_ = By::kNothing;
  switch (by) {
    case By::kResetOutside:
      return {Rule::kResetOutsideObeyed, at.nxt.value(), number_.value()};
    case By::kResetInside:
      return {Rule::kResetInsideObeyed, at.nxt.value(), number_.value()};
    case By::kSynInside:
      return {Rule::kSynObeyed, at.nxt.value(), number_.value()};
    default:
      return {Rule::kUnsentAckTaken, their_end_.value(), number_.value()};
  }
}

/// The peer has answered the probe. Whether it has answered the provocation, too, is known where
/// the time between the two was longer than an answer takes.
Provocation::Shown Provocation::survived(Instant now) {
  const By by = by_;
  by_ = By::kNothing;
  const Duration between = probed_at_ - at_;
  const std::optional<bool> aborted = by == By::kSynInside ? std::optional(false) : std::nullopt;
  const bool known = answered_ || (between >= kApart && now - probed_at_ < between / 2);
  if (!known || (by != By::kResetInside && by != By::kSynInside)) return {{}, {}, false, aborted};
  return {{},
          by == By::kResetInside ? Rule::kResetUnchallenged : Rule::kSynUnchallenged,
          answered_,
          aborted};
}

}  // namespace conker::verdict
