#include "tests/sim/trial.hpp"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <new>
#include <optional>
#include <thread>

#include "stack/link/capture.hpp"
#include "tests/sim/long_run.hpp"
#include "tests/sim/world.hpp"

namespace conker::sim {
namespace {

constexpr auto kNoHeartbeat = std::chrono::seconds(2);

class FileSink final : public CaptureSink {
 public:
  explicit FileSink(const std::string& path) : file_(std::fopen(path.c_str(), "wb")) {}
  ~FileSink() {
    if (file_ != nullptr) std::fclose(file_);
  }
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;
  bool write(std::span<const std::byte> bytes) override {
    return file_ != nullptr && std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size();
  }

 private:
  std::FILE* file_;
};

void find(Board& board, const std::string& what) {
  board.found = true;
  std::snprintf(board.fault, sizeof board.fault, "%s", what.c_str());
}

std::string how_it_died(int status) {
  if (WIFSIGNALED(status)) {
    return std::string("the stack crashed: ") + strsignal(WTERMSIG(status));
  }
  return "the stack crashed: exit code " + std::to_string(WEXITSTATUS(status));
}

/// The processor time of a child: on a busy machine an ordinary turn may take seconds of the clock.
std::chrono::nanoseconds processor_time(pid_t child) {
  clockid_t clock{};
  timespec used{};
  if (clock_getcpuclockid(child, &clock) != 0 || clock_gettime(clock, &used) != 0) return {};
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace

Watched::Watched() {
  void* memory =
      mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  board_ = new (memory) Board;
}

Watched::~Watched() {
  munmap(board_, sizeof(Board));
}

Board& Watched::run(const std::function<void(Board&)>& play, const volatile int* stop,
                    double seconds) {
  *board_ = Board();
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) throw std::bad_alloc();
  if (child == 0) {
    // Who gives up on the simulator kills it alone; a turn that does not end would go on for ever.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    play(*board_);
    _exit(0);
  }
  std::uint64_t last = 0;
  const Clock::time_point start = Clock::now();
  std::chrono::nanoseconds beat{0};  // the child's processor time then
  auto pause = std::chrono::microseconds(100);
  for (int status = 0;;) {
    const pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended == child) {
      if (status != 0) find(*board_, how_it_died(status));
      return *board_;
    }
    const auto used = processor_time(child);
    if (board_->heartbeat != last) {
      last = board_->heartbeat;
      beat = used;
    }
    const bool over = seconds > 0 && Clock::now() - start > std::chrono::duration<double>(seconds);
    if (over || (stop != nullptr && *stop != 0)) board_->stop = true;
    if (used - beat > kNoHeartbeat) {
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      find(*board_, "a turn that does not end");
      return *board_;
    }
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::microseconds(5000));
  }
}

void play_script(Board& board, const Script& script, const std::string& stem) {
  Config config = make_config(script.seed, script.scarce);
  config.alter_payload = script.alter_payload;
  board.seed = script.seed;
  // A fault without attackers is found and traced by itself.
  std::optional<std::vector<Outcome>> bounds;
  if (config.siege) {
    World peaceful(config);
    peaceful.context().heartbeat = &board.heartbeat;
    peaceful.play(script, &board.step);
    if (peaceful.context().fault == nullptr) bounds = peaceful.outcomes();
  }
  World world(config, bounds ? &*bounds : nullptr);
  Context& context = world.context();
  context.heartbeat = &board.heartbeat;
  context.figures.sieges = config.siege ? 1 : 0;

  Capture capture;
  FileSink sink(stem.empty() ? "/dev/null" : stem + ".pcap");
  std::FILE* trace = nullptr;
  if (!stem.empty()) {
    trace = std::fopen((stem + ".trace").c_str(), "w");
    if (trace != nullptr) {
      // The trace must be complete even if the next step crashes.
      std::setvbuf(trace, nullptr, _IOLBF, 4096);
      std::fprintf(trace, "seed %llu\n%s", static_cast<unsigned long long>(script.seed),
                   describe(config).c_str());
    }
    context.trace = trace;
    if (capture.start(sink, 0)) context.capture = &capture;
  }
  world.play(script, &board.step);
  if (trace != nullptr) std::fclose(trace);
  board.figures.add(context.figures);
  board.taken.add(context.taken);
  board.worlds = board.worlds + 1;
  if (context.fault == nullptr) return;
  const std::string where =
      context.fault_host >= 0 ? "host " + std::to_string(context.fault_host) + ": " : std::string();
  board.fault_host = context.fault_host;
  find(board, where + context.fault);
}

}  // namespace conker::sim
