#include "ctl/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace conker::ctl {
namespace {

[[noreturn]] void no_process(const std::string& command) {
  throw Failure(kExitFailed, fmt::format("{}: no process: {}", command, std::strerror(errno)));
}

/// The process between conkerctl and the shell: the kernel tells it when conkerctl has gone,
/// however that went, and it takes the whole group along.
[[noreturn]] void guard(const char* command, int output, pid_t parent) {
  ::setpgid(0, 0);
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, [](int) { ::kill(0, SIGKILL); });
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(127);
  const int null = ::open("/dev/null", O_RDONLY);
  ::dup2(null, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::close_range(STDERR_FILENO + 1, ~0U, 0);
  const pid_t shell = ::fork();
  if (shell == 0) {
    ::signal(SIGTERM, SIG_DFL);
    ::execl("/bin/sh", "sh", "-c", command, nullptr);
    ::_exit(127);
  }
  int status = 127 << 8;
  while (::waitpid(shell, &status, 0) < 0 && errno == EINTR) continue;
  ::_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

}  // namespace

Child::Child(const std::string& command) : pid_(-1) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) no_process(command);
  output_ = OwnedFd(ends[0]);
  const OwnedFd input(ends[1]);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) no_process(command);
  if (pid_ == 0) guard(command.c_str(), input.get(), parent);
  ::setpgid(pid_, pid_);  // both do, so that neither can be too late
  process_ = OwnedFd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      process_(std::move(other.process_)),
      output_(std::move(other.output_)) {}

Child::~Child() {
  if (pid_ < 0) return;
  // Before the process is waited for: until then nobody else can have its number.
  ::kill(-pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
}

std::optional<int> Child::exit_code() const {
  siginfo_t info{};
  if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
      info.si_pid == 0)
    return std::nullopt;
  return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

}  // namespace conker::ctl
