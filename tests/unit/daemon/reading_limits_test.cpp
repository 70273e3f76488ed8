// Limits of calls at the status socket: of all users, and of each.
#include "daemon/control/reading_limits.hpp"

#include <gtest/gtest.h>

namespace conker::daemon {
namespace {

constexpr Instant kBegin{Duration(0)};

std::uint32_t taken_by(ReadingLimits& limits, uid_t user, Instant now) {
  std::uint32_t taken = 0;
  for (int i = 0; i < 1000; ++i) taken += limits.take(user, now) ? 1 : 0;
  return taken;
}

TEST(ReadingLimits, OneUserLeavesCallsToOthers) {
  ReadingLimits limits;
  EXPECT_EQ(taken_by(limits, 1, kBegin), ReadingLimits::kOfUserBurst);
  EXPECT_EQ(taken_by(limits, 2, kBegin), ReadingLimits::kOfUserBurst);
  EXPECT_EQ(taken_by(limits, 3, kBegin), 0U) << "all together";
  for (int second = 1; second < 10; ++second) {
    const Instant now = kBegin + second * Duration(1s);
    EXPECT_EQ(taken_by(limits, 1, now), ReadingLimits::kOfUserPerSecond);
    EXPECT_TRUE(limits.take(2, now));
  }
}

TEST(ReadingLimits, TheUserThatHasNotCalledForLongestIsForgotten) {
  ReadingLimits limits;
  for (uid_t user = 1; user <= 1000; ++user) {
    EXPECT_TRUE(limits.take(user, kBegin + user * Duration(1s)));
  }
}

}  // namespace
}  // namespace conker::daemon
