// What a host always does, or never: one observation may have another reason, many have not.
#pragma once

#include <cstdint>

namespace conker::verdict {

class Habit {
 public:
  /// Adds an observation; true once, when `most` of them were wrong and none was right.
  bool add(bool right, std::uint32_t most) {
    right_ = right_ || right;
    return !right_ && ++wrong_ == most;
  }
  std::uint32_t wrong() const { return wrong_; }

 private:
  std::uint32_t wrong_ = 0;
  bool right_ = false;
};

}  // namespace conker::verdict
