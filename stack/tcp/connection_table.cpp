#include "stack/tcp/connection_table.hpp"

namespace conker {

bool ConnectionTable::rest(std::uint32_t slot) {
  const std::uint32_t folded = at_rest_.take();
  if (folded == kNone) return false;
  at_rest_[folded] = Resting(at_work_[slots_[slot]]);
  at_work_.give_back(slots_[slot]);
  slots_[slot] = folded | kResting;
  return true;
}

void ConnectionTable::wake(std::uint32_t slot) {
  const std::uint32_t folded = slots_[slot] & ~kResting;
  slots_[slot] = at_work_.take();
  at_rest_[folded].wake(at_work_[slots_[slot]]);
  at_rest_.give_back(folded);
}

Connection ConnectionTable::operator[](std::uint32_t slot) const {
  if (!resting(slot)) return at_work_[slots_[slot]];
  Connection c;
  at_rest_[slots_[slot] & ~kResting].wake(c);
  return c;
}

}  // namespace conker
