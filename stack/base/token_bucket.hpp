// A token bucket: a limit of `burst` events at once and `per_second` in the long run.
#pragma once

#include <algorithm>
#include <cstdint>

#include "stack/base/time.hpp"

namespace conker {

class TokenBucket {
 public:
  /// `per_second` 0 allows none. The bucket begins full.
  constexpr TokenBucket(std::uint32_t per_second, std::uint32_t burst)
      : cost_(per_second == 0
                  ? Duration::max()
                  : Duration(1'000'000 / std::min<std::uint32_t>(per_second, 1'000'000))),
        full_(per_second == 0 ? Duration(0) : cost_ * std::max<std::uint32_t>(burst, 1)),
        credit_(full_) {}

  /// Takes a token; false when there is none.
  constexpr bool take(Instant now) {
    credit_ = std::min(full_, credit_ + std::min(full_, now - filled_));
    filled_ = now;
    if (credit_ < cost_) return false;
    credit_ -= cost_;
    return true;
  }

 private:
  Duration cost_;    // of one token, as the time that refills it
  Duration full_;    // capacity of the bucket, as time
  Duration credit_;  // tokens in the bucket, as time
  Instant filled_{};
};

}  // namespace conker
