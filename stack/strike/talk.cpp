// The part of a cycle before its close, where the peer must answer a payload.
#include "stack/strike/strike.hpp"

namespace conker {
namespace {

/// How often an ACK is looked for, of which no event tells.
constexpr Duration kPollPause = 1ms;

}  // namespace

/// Sends the payload; or, when it has been answered, leaves the list in which it waited for that.
void Strike::talk(std::uint32_t index) {
  Slot& slot = slots_[index];
  if (--slot.talk == 0) return unlink(index);
  dialogue_->say(index, slot.id, cycle_of(slot));
  hear(index);  // the peer may have closed before
}

/// Reads what has arrived of a cycle. What a payload that the FIN follows brings back is nobody's
/// question.
void Strike::hear(std::uint32_t index) {
  Slot& slot = slots_[index];
  const bool speaks_and_closes =
      slot.way == WayToClose::kDataFin || slot.way == WayToClose::kAckSilence;
  if (slot.phase == StrikePhase::kClosing && speaks_and_closes) return;
  slot.answered = dialogue_->hear(index, slot.id, cycle_of(slot), slot.peer_closed);
}

void Strike::poll(Instant now) {
  if (now < due_at(List::kPolled)) return;
  poll_at_ = now + kPollPause;
  std::uint32_t next = kNone;
  for (std::uint32_t i = lists_[static_cast<std::size_t>(List::kPolled)].head(); i != kNone;
       i = next) {
    next = slots_[i].next;
    hear(i);
    if (slots_[i].answered) {
      proceed(i, now);
    } else if (now - slots_[i].since >= request_.close_timeout) {
      unlink(i);
      abandon(i, now);
    }
  }
}

/// Only the lower half of the number is known, and that fewer than 2^32 are in flight.
std::uint64_t Strike::cycle_of(const Slot& slot) const {
  return report_.begun - (static_cast<std::uint32_t>(report_.begun) - slot.cycle);
}

}  // namespace conker
