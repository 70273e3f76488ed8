#include "stack/tcp/listener.hpp"

namespace conker {

std::uint32_t ListenerTable::add(const Endpoint& local) {
  const std::uint32_t slot = slots_.take();
  if (slot == kNone) return kNone;
  slots_[slot].local = local;
  slots_[slot].port_next = by_port_[bucket(local.port)];
  by_port_[bucket(local.port)] = slot;
  return slot;
}

void ListenerTable::remove(std::uint32_t slot) {
  std::uint32_t* link = &by_port_[bucket(slots_[slot].local.port)];
  while (*link != slot) link = &slots_[*link].port_next;
  *link = slots_[slot].port_next;
  slots_.free(slot);
}

std::uint32_t ListenerTable::find(const IpAddress& address, Port port) const {
  std::uint32_t any = kNone;
  for (std::uint32_t at = by_port_[bucket(port)]; at != kNone; at = slots_[at].port_next) {
    const Endpoint& local = slots_[at].local;
    if (local.port != port) continue;
    if (local.address == address) return at;
    if (local.address.is_unspecified()) any = at;
  }
  return any;
}

std::uint32_t ListenerTable::find_exact(const Endpoint& local) const {
  for (std::uint32_t at = by_port_[bucket(local.port)]; at != kNone; at = slots_[at].port_next) {
    const Endpoint& other = slots_[at].local;
    const bool both_any = other.address.is_unspecified() && local.address.is_unspecified();
    if (other.port == local.port && (both_any || other.address == local.address)) return at;
  }
  return kNone;
}

bool ListenerTable::port_taken(Port port) const {
  for (std::uint32_t at = by_port_[bucket(port)]; at != kNone; at = slots_[at].port_next) {
    if (slots_[at].local.port == port) return true;
  }
  return false;
}

}  // namespace conker
