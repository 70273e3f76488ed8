// The part of a strike for connections that peers open.
#include "stack/strike/random.hpp"
#include "stack/strike/strike.hpp"

namespace conker {

/// Begins a cycle with each connection that a peer has opened, as far as there is room; the others
/// wait at the door.
void Strike::accept_cycles(Instant now) {
  while (!over_ && live_ < limit_) {
    const auto id = request_.door->next();
    if (!id) return;
    const WayToClose way = request_.mix.at(random_below(way_random_, shares_));
    const std::uint32_t index = take_slot(*id, way, now);
    if (crosses(way)) {
      ++opening_;
    } else {
      slots_[index].phase = StrikePhase::kEstablished;
    }
    (void)stack_.set_token(*id, Token(client_, index));
    if (observer_ != nullptr) observer_->on_begin(way, live_, opening_, now);
    proceed(index, now);
    over_ = report_.begun == request_.cycles;  // 0 is no limit, and never reached
  }
}

/// What a close is of a connection that a peer has opened: our FIN, and what the peer still sends
/// is read until its own. A client may speak at any time, and a CLOSE would reset it for that.
Behaviour::What Strike::close_passively(Slot& slot, Behaviour::What what) const {
  slot.lingers = request_.door != nullptr && what == Behaviour::What::kClose && !slot.peer_closed;
  return slot.lingers ? Behaviour::What::kShutdown : what;
}

}  // namespace conker
