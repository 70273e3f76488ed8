#include "stack/strike/unheard_acks.hpp"

#include "stack/strike/tcp_head.hpp"
#include "stack/wire/tcp.hpp"

namespace conker {

void UnheardAcks::begin(const FourTuple& tuple) {
  const auto at = static_cast<std::uint16_t>(begun_++ % kMost);
  by_port_[tuple.local_port.value] = at;
  unheard_[at] = Unheard{.tuple = tuple.without_zones(), .on = true, .ack = {}};
}

bool UnheardAcks::is_lost(Unheard& unheard, Seq ack) {
  if (!unheard.moved || ack > unheard.ack) {
    unheard.moved = true;
    unheard.ack = ack;
    unheard.lost = 0;
    return true;
  }
  return ++unheard.lost <= kLost;
}

FrameOut UnheardAcks::edit(const FrameOut& frame) {
  if (const auto segment = find_tcp_head(frame)) {
    Unheard& unheard = place(segment->tuple.local_port);
    if (unheard.on && unheard.tuple == segment->tuple) {
      const bool alone = segment->flags == TcpFlags::kAck && !segment->text;
      if (alone && is_lost(unheard, segment->acknowledgment)) return {};
      // Of another connection, or the end of this.
      const bool ends = (segment->flags & (TcpFlags::kSyn | TcpFlags::kRst)) != 0;
      if (alone || ends) unheard.on = false;
    }
  }
  return frame;
}

}  // namespace conker
