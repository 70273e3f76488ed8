#include "stack/dhcp/link_local.hpp"

#include <array>

namespace conker {
namespace {

constexpr std::uint8_t kPrefix = 16;
// 169.254.1.0 to 169.254.254.255: the first and last 256 addresses are reserved (RFC 3927, 2.1).
constexpr std::uint32_t kFirst = 0xa9fe0100, kCount = 254 * 256;

}  // namespace

// Chooses from the MAC address, so that a host takes the same address again after a restart, and
// hosts differ (RFC 3927, 2.1). This needs no secret.
IpAddress LinkLocal::choose() const {
  std::uint64_t word = conflicts_;
  for (const std::uint8_t byte : stack_.network().mac(interface_).bytes) word = word << 8 | byte;
  const std::array<std::uint64_t, 2> message{word, conflicts_};
  return IpAddress::v4(kFirst + static_cast<std::uint32_t>(siphash13(SipKey{}, message) % kCount));
}

void LinkLocal::start() {
  if (started_) return;
  started_ = true;
  try_one();
}

void LinkLocal::try_one() {
  candidate_ = choose();
  held_ = stack_.add_address(interface_, {candidate_, kPrefix}, {.probe = true, .give_up = true}) ==
          Error::kOk;
  try_at_ = kNever;
  if (held_) return;
  // The table of addresses is full, or another interface has the address.
  ++conflicts_;
  try_at_ = stack_.now() + kRateLimit;
}

void LinkLocal::stop() {
  if (held_) (void)stack_.remove_address(candidate_);
  started_ = held_ = in_use_ = false;
  try_at_ = kNever;
}

bool LinkLocal::on_address(const AddressEvent& event) {
  if (!held_ || event.address != candidate_) return false;
  if (event.state == AddressState::kPreferred) {
    const bool changed = !in_use_;
    in_use_ = true;
    return changed;
  }
  if (event.state != AddressState::kDuplicate) return false;
  (void)stack_.remove_address(candidate_);
  const bool changed = in_use_;
  held_ = in_use_ = false;
  ++conflicts_;
  // Per RFC 3927, 2.2.1, after MAX_CONFLICTS conflicts a host probes at RATE_LIMIT_INTERVAL only.
  try_at_ = stack_.now() + (conflicts_ > kMostConflicts ? kRateLimit : Duration{0});
  return changed;
}

void LinkLocal::step() {
  if (started_ && try_at_ <= stack_.now()) try_one();
}

}  // namespace conker
