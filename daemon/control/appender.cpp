#include "daemon/control/appender.hpp"

#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <deque>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

namespace conker::daemon {
namespace {

/// Writes a whole line; the error when that failed, and then takes away what was written of it.
std::string write_line(int fd, std::string_view line) {
  std::size_t at = 0;
  while (at < line.size()) {
    const ssize_t n = ::write(fd, line.data() + at, line.size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n > 0) {
      at += static_cast<std::size_t>(n);
      continue;
    }
    const std::string error = n < 0 ? std::strerror(errno) : "nothing more could be written";
    struct stat now {};
    if (at > 0 && ::fstat(fd, &now) == 0)
      (void)!::ftruncate(fd, now.st_size - static_cast<off_t>(at));
    return error;
  }
  return {};
}

}  // namespace

struct Appender::Shared {
  struct Line {
    std::string text;
    Duration at;
  };

  explicit Shared(Descriptor descriptor) : file(std::move(descriptor)) {}

  void run();
  void lose(Duration at, const std::string& error) {
    ++counts.lost;
    if (counts.lost_first) return;
    counts.lost_first = at;
    counts.error = error;
  }

  Descriptor file;  // of the thread
  mutable std::mutex mutex;
  std::condition_variable more, idle;
  // Under the mutex:
  std::deque<Line> lines;
  std::size_t bytes = 0;  // of lines that wait
  Counts counts;
  bool over = false;
};

void Appender::Shared::run() {
  std::unique_lock lock(mutex);
  for (;;) {
    more.wait(lock, [this] { return !lines.empty() || over; });
    if (lines.empty()) return;
    while (!lines.empty()) {
      const Line line = std::move(lines.front());
      lines.pop_front();
      lock.unlock();
      const std::string error = write_line(file.get(), line.text);
      lock.lock();
      bytes -= line.text.size();
      --counts.waiting;
      if (error.empty()) {
        ++counts.lines;
      } else {
        lose(line.at, error);
      }
    }
    idle.notify_all();
    // The host may lose its power.
    lock.unlock();
    (void)::fdatasync(file.get());
    lock.lock();
  }
}

std::string Appender::lock(const Descriptor& file) {
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return {};
  return errno == EWOULDBLOCK ? "another strike is writing to it: wait for its end"
                              : std::strerror(errno);
}

Appender::Appender(Descriptor file) : shared_(std::make_shared<Shared>(std::move(file))) {
  // The thread inherits the mask: signals are the event loop's.
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  try {
    std::thread([shared = shared_] { shared->run(); }).detach();
  } catch (const std::system_error& error) {
    shared_->over = true;
    shared_->counts.error = error.what();
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Appender::~Appender() {
  const std::lock_guard lock(shared_->mutex);
  shared_->over = true;
  // With all lines written, who goes on with the file need not wait until the disk has them, too.
  if (shared_->counts.waiting == 0) (void)::flock(shared_->file.get(), LOCK_UN);
  shared_->more.notify_all();
}

void Appender::append(std::string line, Duration at) {
  line += '\n';
  const std::lock_guard lock(shared_->mutex);
  if (shared_->over) return shared_->lose(at, "no thread could be started for it");
  if (shared_->bytes + line.size() > kMaxWaiting)
    return shared_->lose(at, "the disk does not take it in time");
  shared_->bytes += line.size();
  ++shared_->counts.waiting;
  shared_->lines.push_back({std::move(line), at});
  shared_->more.notify_one();
}

void Appender::lose(Duration at, const std::string& error) {
  const std::lock_guard lock(shared_->mutex);
  shared_->lose(at, error);
}

bool Appender::settle(std::chrono::milliseconds limit) {
  std::unique_lock lock(shared_->mutex);
  return shared_->idle.wait_for(lock, limit, [this] { return shared_->counts.waiting == 0; });
}

Appender::Counts Appender::counts() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->counts;
}

}  // namespace conker::daemon
