// Our own addresses, and what is known of others who use them too.
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

/// How an address of ours is taken into use and kept (RFC 5227).
struct AddressOptions {
  /// Ask the link for 4 to 7 seconds whether anybody has it before it is used (2.1). What came of
  /// it is an AddressEvent.
  bool probe = false;
  /// What to do about another host that goes on using it after we have defended it once in
  /// kDefendInterval: give the address up (2.4 b), or keep it and defend it again in the next
  /// interval (2.4 c).
  bool give_up = false;
};

enum class AddressState : std::uint8_t {
  kProbing,    // not ours yet: nobody is answered for it and nothing leaves from it
  kAssigned,   // ours
  kDuplicate,  // another host has it: not used until it is removed and added again
};
/// In plain words: "in use".
const char* to_string(AddressState state);

/// News of an address.
struct AddressEvent {
  IpAddress address;
  InterfaceId interface;
  AddressState state = AddressState::kAssigned;  // as it is now
  bool conflict = false;  // another host was seen to use it; `rival` is the last one
  MacAddress rival;
};

struct Address {
  IpAddress address;
  std::uint8_t length;  // of its prefix
  InterfaceId interface;
  AddressState state;
  bool give_up;
  bool news;          // an event waits
  bool contested;     // another host was seen to use it
  std::uint8_t said;  // probes or announcements sent, of those that are to be sent
  MacAddress rival;   // the last host that was seen to use it
  Instant deadline;   // of the next probe or announcement; kNever when all has been said
  Instant defended;   // when it was defended last

  Prefix prefix() const { return {address, length}; }
};

/// The table. An address is found in one step, however many there are.
class Addresses {
 public:
  Addresses(Arena& arena, const Capacities& capacities);

  /// The index of a new record, at the end; kNone when the table is full. The address is not there
  /// yet.
  std::uint32_t add(InterfaceId interface, const Prefix& address);
  /// Those behind it move down by one.
  void remove(std::uint32_t index);

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
};

}  // namespace conker
