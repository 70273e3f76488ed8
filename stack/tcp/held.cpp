// What a connection holds of the pool of chunks beside its queues: the log of what is out, data
// beyond holes; and where in the send queue a segment's data lies.
#include <algorithm>

#include "stack/tcp/tcp.hpp"

namespace conker {

// Nothing is out: whether what follows is watched segment by segment, and how much of the window is
// still good.
void Tcp::begin_flight(Connection& c) {
  if (c.log != 0) return;
  // After a silence nobody knows what the way bears (RFC 5681, 4.1).
  if (!c.last_sent.never() && c.last_sent.age(now_) > rto(c)) {
    c.congestion.cwnd = std::min(c.congestion.cwnd, initial_window(c.mss));
    control(c).after_idle(c.congestion);
  }
  if (recovery_ != nullptr && c.agreed.sack) c.log = SentLog::open(chunks_, c.snd_una);
}

void Tcp::end_flight(Connection& c) {
  SentLog::close(chunks_, c.log);
  c.log = 0;
  c.tail_probe = false;
}

void Tcp::forget_out_of_order(std::uint32_t slot) {
  Connection& c = connections_[slot];
  if (c.out_of_order.empty()) return;
  c.out_of_order.clear(chunks_);
  c.sack.forget_blocks();
  list_hole(slot);
}

/// Keeps the connection in the list of those with data beyond a hole for as long as it has some.
void Tcp::list_hole(std::uint32_t slot) {
  Connection& c = connections_[slot];
  const bool has = !c.out_of_order.empty();
  if (has == c.on_holes) return;
  c.on_holes = has;
  if (has) {
    holes_.push(connections_, slot);
  } else {
    holes_.remove(connections_, slot);
  }
}

// New data is sent in order, and mostly what is lost, too: each search begins where the last one of
// its kind ended. That chunk is still in the queue if what was its first byte is not acknowledged.
std::uint32_t Tcp::gather(Connection& c, Seq sequence, std::uint32_t& length) {
  const auto offset = static_cast<std::uint32_t>(sequence - c.snd_una);
  const auto out = pieces_.subspan(1);
  if (c.log == 0) return c.send_queue.gather(chunks_, offset, length, out);
  Flight& f = SentLog(chunks_, c.log).flight();
  SentFrom& last = sequence < c.snd_nxt ? f.resent_from : f.new_from;
  ByteQueue::Place near;
  if (last.chunk != kNone && last.begin >= c.snd_una) {
    near = {last.chunk, static_cast<std::uint32_t>(last.begin - c.snd_una)};
  }
  const std::uint32_t pieces = c.send_queue.gather(chunks_, offset, length, out, near);
  last = {near.chunk, c.snd_una + near.offset};
  return pieces;
}

}  // namespace conker
