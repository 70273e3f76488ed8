// The host's own addresses, with their state in the detection of duplicates (RFC 5227, RFC 4862).
#pragma once

#include <cstdint>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/arena.hpp"
#include "stack/base/chunk_pool.hpp"
#include "stack/base/result.hpp"
#include "stack/base/time.hpp"
#include "stack/settings.hpp"

namespace conker {

/// How an address is taken into use and defended (RFC 5227).
struct AddressOptions {
  /// Probe the link for 4 to 7 seconds for other users of the address before using it (2.1). The
  /// result is an AddressEvent.
  bool probe = false;
  /// On a conflict within kDefendInterval of an earlier defence: give the address up (2.4 b), or
  /// keep it and defend it again in the next interval (2.4 c).
  bool give_up = false;
};

enum class AddressState : std::uint8_t {
  kTentative,   // being probed for: no ARP reply for it, and no packet from it
  kPreferred,   // in use
  kDeprecated,  // in use, but no new connection prefers it (RFC 4862, 5.5.4)
  kDuplicate,   // another host has it: not used until it is removed and added again
};
/// The state in plain words: "in use".
const char* to_string(AddressState state);

/// A change of an address's state, or a conflict.
struct AddressEvent {
  IpAddress address;
  InterfaceId interface;
  AddressState state = AddressState::kPreferred;  // the present state
  bool conflict = false;  // another host uses the address; `conflicting_host` is the last one seen
  MacAddress conflicting_host;
};

struct Address {
  IpAddress address;
  std::uint8_t length;  // prefix length
  InterfaceId interface;
  AddressState state;
  bool give_up;
  bool event_pending;           // an event waits to be fetched
  bool conflict;                // another host was seen to use the address
  std::uint8_t sent;            // how many probes or announcements were sent so far
  MacAddress conflicting_host;  // the last host that was seen to use the address
  Instant deadline;             // of the next probe or announcement; kNever when none is left
  Instant defended;             // time of the last defence

  Prefix prefix() const { return {address, length}; }
  bool in_use() const {
    return state == AddressState::kPreferred || state == AddressState::kDeprecated;
  }
};

/// The table of the host's addresses. Finding an address takes one step, however many there are.
class Addresses {
 public:
  Addresses(Arena& arena, const Capacities& capacities);

  /// Adds a record at the end and returns its index; kNone when the table is full. The address must
  /// not be in the table yet.
  std::uint32_t add(InterfaceId interface, const Prefix& address);
  /// Removes a record, and its event; the indices of those behind it decrease by one.
  void remove(std::uint32_t index);

  /// Notes that there is something to tell of an address.
  void post(std::uint32_t index);
  /// Takes one event. An event that is not fetched is kept and updated.
  bool next_event(AddressEvent& event);

  std::uint32_t find(const IpAddress& address) const;
  Address& operator[](std::uint32_t index) { return records_[index]; }
  const Address& operator[](std::uint32_t index) const { return records_[index]; }
  std::uint32_t size() const { return size_; }

 private:
  std::size_t bucket(const IpAddress& address) const;
  void enter(std::uint32_t index);

  std::span<Address> records_;
  std::span<std::uint32_t> table_;  // open addressing: indices of records, counted from one
  std::uint32_t size_ = 0;
  std::uint32_t pending_ = 0;  // number of addresses with an event
};

}  // namespace conker
