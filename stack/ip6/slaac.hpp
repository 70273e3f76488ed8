// Stateless address autoconfiguration (RFC 4862, 5) of one interface: its link-local address, and
// an address in each prefix that routers advertise for it, by stable identifiers (RFC 7217) and,
// where the host wants them, temporary ones beside (RFC 8981).
//
// At most kPrefixes prefixes have an address; further ones are refused and counted, and displace
// none.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/counters.hpp"
#include "stack/base/random_bits.hpp"
#include "stack/base/time.hpp"
#include "stack/ip6/address_host.hpp"
#include "stack/net/addresses.hpp"
#include "stack/settings.hpp"
#include "stack/wire/ndp.hpp"

namespace conker {

struct SlaacSettings {
  InterfaceId interface;
  MacAddress mac;          // of the interface
  SipKey secret;           // of the identifiers; the same after a restart (RFC 7217, 5)
  bool temporary = false;  // addresses that change every day, for connections of the host's own
};

/// An address that was configured.
struct SlaacAddress {
  std::uint64_t prefix = 0;  // its first 64 bits, without a zone
  IpAddress address;
  IpAddress router;  // that advertised the prefix last; unspecified: link-local
  Instant preferred_until = kNever, valid_until = kNever;
  Instant made{};             // of a temporary one: when
  Duration preferred_most{};  // of a temporary one: no longer than this since it was made
  Instant retry_at = kNever;  // after a duplicate: when another identifier is tried
  std::uint8_t conflicts = 0;
  bool temporary = false;
  bool deprecated = false;
  bool held = false;      // the host has it, tentative or assigned
  bool replaced = false;  // of a temporary one: its successor was made
};

class Slaac {
 public:
  static constexpr std::size_t kPrefixes = 8;
  // The link-local one; of each prefix a stable one and up to five temporary ones, which are valid
  // for two days and make room for the next after 14 hours or more.
  static constexpr std::size_t kMost = 1 + kPrefixes * 6;
  static constexpr Duration kTwoHours = 2h;             // RFC 4862, 5.5.3 e
  static constexpr std::uint8_t kRetries = 3;           // IDGEN_RETRIES (RFC 7217, 7)
  static constexpr Duration kRetryWithin = 1s;          // IDGEN_DELAY
  static constexpr Duration kTemporaryValid = 24h * 2;  // RFC 8981, 3.8
  static constexpr Duration kTemporaryPreferred = 24h;
  static constexpr Duration kDesync = kTemporaryPreferred / 10 * 4;
  static constexpr Duration kRegenerate = 5s;  // REGEN_ADVANCE

  Slaac(const SlaacSettings& settings, AddressHost& host, Counters& counters,
        const Entropy& entropy);

  /// Makes the link-local address (RFC 4862, 5.3).
  void start();
  /// Removes all addresses.
  void stop();

  /// Processes a prefix of a valid router advertisement that `router` has sent (5.5.3).
  void input(const IpAddress& router, const PrefixInformation& prefix, Instant now);
  /// To be called with every address event of the interface.
  void on_event(const AddressEvent& event, Instant now);
  void timers(Instant now);
  Instant next_deadline() const;

  std::span<const SlaacAddress> addresses() const { return std::span(records_).first(count_); }

 private:
  SlaacAddress* find(std::uint64_t prefix);
  SlaacAddress* find(const IpAddress& address);
  std::uint32_t prefix_count() const;
  SlaacAddress* add(const SlaacAddress& record);
  void try_address(SlaacAddress& record);
  void make_temporary(const SlaacAddress& stable, Instant now);
  void deprecate(SlaacAddress& record, Instant now);
  template <typename F>
  void remove(F&& f);

  SlaacSettings settings_;
  AddressHost& host_;
  Counters& counters_;
  SipKey temporary_secret_;
  RandomBits random_;
  std::array<SlaacAddress, kMost> records_{};
  std::uint32_t count_ = 0;
  std::uint64_t made_ = 0;  // temporary identifiers so far, the "time" of RFC 8981, 3.3.2
};

}  // namespace conker
