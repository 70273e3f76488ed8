// What of a state decides about everything that can still happen, in 128 bits.
#pragma once

#include <cstdint>

#include "tests/explore/world.hpp"

namespace conker::explore {

/// Two states with the same fingerprint are taken for one. `key` finds it, `check` notices when two
/// states only share the key.
struct Fingerprint {
  std::uint64_t key = 0;
  std::uint64_t check = 0;
};

Fingerprint fingerprint_of(const World& world);

}  // namespace conker::explore
