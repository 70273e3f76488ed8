#include "stack/base/timer_wheel.hpp"

#include <algorithm>
#include <bit>

namespace conker {

void TimerWheel::insert(std::uint32_t timer, std::uint32_t place) {
  Node& node = nodes_[timer];
  node.place = place + 1;
  node.previous = 0;
  node.next = heads_[place];
  if (node.next != 0) nodes_[node.next - 1].previous = timer + 1;
  heads_[place] = timer + 1;
  if (place < kDue) occupied_[place >> kSlotBits] |= std::uint64_t{1} << (place & (kSlots - 1));
}

void TimerWheel::cancel(std::uint32_t timer) {
  Node& node = nodes_[timer];
  if (node.place == 0) return;
  const std::uint32_t place = node.place - 1;
  if (node.next != 0) nodes_[node.next - 1].previous = node.previous;
  if (node.previous != 0) {
    nodes_[node.previous - 1].next = node.next;
  } else {
    heads_[place] = node.next;
    if (node.next == 0 && place < kDue) {
      occupied_[place >> kSlotBits] &= ~(std::uint64_t{1} << (place & (kSlots - 1)));
    }
  }
  node.place = 0;
}

void TimerWheel::arm(std::uint32_t timer, Tick at) {
  cancel(timer);
  nodes_[timer].at = at;
  place(timer);
}

void TimerWheel::place(std::uint32_t timer) {
  const Tick at = nodes_[timer].at;
  const std::int32_t ahead = at - current_;
  if (ahead <= 0) {
    insert(timer, kDue);
    return;
  }
  // A level holds the timers that are less than one of its turns away; the slot is the one at which
  // the level's hand will then point.
  const auto reach = std::min<std::uint32_t>(ahead, (1u << (kLevels * kSlotBits)) - 1);
  const std::uint32_t target = current_.value() + reach;
  const int level = (std::bit_width(reach) - 1) / kSlotBits;
  const std::uint32_t slot = (target >> (level * kSlotBits)) & (kSlots - 1);
  insert(timer, static_cast<std::uint32_t>(level) * kSlots + slot);
}

std::optional<Tick> TimerWheel::next_of(int level) const {
  const std::uint64_t occupied = occupied_[level];
  if (occupied == 0) return std::nullopt;
  const int shift = level * kSlotBits;
  const std::uint32_t hand = current_.value() >> shift;
  // Bit 0 is the slot after the hand; the hand's own slot comes last, a whole turn away.
  const int turn = static_cast<int>((hand + 1) & (kSlots - 1));
  const int steps = std::countr_zero(std::rotr(occupied, turn)) + 1;
  return Tick((hand + static_cast<std::uint32_t>(steps)) << shift);
}

std::optional<Tick> TimerWheel::next() const {
  if (heads_[kDue] != 0) return current_;
  std::optional<Tick> first;
  for (int level = 0; level < kLevels; ++level) {
    const auto tick = next_of(level);
    if (tick && (!first || *tick < *first)) first = tick;
  }
  return first;
}

void TimerWheel::turn_to(Tick tick) {
  current_ = tick;
  // Levels are emptied from the top: a timer that falls out of a long slot may land in a shorter
  // one that comes up at the same tick.
  for (int level = kLevels - 1; level >= 0; --level) {
    const int shift = level * kSlotBits;
    if ((tick.value() & ((1u << shift) - 1)) != 0) continue;
    const std::uint32_t from =
        static_cast<std::uint32_t>(level) * kSlots + ((tick.value() >> shift) & (kSlots - 1));
    while (heads_[from] != 0) {
      const std::uint32_t timer = heads_[from] - 1;
      cancel(timer);
      place(timer);
    }
  }
}

void TimerWheel::leap(Instant then, Instant now) {
  current_ = Tick::floor(now);
  for (std::uint32_t timer = 0; timer < nodes_.size(); ++timer) {
    if (armed(timer)) arm(timer, nodes_[timer].at.kept(then, now));
  }
}

bool TimerWheel::pop_due(Tick now, std::uint32_t& timer) {
  while (heads_[kDue] == 0) {
    if (current_ >= now) return false;
    const auto tick = next();
    if (!tick || *tick > now) {
      current_ = now;
      return false;
    }
    turn_to(*tick);
  }
  timer = heads_[kDue] - 1;
  cancel(timer);
  return true;
}

std::uint32_t TimerWheel::armed_count() const {
  std::uint32_t count = 0;
  for (const std::uint32_t head : heads_) {
    for (std::uint32_t at = head; at != 0; at = nodes_[at - 1].next) ++count;
  }
  return count;
}

}  // namespace conker
