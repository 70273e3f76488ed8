// Address conflict detection (RFC 5227): an address is probed before it is used, if that was asked
// for, announced when it is, and defended against whoever else uses it.
#pragma once

#include <cstdint>

#include "stack/base/counters.hpp"
#include "stack/base/random_bits.hpp"
#include "stack/base/time.hpp"
#include "stack/net/interfaces.hpp"
#include "stack/wire/arp.hpp"

namespace conker {

class Conflicts {
 public:
  // RFC 5227, 1.1
  static constexpr Duration kProbeWait = 1s, kProbeMin = 1s, kProbeMax = 2s, kAnnounceWait = 2s,
                            kAnnounceInterval = 2s, kDefendInterval = 10s;
  static constexpr std::uint8_t kProbes = 3, kAnnouncements = 2;

  Conflicts(Interfaces& interfaces, Counters& counters, const SipKey& key)
      : interfaces_(interfaces), counters_(counters), random_(key, kPurpose) {}

  /// An address is wanted: it is probed or, without that, in use and announced from the next
  /// timers() on.
  Error add_address(InterfaceId interface, const Prefix& address, const AddressOptions& options,
                    Instant now);
  Error remove_address(const IpAddress& address);
  /// The link has come up (RFC 5227, 2.1): what is being probed for is probed for from the
  /// beginning; what is in use is announced, and stays, since connections hang on it.
  void link_up(InterfaceId interface, Instant now);

  /// An ARP packet of another host that came in, before anybody else makes something of it.
  void input(InterfaceId interface, const ArpPacket& packet, Instant now);
  void timers(Instant now);
  Instant next_deadline() const { return deadline_; }
  /// News of addresses, one at a time; what is not fetched waits and is brought up to date.
  bool next_event(AddressEvent& event);

 private:
  static constexpr std::uint64_t kPurpose = 0x5227;

  Addresses& addresses() { return interfaces_.addresses(); }
  void step(std::uint32_t index, Instant now);
  bool say(const Address& address, const IpAddress& sender, Instant now);
  void conflict(std::uint32_t index, const MacAddress& rival, Instant now);
  void give_up(std::uint32_t index);
  void post(Address& address);
  Duration random_up_to(Duration limit);

  Interfaces& interfaces_;
  Counters& counters_;
  RandomBits random_;
  Instant deadline_ = kNever;  // the first of all addresses, or earlier
  std::uint32_t news_ = 0;     // addresses with an event
};

}  // namespace conker
