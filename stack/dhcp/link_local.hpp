// IPv4 link-local addresses (RFC 3927), for an interface without a DHCP server.
#pragma once

#include <cstdint>

#include "stack/base/siphash.hpp"
#include "stack/stack.hpp"

namespace conker {

/// Chooses an address in 169.254/16, has the stack probe for it, and chooses another whenever
/// another host has it.
class LinkLocal {
 public:
  // Constants of RFC 3927, 9.
  static constexpr std::uint32_t kMostConflicts = 10;
  static constexpr Duration kRateLimit = 60s;

  LinkLocal(Stack& stack, InterfaceId interface) : stack_(stack), interface_(interface) {}

  void start();
  /// Removes the address.
  void stop();
  bool started() const { return started_; }
  /// The address in use; 0.0.0.0 while there is none.
  IpAddress address() const { return in_use_ ? candidate_ : IpAddress::v4(0); }

  /// To be called with every address event of the interface; true when address() has changed.
  bool on_address(const AddressEvent& event);
  void step();
  Instant next_deadline() const { return try_at_; }

 private:
  IpAddress choose() const;
  void try_one();

  Stack& stack_;
  InterfaceId interface_;
  bool started_ = false, held_ = false, in_use_ = false;  // held: candidate in the stack's table
  std::uint32_t conflicts_ = 0;
  IpAddress candidate_ = IpAddress::v4(0);
  Instant try_at_ = kNever;
};

}  // namespace conker
