// Rates.
#pragma once

#include "stack/base/time.hpp"

namespace conker {

/// So many a second; 0 where no time has passed.
constexpr double per_second(double count, Duration passed) {
  return passed.count() <= 0 ? 0 : count * 1e6 / static_cast<double>(passed.count());
}

}  // namespace conker
