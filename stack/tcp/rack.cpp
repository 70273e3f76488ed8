#include "stack/tcp/rack.hpp"

#include <algorithm>

namespace conker {
namespace {

constexpr std::uint8_t kDuplicateThreshold = 3;  // segments beyond a hole
constexpr std::uint8_t kReorderingMemory = 16;   // recoveries for which a wider window holds
constexpr std::uint8_t kWidestReordering = 20;   // quarters of the least round trip

// By time, and among those sent at the same time by sequence number.
bool sent_after(std::uint32_t at, Seq end, std::uint32_t than, Seq than_end) {
  const auto later = static_cast<std::int32_t>(at - than);
  return later > 0 || (later == 0 && end > than_end);
}

}  // namespace

void Rack::arrived(const SentSegment& s, Seq end, std::uint32_t rtt) {
  if (!s.resent()) {
    if (end < f_.fack) f_.reordering_seen = true;
  } else if (rtt < c_.rtt.least()) {
    return;  // more likely the answer to an earlier one
  }
  f_.fack = max(f_.fack, end);
  if (f_.rack_valid && !sent_after(s.sent_at, end, f_.rack_xmit, f_.rack_end)) return;
  f_.rack_valid = true;
  f_.rack_xmit = s.sent_at;
  f_.rack_end = end;
  f_.rack_rtt = rtt;
}

// Once a round trip: what was taken for lost had only been overtaken.
void Rack::arrived_twice(Seq ack) {
  if (f_.dsack_round > ack) return;
  f_.dsack_round = c_.snd.nxt;
  f_.reo_wnd_mult = std::min<std::uint8_t>(f_.reo_wnd_mult + 1, kWidestReordering);
  f_.reo_wnd_persist = kReorderingMemory;
}

void Rack::recovery_ended() {
  if (f_.reo_wnd_persist > 0 && --f_.reo_wnd_persist == 0) f_.reo_wnd_mult = 1;
}

bool Rack::find_losses() {
  pass_older();
  f_.reordering_wait = 0;
  const std::uint32_t window = reordering_window();
  const auto left = [&](Scoreboard::Number n) {
    return static_cast<std::int32_t>(scoreboard_[n].sent_at + f_.rack_rtt + window - now_);
  };
  bool lost = false;
  for (; any_passed() && left(f_.waiting.head) <= 0; lost = true)
    scoreboard_.mark_lost(f_.waiting.head);
  if (any_passed()) {
    f_.reordering_wait =
        static_cast<std::uint32_t>(std::max(left(f_.waiting.head), left(f_.rack_last)));
  }
  return lost;
}

bool Rack::any_passed() {
  return !f_.waiting.empty() && (scoreboard_[f_.waiting.head].flags & SentSegment::kPassed) != 0;
}

// Segments wait in the order in which they were sent, and what arrives is ever newer: each is
// passed once.
void Rack::pass_older() {
  if (!f_.rack_valid || f_.waiting.empty()) return;
  for (bool any = any_passed(); !any || f_.rack_last != f_.waiting.tail; any = true) {
    const Scoreboard::Number n = any ? scoreboard_[f_.rack_last].next : f_.waiting.head;
    if (!sent_after(f_.rack_xmit, f_.rack_end, scoreboard_[n].sent_at, scoreboard_.end_of(n)))
      break;
    scoreboard_[n].flags |= SentSegment::kPassed;
    f_.rack_last = n;
  }
}

std::uint32_t Rack::reordering_window() const {
  const bool sure = f_.phase != Flight::Phase::kOpen || f_.sacked_segments >= kDuplicateThreshold;
  if (!f_.reordering_seen && sure) return 0;
  const auto srtt = static_cast<std::uint32_t>(c_.rtt.srtt().count());
  return std::min(f_.reo_wnd_mult * (c_.rtt.least() / 4), srtt);
}

}  // namespace conker
