// Fingerprints: 128 bits of everything in a state that decides what can still happen.
#pragma once

#include <cstdint>

#include "tests/explore/world.hpp"

namespace conker::explore {

/// The fingerprint of a state; two states with the same one are taken for one. `key` finds it,
/// `check` notices that two states share only the key.
struct Fingerprint {
  std::uint64_t key = 0;
  std::uint64_t check = 0;
};

Fingerprint fingerprint_of(const World& world);

}  // namespace conker::explore
