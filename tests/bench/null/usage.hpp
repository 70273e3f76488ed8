// The processor time that this process has used, in user mode and in the kernel.
#pragma once

#include <sys/resource.h>

namespace conker::null {

struct Usage {
  double user_s = 0, system_s = 0;

  static Usage now() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return {seconds(used.ru_utime), seconds(used.ru_stime)};
  }
  Usage operator-(const Usage& before) const {
    return {user_s - before.user_s, system_s - before.system_s};
  }
};

}  // namespace conker::null
