// What must hold after every single action, whatever it was.
#pragma once

#include "tests/explore/world.hpp"

namespace conker::explore {

/// Which state changes were ever seen, how often each slot was given out, how often Destroy refused
/// something.
struct Coverage {
  std::array<std::uint16_t, kStateCount> transitions{};
  std::array<std::uint32_t, kMostSlots> generations{};
  std::uint16_t states = 0;
  std::uint64_t refusals = 0;  // in Destroy, in one path

  void join(const Coverage& other);
};

/// Null, or what is wrong. Changes nothing unless something is.
const char* inspect(World& world, Coverage& coverage);

}  // namespace conker::explore
