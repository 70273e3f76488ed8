// An address of one's own making, where nobody gives one (RFC 3927).
#pragma once

#include <cstdint>

#include "stack/base/siphash.hpp"
#include "stack/stack.hpp"

namespace conker {

/// Chooses an address in 169.254/16, has the stack probe for it, and chooses another whenever
/// somebody has it.
class LinkLocal {
 public:
  // RFC 3927, 9
  static constexpr std::uint32_t kMostConflicts = 10;
  static constexpr Duration kRateLimit = 60s;

  LinkLocal(Stack& stack, InterfaceId interface) : stack_(stack), interface_(interface) {}

  void start();
  /// The address is given back.
  void stop();
  bool started() const { return started_; }
  /// 0.0.0.0 while there is none in use.
  IpAddress address() const { return in_use_ ? candidate_ : IpAddress::v4(0); }

  /// News of an address of the stack. True when it changes address().
  bool on_address(const AddressEvent& event);
  void step();
  Instant next_deadline() const { return try_at_; }

 private:
  IpAddress choose() const;
  void try_one();

  Stack& stack_;
  InterfaceId interface_;
  bool started_ = false, held_ = false, in_use_ = false;  // held: the stack has the candidate
  std::uint32_t conflicts_ = 0;
  IpAddress candidate_ = IpAddress::v4(0);
  Instant try_at_ = kNever;
};

}  // namespace conker
