// Duplicate address detection (RFC 4862, 5.4; RFC 7527): asks the link for an address before it is
// used, where AddressOptions::probe asks for that, and watches that no other host uses it.
#pragma once

#include <cstdint>
#include <optional>

#include "stack/base/counters.hpp"
#include "stack/base/random_bits.hpp"
#include "stack/base/time.hpp"
#include "stack/ip6/neighbour_discovery.hpp"
#include "stack/net/interfaces.hpp"
#include "stack/wire/ndp.hpp"

namespace conker {

class DuplicateDetection {
 public:
  /// MAX_RTR_SOLICITATION_DELAY and RetransTimer (RFC 4861, 10), DupAddrDetectTransmits (RFC 4862,
  /// 5.1).
  static constexpr Duration kDelay = 1s, kRetransmit = 1s;
  static constexpr std::uint8_t kTransmits = 1;
  /// Between announcements in answer to other hosts that use an address, so that two hosts do not
  /// answer each other for ever.
  static constexpr Duration kDefendInterval = 10s;

  DuplicateDetection(Interfaces& interfaces, NeighbourDiscovery& discovery, Counters& counters,
                     const SipKey& key)
      : interfaces_(interfaces),
        discovery_(discovery),
        counters_(counters),
        random_(key, kPurpose) {}

  /// Adds an address: the next timers() begins to ask for it or, without probing, it is in use.
  Error add_address(InterfaceId interface, const Prefix& address, const AddressOptions& options,
                    Instant now);
  /// To be called when the link has come up: tentative addresses are asked for anew, and those in
  /// use are announced and stay in use, since connections depend on them.
  void link_up(InterfaceId interface, Instant now);

  /// Another host asks for a tentative address in its own duplicate address detection.
  void probed(const IpAddress& address, const std::optional<NdpNonce>& nonce);
  /// Another host says that it has an address of this host.
  void advertised(const IpAddress& address, const MacAddress& mac, Instant now);

  void timers(Instant now);
  Instant next_deadline() const { return deadline_; }

 private:
  static constexpr std::uint64_t kPurpose = 0x4862;

  void step(std::uint32_t index, Instant now);
  void duplicate(std::uint32_t index, const MacAddress& mac);
  Duration random_up_to(Duration limit) {
    return Duration(random_.below(static_cast<std::uint32_t>(limit / 1ms)) * Duration(1ms));
  }
  NdpNonce nonce_of(const Address& address) const;

  Interfaces& interfaces_;
  NeighbourDiscovery& discovery_;
  Counters& counters_;
  RandomBits random_;
  Instant deadline_ = kNever;  // the earliest of all IPv6 addresses' deadlines, or earlier
};

}  // namespace conker
