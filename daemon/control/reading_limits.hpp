// How often users may call at the status socket, since some calls walk all tables: together, and
// each of them, so that one who asks without end does not silence the others.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "stack/base/time.hpp"
#include "stack/base/token_bucket.hpp"

namespace conker::daemon {

class ReadingLimits {
 public:
  static constexpr std::uint32_t kPerSecond = 100, kBurst = 200;             // of all users
  static constexpr std::uint32_t kOfUserPerSecond = 50, kOfUserBurst = 100;  // of one

  /// Takes one call of a user; false where there were too many.
  bool take(uid_t user, Instant now) { return of(user, now).take(now) && all_.take(now); }

 private:
  static constexpr std::size_t kUsers = 64;  // the one that has not called for longest is forgotten
  struct User {
    uid_t id;
    Instant called;
    TokenBucket calls;
  };

  TokenBucket& of(uid_t id, Instant now) {
    User* oldest = nullptr;
    for (User& user : users_) {
      if (user.id == id) {
        user.called = now;
        return user.calls;
      }
      if (oldest == nullptr || user.called < oldest->called) oldest = &user;
    }
    const User fresh{id, now, TokenBucket(kOfUserPerSecond, kOfUserBurst)};
    if (users_.size() < kUsers) return users_.emplace_back(fresh).calls;
    *oldest = fresh;
    return oldest->calls;
  }

  TokenBucket all_{kPerSecond, kBurst};
  std::vector<User> users_;
};

}  // namespace conker::daemon
