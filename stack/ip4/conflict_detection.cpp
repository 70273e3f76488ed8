#include "stack/ip4/conflict_detection.hpp"

#include <algorithm>

namespace conker {
namespace {

// Delay before a probe or an announcement that the link could not take is sent again.
constexpr Duration kSendAgain = 100ms;

}  // namespace

Error ConflictDetection::add_address(InterfaceId interface, const Prefix& address,
                                     const AddressOptions& options, Instant now) {
  const auto index = interfaces_.add_address(
      interface, address, options.probe ? AddressState::kTentative : AddressState::kPreferred);
  if (!index) return index.error();
  Address& record = addresses()[*index];
  record.give_up = options.give_up;
  // Per RFC 5227, 2.1.1, the first probe is delayed at random, so that hosts that are switched on
  // at once do not probe at once.
  record.deadline = options.probe ? now + random_up_to(kProbeWait) : now;
  deadline_ = std::min(deadline_, record.deadline);
  return Error::kOk;
}

void ConflictDetection::link_up(InterfaceId interface, Instant now) {
  for (std::uint32_t i = 0; i < addresses().size(); ++i) {
    Address& address = addresses()[i];
    if (!address.address.is_v4() || address.interface != interface ||
        address.state == AddressState::kDuplicate)
      continue;
    address.sent = 0;
    address.deadline =
        address.state == AddressState::kTentative ? now + random_up_to(kProbeWait) : now;
    deadline_ = std::min(deadline_, address.deadline);
  }
}

Duration ConflictDetection::random_up_to(Duration limit) {
  return Duration(random_.below(static_cast<std::uint32_t>(limit / 1ms)) * Duration(1ms));
}

// ---- Probes and announcements sent ----

void ConflictDetection::timers(Instant now) {
  if (now < deadline_) return;
  deadline_ = kNever;
  for (std::uint32_t i = 0; i < addresses().size(); ++i) {
    if (!addresses()[i].address.is_v4()) continue;
    if (addresses()[i].deadline <= now) step(i, now);
    deadline_ = std::min(deadline_, addresses()[i].deadline);
  }
}

void ConflictDetection::step(std::uint32_t index, Instant now) {
  Address& address = addresses()[index];
  const bool probing = address.state == AddressState::kTentative;
  if (probing && address.sent == kProbes) {
    // No host has answered the probes (2.1.1): the address is assigned, and announced (2.3).
    address.sent = 0;
    interfaces_.change_address(index, AddressState::kPreferred);
    addresses().post(index);
    return step(index, now);
  }
  // A probe has no sender protocol address, so that no neighbour's ARP cache learns an address that
  // may never be assigned.
  if (!send_arp(address, probing ? IpAddress::v4(0) : address.address, now)) {
    address.deadline = now + kSendAgain;
    return;
  }
  ++address.sent;
  counters_.add(probing ? Count::arp_probes_out : Count::arp_announcements_out);
  if (probing) {
    address.deadline =
        now +
        (address.sent == kProbes ? kAnnounceWait : kProbeMin + random_up_to(kProbeMax - kProbeMin));
  } else {
    address.deadline = address.sent == kAnnouncements ? kNever : now + kAnnounceInterval;
  }
}

bool ConflictDetection::send_arp(const Address& address, const IpAddress& sender, Instant now) {
  const ArpPacket packet{ArpPacket::Operation::kRequest, interfaces_.mac(address.interface), sender,
                         MacAddress(), address.address};
  return arp_.send(address.interface, packet, MacAddress::broadcast(), now);
}

// ---- ARP packets received ----

void ConflictDetection::input(InterfaceId interface, const ArpPacket& packet, Instant now) {
  const bool probe =
      packet.operation == ArpPacket::Operation::kRequest && packet.sender.is_unspecified();
  const std::uint32_t index = addresses().find(probe ? packet.target : packet.sender);
  if (index == kNone || addresses()[index].interface != interface) return;
  // A probe for an assigned address is answered by an ARP reply (2.4); it is a conflict only while
  // this host probes for the address too (2.1.1).
  if (probe && addresses()[index].state != AddressState::kTentative) return;
  conflict(index, packet.sender_mac, now);
}

void ConflictDetection::conflict(std::uint32_t index, const MacAddress& host, Instant now) {
  Address& address = addresses()[index];
  if (address.state == AddressState::kDuplicate) return;
  counters_.add(Count::arp_conflicts);
  address.conflicting_host = host;
  address.conflict = true;
  if (address.state == AddressState::kTentative) return give_up(index);
  const bool recently = address.defended != Instant() && now - address.defended < kDefendInterval;
  if (recently) {
    if (address.give_up) give_up(index);
    return;
  }
  // Per 2.4 (b) and (c), one announcement in an interval, so that two hosts that both defend the
  // address do not flood the link.
  address.defended = now;
  if (send_arp(address, address.address, now)) counters_.add(Count::arp_defences);
  addresses().post(index);
}

void ConflictDetection::give_up(std::uint32_t index) {
  counters_.add(Count::addresses_given_up);
  addresses()[index].deadline = kNever;
  interfaces_.change_address(index, AddressState::kDuplicate);
  addresses().post(index);
}

}  // namespace conker
