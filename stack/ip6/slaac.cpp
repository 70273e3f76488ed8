#include "stack/ip6/slaac.hpp"

#include <algorithm>

#include "stack/ip6/interface_identifiers.hpp"

namespace conker {
namespace {

constexpr std::uint64_t kSlaacPurpose = 0x4862;
constexpr std::uint8_t kPrefixLength = 64;  // RFC 2464, 4: that of identifiers of 64 bits

Instant end_in(std::uint32_t seconds, Instant now) {
  return seconds == kNdpForEver ? kNever : now + std::chrono::seconds(seconds);
}

}  // namespace

Slaac::Slaac(const SlaacSettings& settings, AddressHost& host, Counters& counters,
             const Entropy& entropy)
    : settings_(settings),
      host_(host),
      counters_(counters),
      temporary_secret_{entropy.words[0], entropy.words[1]},
      random_(SipKey{entropy.words[2], entropy.words[3]}, kSlaacPurpose) {}

// ---- The records ----

/// The record of the stable address in a prefix; null where there is none.
SlaacAddress* Slaac::find(std::uint64_t prefix) {
  for (std::uint32_t i = 0; i < count_; ++i) {
    if (records_[i].prefix == prefix && !records_[i].temporary) return &records_[i];
  }
  return nullptr;
}

SlaacAddress* Slaac::find(const IpAddress& address) {
  for (std::uint32_t i = 0; i < count_; ++i) {
    if (records_[i].held && records_[i].address == address) return &records_[i];
  }
  return nullptr;
}

/// The prefixes that have an address, that of link-local addresses left aside.
std::uint32_t Slaac::prefix_count() const {
  return static_cast<std::uint32_t>(std::ranges::count_if(addresses(), [](const auto& record) {
    return !record.temporary && record.prefix != kLinkLocalPrefix;
  }));
}

/// Null where there is no room, which is counted.
SlaacAddress* Slaac::add(const SlaacAddress& record) {
  if (count_ == records_.size()) {
    counters_.add(Count::router_entries_refused);
    return nullptr;
  }
  records_[count_] = record;
  return &records_[count_++];
}

/// Removes the records for which f() is true, and their addresses.
template <typename F>
void Slaac::remove(F&& f) {
  const std::uint32_t before = count_;
  count_ = 0;
  for (std::uint32_t i = 0; i < before; ++i) {
    const SlaacAddress record = records_[i];
    if (!f(record)) {
      records_[count_++] = record;
    } else if (record.held) {
      host_.remove_address(record.address);
    }
  }
}

// ---- Start and stop ----

void Slaac::start() {
  if (find(kLinkLocalPrefix) != nullptr) return;
  SlaacAddress record;
  record.prefix = kLinkLocalPrefix;
  if (SlaacAddress* added = add(record)) try_address(*added);
}

void Slaac::stop() {
  remove([](const SlaacAddress&) { return true; });
}

/// Hands an address with a fresh identifier to the host, which checks it for duplicates. Where the
/// host has no room for it, it is not tried again: it would have none the next time.
void Slaac::try_address(SlaacAddress& record) {
  record.retry_at = kNever;
  const std::uint64_t identifier =
      record.temporary
          ? temporary_identifier(record.prefix, settings_.mac, made_++, record.conflicts,
                                 temporary_secret_)
          : stable_identifier(record.prefix, settings_.mac, record.conflicts, settings_.secret);
  record.address = address_in(record.prefix, identifier).with_zone(zone_of(settings_.interface));
  record.deprecated = false;
  record.held = host_.add_address(record.address) == Error::kOk;
}

// ---- Prefixes ----

void Slaac::input(const IpAddress& router, const PrefixInformation& prefix, Instant now) {
  // 5.5.3, a to d. An identifier has 64 bits, so a prefix of another length has no address.
  const IpAddress& first = prefix.prefix.address;
  if (!prefix.autonomous || first.is_link_local() || first.is_multicast() ||
      prefix.preferred > prefix.valid || prefix.prefix.length != kPrefixLength)
    return;
  const std::uint64_t key = first.halves()[0];
  const Instant preferred_until = end_in(prefix.preferred, now);
  Instant valid_until = end_in(prefix.valid, now);
  SlaacAddress* known = find(key);
  if (known == nullptr) {
    if (prefix.valid == 0) return;
    if (prefix_count() == kPrefixes) return counters_.add(Count::router_entries_refused);
    SlaacAddress record;
    record.prefix = key;
    record.router = router;
    record.preferred_until = preferred_until;
    record.valid_until = valid_until;
    SlaacAddress* added = add(record);
    if (added == nullptr) return;
    try_address(*added);
    deprecate(*added, now);
    if (settings_.temporary) make_temporary(*added, now);
    return;
  }
  // 5.5.3, e: nobody who forges an advertisement can end an address within two hours.
  if (valid_until <= now + kTwoHours && valid_until <= known->valid_until) {
    valid_until = std::min(known->valid_until, now + kTwoHours);
  }
  known->router = router;
  for (std::uint32_t i = 0; i < count_; ++i) {
    SlaacAddress& record = records_[i];
    if (record.prefix != key) continue;
    record.preferred_until = preferred_until;
    record.valid_until = valid_until;
    if (record.temporary) {
      // Per RFC 8981, 3.4, a temporary address ends with the prefix, or by its own age.
      record.preferred_until = std::min(preferred_until, record.made + record.preferred_most);
      record.valid_until = std::min(valid_until, record.made + kTemporaryValid);
    }
    deprecate(record, now);
  }
}

/// Tells the host where an address has become deprecated, or preferred again.
void Slaac::deprecate(SlaacAddress& record, Instant now) {
  const bool is = record.preferred_until <= now;
  if (is == record.deprecated || !record.held) return;
  record.deprecated = is;
  host_.deprecate_address(record.address, is);
}

/// Makes a temporary address beside a stable one (RFC 8981, 3.4), unless it would be deprecated
/// before its successor could be made.
void Slaac::make_temporary(const SlaacAddress& stable, Instant now) {
  SlaacAddress record;
  record.prefix = stable.prefix;
  record.router = stable.router;
  record.temporary = true;
  record.made = now;
  record.preferred_most = kTemporaryPreferred - kDesync / 65536 * random_.below(65536);
  record.preferred_until = std::min(stable.preferred_until, now + record.preferred_most);
  record.valid_until = std::min(stable.valid_until, now + kTemporaryValid);
  if (record.preferred_until - now <= kRegenerate) return;
  if (SlaacAddress* added = add(record)) try_address(*added);
}

// ---- Events and timers ----

void Slaac::on_event(const AddressEvent& event, Instant now) {
  if (event.interface != settings_.interface || event.state != AddressState::kDuplicate) return;
  SlaacAddress* record = find(event.address);
  if (record == nullptr) return;
  host_.remove_address(record->address);
  record->held = false;
  // Per RFC 7217, 6, another identifier is tried, after a delay, and after some the interface goes
  // without an address in this prefix.
  if (record->conflicts++ < kRetries) {
    record->retry_at = now + kRetryWithin / 65536 * random_.below(65536);
  }
}

void Slaac::timers(Instant now) {
  remove([now](const SlaacAddress& record) { return record.valid_until <= now; });
  for (std::uint32_t i = 0; i < count_; ++i) {
    SlaacAddress& record = records_[i];
    if (record.retry_at <= now) try_address(record);
    deprecate(record, now);
  }
  // Successors come behind the records that are walked, and need none themselves yet.
  const std::uint32_t before = count_;
  for (std::uint32_t i = 0; i < before; ++i) {
    SlaacAddress& record = records_[i];
    if (!record.temporary || record.replaced || record.preferred_until - now > kRegenerate)
      continue;
    record.replaced = true;
    if (const SlaacAddress* stable = find(record.prefix)) make_temporary(*stable, now);
  }
}

Instant Slaac::next_deadline() const {
  Instant first = kNever;
  for (const SlaacAddress& record : addresses()) {
    first = std::min({first, record.valid_until, record.retry_at});
    if (record.held && !record.deprecated) first = std::min(first, record.preferred_until);
    if (record.temporary && !record.replaced && record.preferred_until != kNever)
      first = std::min(first, record.preferred_until - kRegenerate);
  }
  return first;
}

}  // namespace conker
