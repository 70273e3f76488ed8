// IPv4 address conflict detection (RFC 5227): probes for an address before it is used, where
// AddressOptions::probe asks for that, announces it, and defends it against other hosts.
#pragma once

#include <cstdint>

#include "stack/base/counters.hpp"
#include "stack/base/random_bits.hpp"
#include "stack/base/time.hpp"
#include "stack/ip4/arp.hpp"
#include "stack/net/interfaces.hpp"
#include "stack/wire/arp.hpp"

namespace conker {

class ConflictDetection {
 public:
  // Constants of RFC 5227, 1.1.
  static constexpr Duration kProbeWait = 1s, kProbeMin = 1s, kProbeMax = 2s, kAnnounceWait = 2s,
                            kAnnounceInterval = 2s, kDefendInterval = 10s;
  static constexpr std::uint8_t kProbes = 3, kAnnouncements = 2;

  ConflictDetection(Interfaces& interfaces, Arp& arp, Counters& counters, const SipKey& key)
      : interfaces_(interfaces), arp_(arp), counters_(counters), random_(key, kPurpose) {}

  /// Adds an address: the next timers() begins to probe for it or, without probing, uses and
  /// announces it.
  Error add_address(InterfaceId interface, const Prefix& address, const AddressOptions& options,
                    Instant now);
  /// To be called when the link has come up (RFC 5227, 2.1): probing for a tentative address starts
  /// anew; an address in use is announced and stays in use, since connections depend on it.
  void link_up(InterfaceId interface, Instant now);

  /// Checks a received ARP packet for conflicts, before it is used for anything else.
  void input(InterfaceId interface, const ArpPacket& packet, Instant now);
  void timers(Instant now);
  Instant next_deadline() const { return deadline_; }

 private:
  static constexpr std::uint64_t kPurpose = 0x5227;

  Addresses& addresses() { return interfaces_.addresses(); }
  void step(std::uint32_t index, Instant now);
  bool send_arp(const Address& address, const IpAddress& sender, Instant now);
  void conflict(std::uint32_t index, const MacAddress& host, Instant now);
  void give_up(std::uint32_t index);
  Duration random_up_to(Duration limit);

  Interfaces& interfaces_;
  Arp& arp_;
  Counters& counters_;
  RandomBits random_;
  Instant deadline_ = kNever;  // the earliest of all addresses' deadlines, or earlier
};

}  // namespace conker
