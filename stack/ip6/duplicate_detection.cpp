#include "stack/ip6/duplicate_detection.hpp"

#include <algorithm>

namespace conker {
namespace {

// Delay before a solicitation that the link could not take is sent again.
constexpr Duration kSolicitAgain = 100ms;

}  // namespace

Error DuplicateDetection::add_address(InterfaceId interface, const Prefix& address,
                                      const AddressOptions& options, Instant now) {
  const auto index = interfaces_.add_address(
      interface, address, options.probe ? AddressState::kTentative : AddressState::kPreferred);
  if (!index) return index.error();
  Address& record = interfaces_.addresses()[*index];
  record.give_up = options.give_up;
  // Per RFC 4862, 5.4.2, the first solicitation is delayed at random, so that hosts that are
  // switched on at once do not ask at once.
  record.deadline = options.probe ? now + random_up_to(kDelay) : now;
  deadline_ = std::min(deadline_, record.deadline);
  return Error::kOk;
}

void DuplicateDetection::link_up(InterfaceId interface, Instant now) {
  Addresses& addresses = interfaces_.addresses();
  for (std::uint32_t i = 0; i < addresses.size(); ++i) {
    Address& address = addresses[i];
    if (address.address.is_v4() || address.interface != interface) continue;
    if (address.state == AddressState::kDuplicate) continue;
    address.sent = 0;
    address.deadline = address.state == AddressState::kTentative ? now + random_up_to(kDelay) : now;
    deadline_ = std::min(deadline_, address.deadline);
  }
}

// ---- Solicitations sent ----

void DuplicateDetection::timers(Instant now) {
  if (now < deadline_) return;
  deadline_ = kNever;
  Addresses& addresses = interfaces_.addresses();
  for (std::uint32_t i = 0; i < addresses.size(); ++i) {
    if (addresses[i].address.is_v4()) continue;
    if (addresses[i].deadline <= now) step(i, now);
    deadline_ = std::min(deadline_, addresses[i].deadline);
  }
}

void DuplicateDetection::step(std::uint32_t index, Instant now) {
  Address& address = interfaces_.addresses()[index];
  if (address.state != AddressState::kTentative) {
    // Neighbours that have an entry of the link's former host learn the new link-layer address.
    const bool sent = discovery_.announce(address.interface, address.address, now);
    address.deadline = sent ? kNever : now + kSolicitAgain;
    return;
  }
  if (address.sent >= kTransmits) {
    // No other host has answered: the address is assigned (RFC 4862, 5.4).
    address.sent = 0;
    address.deadline = kNever;
    interfaces_.change_address(index, AddressState::kPreferred);
    interfaces_.addresses().post(index);
    return;
  }
  if (!discovery_.probe(address.interface, address.address, nonce_of(address), now)) {
    address.deadline = now + kSolicitAgain;
    return;
  }
  ++address.sent;
  counters_.add(Count::nd_probes_out);
  address.deadline = now + kRetransmit;
}

// Per RFC 7527, 4.1, the nonce by which the host knows a solicitation of its own that came back.
NdpNonce DuplicateDetection::nonce_of(const Address& address) const {
  std::uint64_t bits = random_.hash(address.address.halves());
  NdpNonce nonce;
  for (std::byte& byte : nonce) {
    byte = static_cast<std::byte>(bits & 0xff);
    bits >>= 8;
  }
  return nonce;
}

// ---- Messages of other hosts ----

void DuplicateDetection::probed(const IpAddress& address, const std::optional<NdpNonce>& nonce) {
  const std::uint32_t index = interfaces_.addresses().find(address);
  if (index == kNone) return;
  Address& record = interfaces_.addresses()[index];
  if (record.state != AddressState::kTentative) return;
  if (nonce && *nonce == nonce_of(record)) {
    counters_.add(Count::nd_probes_looped);
    return;
  }
  duplicate(index, MacAddress());
}

void DuplicateDetection::advertised(const IpAddress& address, const MacAddress& mac, Instant now) {
  const std::uint32_t index = interfaces_.addresses().find(address);
  if (index == kNone) return;
  Address& record = interfaces_.addresses()[index];
  if (record.state == AddressState::kTentative) return duplicate(index, mac);
  if (record.state == AddressState::kDuplicate) return;
  // Two hosts have the address (RFC 4862, 5.4.4): connections depend on it, so it is kept, and
  // announced now and then.
  counters_.add(Count::nd_conflicts);
  record.conflicting_host = mac;
  record.conflict = true;
  if (record.defended != Instant() && now - record.defended < kDefendInterval) return;
  record.defended = now;
  (void)discovery_.announce(record.interface, record.address, now);
  interfaces_.addresses().post(index);
}

void DuplicateDetection::duplicate(std::uint32_t index, const MacAddress& mac) {
  Address& record = interfaces_.addresses()[index];
  counters_.add(Count::nd_conflicts);
  counters_.add(Count::addresses_given_up);
  record.conflicting_host = mac;
  record.conflict = true;
  record.deadline = kNever;
  interfaces_.change_address(index, AddressState::kDuplicate);
  interfaces_.addresses().post(index);
}

}  // namespace conker
