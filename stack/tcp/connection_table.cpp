#include "stack/tcp/connection_table.hpp"

namespace conker {

bool ConnectionTable::compact(std::uint32_t slot) {
  const std::uint32_t at = compact_.take();
  if (at == kNone) return false;
  compact_[at] = CompactConnection(expanded_[slots_[slot]]);
  expanded_.give_back(slots_[slot]);
  slots_[slot] = at | kCompact;
  return true;
}

void ConnectionTable::expand(std::uint32_t slot) {
  const std::uint32_t at = slots_[slot] & ~kCompact;
  slots_[slot] = expanded_.take();
  compact_[at].expand(expanded_[slots_[slot]]);
  compact_.give_back(at);
}

Connection ConnectionTable::operator[](std::uint32_t slot) const {
  if (!is_compact(slot)) return expanded_[slots_[slot]];
  Connection c;
  compact_[slots_[slot] & ~kCompact].expand(c);
  return c;
}

}  // namespace conker
