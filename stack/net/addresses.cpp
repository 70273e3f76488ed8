#include "stack/net/addresses.hpp"

#include <algorithm>
#include <bit>

namespace conker {

const char* to_string(AddressState state) {
  switch (state) {
    case AddressState::kTentative:
      return "being probed";
    case AddressState::kPreferred:
      return "in use";
    case AddressState::kDeprecated:
      return "deprecated";
    case AddressState::kDuplicate:
      return "taken by another host";
  }
  return "unknown";
}

Addresses::Addresses(Arena& arena, const Capacities& capacities)
    : records_(arena.take<Address>(capacities.addresses)),
      table_(arena.take<std::uint32_t>(std::bit_ceil(std::size_t{capacities.addresses} * 2 + 1))) {}

std::size_t Addresses::bucket(const IpAddress& address) const {
  // The table holds the host's own addresses only, so no peer can cause collisions. Multiplication
  // by the golden ratio spreads neighbouring addresses well.
  const auto& words = address.words();
  const std::uint32_t mixed = (words[0] ^ words[1] ^ words[2] ^ words[3]) * 0x9e3779b9u;
  return (mixed >> 16 ^ mixed) & (table_.size() - 1);
}

std::uint32_t Addresses::find(const IpAddress& address) const {
  for (std::size_t at = bucket(address); table_[at] != 0; at = (at + 1) & (table_.size() - 1)) {
    const std::uint32_t index = table_[at] - 1;
    if (records_[index].address == address) return index;
  }
  return kNone;
}

void Addresses::enter(std::uint32_t index) {
  std::size_t at = bucket(records_[index].address);
  while (table_[at] != 0) at = (at + 1) & (table_.size() - 1);
  table_[at] = index + 1;
}

std::uint32_t Addresses::add(InterfaceId interface, const Prefix& address) {
  if (size_ == records_.size()) return kNone;
  records_[size_] = Address{};
  records_[size_].address = address.address;
  records_[size_].length = address.length;
  records_[size_].interface = interface;
  records_[size_].deadline = kNever;
  enter(size_);
  return size_++;
}

void Addresses::remove(std::uint32_t index) {
  if (records_[index].event_pending) --pending_;
  --size_;
  std::move(records_.begin() + index + 1, records_.begin() + size_ + 1, records_.begin() + index);
  std::ranges::fill(table_, 0);
  for (std::uint32_t i = 0; i < size_; ++i) enter(i);
}

void Addresses::post(std::uint32_t index) {
  if (!records_[index].event_pending) ++pending_;
  records_[index].event_pending = true;
}

bool Addresses::next_event(AddressEvent& event) {
  if (pending_ == 0) return false;
  const auto waits = [](const Address& address) { return address.event_pending; };
  Address& address = *std::ranges::find_if(records_.first(size_), waits);
  address.event_pending = false;
  --pending_;
  event = AddressEvent{address.address, address.interface, address.state, address.conflict,
                       address.conflicting_host};
  return true;
}

}  // namespace conker
