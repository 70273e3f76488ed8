// A watchdog for actions in which the stack crashes or loops for ever.
#include "tests/explore/watch.hpp"

#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <exception>

#include "tests/explore/report.hpp"

namespace conker::explore {
namespace {

constexpr int kLookEvery = 300'000;  // microseconds of CPU time
/// So many looks in a row at one action: a page that the kernel has to find, or a machine that
/// stands still, may take one or two.
constexpr int kLooks = 10;

const Search* at_work = nullptr;
std::uint64_t actions_seen = 0;
int looks = 0;  // at that action
bool as_json = false;
Clock::time_point begun;
std::array<char, 1 << 16> other_stack;

// Prints the path, though printing is not safe in a signal handler: the process is lost anyway.
[[noreturn]] void tell_and_end(const char* what) {
  if (at_work == nullptr) _exit(1);
  const Search& search = *at_work;
  const std::vector<Action> path = search.last_path();
  const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  print_finding(search.scene(), what, path, false);
  if (as_json) {
    std::printf(
        "{\"tool\": \"explore\", \"found\": %s, \"scene\": %s, \"replay\": %s, \"steps\": %llu, "
        "\"seconds\": %.3f}\n",
        json_string(what).c_str(), json_string(search.scene().name).c_str(),
        json_string(to_string(path)).c_str(), static_cast<unsigned long long>(search.actions()),
        seconds);
  }
  std::fflush(stdout);
  _exit(1);
}

void on_crash(int signal) {
  std::signal(signal, SIG_DFL);
  tell_and_end("the stack crashed");
}

void on_look(int) {
  if (at_work == nullptr || !at_work->in_stack()) return;
  if (at_work->actions() != actions_seen) looks = 0;
  actions_seen = at_work->actions();
  if (++looks == kLooks) tell_and_end("the stack does not come back from an action");
}

}  // namespace

void watch_for_crashes(bool json) {
  as_json = json;
  begun = Clock::now();
  stack_t other{};
  other.ss_sp = other_stack.data();
  other.ss_size = other_stack.size();
  sigaltstack(&other, nullptr);
  struct sigaction crash {};
  crash.sa_handler = on_crash;
  crash.sa_flags = SA_ONSTACK;
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT})
    sigaction(signal, &crash, nullptr);
  struct sigaction look {};
  look.sa_handler = on_look;
  look.sa_flags = SA_ONSTACK | SA_RESTART;
  sigaction(SIGPROF, &look, nullptr);
  const itimerval every{{0, kLookEvery}, {0, kLookEvery}};
  setitimer(ITIMER_PROF, &every, nullptr);
}

void now_at_work(const Search* search) {
  at_work = search;
}

}  // namespace conker::explore
