// Invariants that are checked after every action.
#pragma once

#include "tests/explore/world.hpp"

namespace conker::explore {

/// Counts state changes seen, slots given out, and attempts that Destroy refused.
struct Coverage {
  std::array<std::uint16_t, kStateCount> transitions{};
  std::array<std::uint32_t, kMostSlots> generations{};
  std::uint16_t states = 0;
  std::uint64_t refusals = 0;  // in Destroy, on one path

  void join(const Coverage& other);
};

/// Checks all invariants. Null, or what is wrong; then the world may have changed.
const char* inspect(World& world, Coverage& coverage);

}  // namespace conker::explore
