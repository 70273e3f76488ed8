// A limit to how often something is done: so many at once, and so many a second in the long run.
#pragma once

#include <algorithm>
#include <cstdint>

#include "stack/base/time.hpp"

namespace conker {

class TokenBucket {
 public:
  /// `per_second` 0: never. The bucket begins full.
  constexpr TokenBucket(std::uint32_t per_second, std::uint32_t burst)
      : cost_(per_second == 0
                  ? Duration::max()
                  : Duration(1'000'000 / std::min<std::uint32_t>(per_second, 1'000'000))),
        full_(per_second == 0 ? Duration(0) : cost_ * std::max<std::uint32_t>(burst, 1)),
        credit_(full_) {}

  /// Whether it may be done now; takes a token if so.
  constexpr bool take(Instant now) {
    credit_ = std::min(full_, credit_ + std::min(full_, now - filled_));
    filled_ = now;
    if (credit_ < cost_) return false;
    credit_ -= cost_;
    return true;
  }

 private:
  Duration cost_;    // of one token, in time that fills it
  Duration full_;    // what the bucket holds at most
  Duration credit_;  // what it holds
  Instant filled_{};
};

}  // namespace conker
