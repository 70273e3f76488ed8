// From where a strike opens: the stack's own addresses, which take turns by the seed.
#pragma once

#include <array>
#include <cstdint>

#include "stack/base/address.hpp"
#include "stack/net/network.hpp"

namespace conker {

class Origins {
 public:
  static constexpr std::uint32_t kMaxAddresses = 256;

  /// The first kMaxAddresses on the interface that leads to the target.
  void begin(const Network& network, const IpAddress& target, std::uint64_t seed);
  /// Unspecified where the stack chooses.
  IpAddress choose(const Network& network);
  /// Whether another choice may be another address.
  bool several() const { return count_ > 1; }

 private:
  std::uint64_t random_ = 0;
  std::uint32_t count_ = 0;
  std::array<std::uint16_t, kMaxAddresses> addresses_{};  // indices of Network::address()
};

}  // namespace conker
