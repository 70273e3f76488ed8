// A library to preload: the realtime clock of a program goes wrong by as many seconds as the file
// STEPPED_CLOCK holds, from the moment on that it is written there, as by settimeofday(2), which
// would step the clock of the whole machine.
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>

namespace {

long step() {
  static const char* const path = std::getenv("STEPPED_CLOCK");
  char text[32] = {};
  const int fd = path == nullptr ? -1 : ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  const ssize_t got = ::read(fd, text, sizeof text - 1);
  ::close(fd);
  return got > 0 ? std::atol(text) : 0;
}

bool is_realtime(clockid_t clock) {
  return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* to) noexcept {
  const int result = static_cast<int>(::syscall(SYS_clock_gettime, clock, to));
  if (result == 0 && is_realtime(clock)) to->tv_sec += step();
  return result;
}

extern "C" int gettimeofday(timeval* __restrict to, void* __restrict) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  to->tv_sec = now.tv_sec;
  to->tv_usec = now.tv_nsec / 1000;
  return 0;
}

extern "C" time_t time(time_t* to) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (to != nullptr) *to = now.tv_sec;
  return now.tv_sec;
}
