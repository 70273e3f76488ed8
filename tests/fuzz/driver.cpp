// Drives a target without libFuzzer, with any compiler: replays inputs, then mutates them at random
// for a given time. It measures no coverage; the corpus holds what libFuzzer has found by it.
#include <fcntl.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/fuzz/found.hpp"
#include "tests/fuzz/records.hpp"
#include "tests/support/random.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
// Only targets of records define the mutator; only builds with AddressSanitizer have the other.
extern "C" [[gnu::weak]] std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                                             std::size_t most, unsigned seed);
extern "C" [[gnu::weak]] void __sanitizer_set_death_callback(void (*callback)());

namespace conker::fuzz {
namespace {

using Bytes = std::vector<std::uint8_t>;
namespace fs = std::filesystem;

constexpr std::size_t kMostBytes = 4096;
constexpr int kMostSeconds = 10;  // for one input

struct Options {
  std::vector<std::string> inputs;
  double seconds = 0;
  std::uint32_t seed = 1;
  bool json = false;
  std::string save = ".";
};

Options options;
test::Random random_numbers(1);
std::uint64_t steps = 0;
std::size_t corpus_size = 0;
std::chrono::steady_clock::time_point began;
const Bytes* current = nullptr;  // the input that is running
volatile std::uint64_t steps_seen = 0;
volatile int ticks_still = 0;

double seconds_so_far() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

/// Writes a JSON string, cut where the room ends.
void quote(const char* text, std::span<char> out) {
  std::size_t at = 0;
  const auto put = [&](char c) {
    if (at + 2 < out.size()) out[at++] = c;
  };
  put('"');
  for (; *text != '\0'; ++text) {
    if (*text == '"' || *text == '\\') put('\\');
    put(static_cast<unsigned char>(*text) < ' ' ? ' ' : *text);
  }
  out[at++] = '"';
  out[at] = '\0';
}

/// Saves the running input to a file, whose name is written to `path`.
void keep(std::span<char> path) {
  std::snprintf(path.data(), path.size(), "%s/found-%s-%u-%llu", options.save.c_str(), kTarget,
                options.seed, static_cast<unsigned long long>(steps));
  const int file = ::open(path.data(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0 || ::write(file, current->data(), current->size()) < 0) std::perror(path.data());
  ::close(file);
}

/// Reports at the end of a run. It may be called from a signal handler, so it does not allocate.
void report(const char* what) {
  static std::array<char, 1024> path, words, place, line;
  if (what != nullptr && current != nullptr) keep(path);
  const auto count = static_cast<unsigned long long>(steps);
  const double seconds = seconds_so_far();
  int size = 0;
  if (options.json) {
    quote(what == nullptr ? "" : what, words);
    quote(path.data(), place);
    size = std::snprintf(
        line.data(), line.size(),
        "{\"tool\": \"fuzz_%s\", \"found\": %s, \"steps\": %llu, \"seconds\": %.2f, \"seed\": %u, "
        "\"corpus\": %zu, \"input\": %s}\n",
        kTarget, what == nullptr ? "null" : words.data(), count, seconds, options.seed, corpus_size,
        what == nullptr ? "null" : place.data());
  } else if (what == nullptr) {
    size = std::snprintf(line.data(), line.size(),
                         "nothing found in %llu inputs (%zu of them the corpus), %.1f s, seed %u\n",
                         count, corpus_size, seconds, options.seed);
  } else {
    size = std::snprintf(line.data(), line.size(),
                         "found: %s\nafter %llu inputs; again with: fuzz_%s %s\n", what, count,
                         kTarget, path.data());
  }
  const auto length = std::min(static_cast<std::size_t>(std::max(size, 0)), line.size() - 1);
  if (::write(STDOUT_FILENO, line.data(), length) < 0) std::_Exit(2);
}

// Handles a crash: the heap may be corrupt, but the input is worth the attempt.
void on_signal(int signal) {
  report(signal == SIGABRT ? "it aborted" : signal == SIGFPE ? "it divided by zero" : "it crashed");
  std::_Exit(1);
}

void on_death() {
  report("a sanitizer has stopped it: what it saw is on standard error");
}

void on_tick(int) {
  ticks_still = steps_seen == steps ? ticks_still + 1 : 0;
  steps_seen = steps;
  if (ticks_still < kMostSeconds) return;
  report("an input that does not come to an end");
  std::_Exit(1);
}

void catch_ends() {
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(on_death);
  } else {
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT})
      std::signal(signal, on_signal);
  }
  std::signal(SIGALRM, on_tick);
  const itimerval every_second{{1, 0}, {1, 0}};
  ::setitimer(ITIMER_REAL, &every_second, nullptr);
}

/// Runs an input in a block of its exact size, so that a sanitizer notices reads beyond it.
void try_one(const Bytes& bytes) {
  current = &bytes;
  ++steps;
  const auto block = std::make_unique<std::uint8_t[]>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), block.get());
  LLVMFuzzerTestOneInput(block.get(), bytes.size());
  current = nullptr;
}

Bytes read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<Bytes> read_inputs() {
  std::vector<fs::path> paths;
  for (const std::string& input : options.inputs) {
    if (fs::is_directory(input)) {
      for (const auto& entry : fs::directory_iterator(input)) paths.push_back(entry.path());
    } else {
      paths.emplace_back(input);
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Bytes> inputs;
  for (const auto& path : paths) inputs.push_back(read_file(path));
  return inputs;
}

std::uint32_t below(std::size_t n) {
  return random_numbers.below(n);
}

/// The front of one input and the back of another.
Bytes spliced(const Bytes& a, const Bytes& b) {
  const std::size_t unit = LLVMFuzzerCustomMutator == nullptr ? 1 : Record::kBytes;
  const auto cut = [unit](const Bytes& bytes) {
    return static_cast<std::ptrdiff_t>(below(bytes.size() / unit + 1) * unit);
  };
  const auto front = cut(a), back = cut(b);
  Bytes out(a.begin(), a.begin() + front);
  out.insert(out.end(), b.begin() + back, b.end());
  return out;
}

Bytes changed(const std::vector<Bytes>& corpus) {
  Bytes bytes = corpus.empty() ? Bytes(1) : corpus[below(corpus.size())];
  if (corpus.size() > 1 && below(4) == 0) bytes = spliced(bytes, corpus[below(corpus.size())]);
  std::size_t size = std::min(bytes.size(), kMostBytes);
  bytes.resize(kMostBytes);
  for (std::uint32_t n = 1 + below(4); n > 0; --n) {
    size = LLVMFuzzerCustomMutator != nullptr
               ? LLVMFuzzerCustomMutator(bytes.data(), size, kMostBytes, random_numbers())
               : LLVMFuzzerMutate(bytes.data(), size, kMostBytes);
  }
  bytes.resize(size);
  return bytes;
}

template <typename T>
bool number(const char* text, T& out) {
  const char* end = text + std::strlen(text);
  return text != end && std::from_chars(text, end, out).ptr == end;
}

bool parse(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : "";
    if (arg == "--json") {
      options.json = true;
    } else if (arg == "--seconds" || arg == "--seed" || arg == "--save") {
      ++i;
      if (arg == "--seconds" && (!number(value, options.seconds) || options.seconds < 0))
        return false;
      if (arg == "--seed" && !number(value, options.seed)) return false;
      if (arg == "--save") options.save = value;
    } else if (arg.starts_with("--") || !fs::exists(arg)) {
      return false;
    } else {
      options.inputs.push_back(arg);
    }
  }
  if (options.inputs.empty() && fs::exists(kCorpus)) options.inputs.emplace_back(kCorpus);
  return fs::is_directory(options.save);
}

}  // namespace

void found(const char* what) {
  report(what);
  std::_Exit(1);
}

int drive(int argc, char** argv) {
  if (!parse(argc, argv)) {
    std::fprintf(stderr,
                 "usage: fuzz_%s [--seconds T] [--seed N] [--json] [--save DIRECTORY] [INPUT...]\n",
                 kTarget);
    return 2;
  }
  began = std::chrono::steady_clock::now();
  random_numbers = test::Random(options.seed);
  catch_ends();
  const std::vector<Bytes> corpus = read_inputs();
  corpus_size = corpus.size();
  for (const Bytes& bytes : corpus) try_one(bytes);
  while (seconds_so_far() < options.seconds) {
    for (int n = 0; n < 16; ++n) try_one(changed(corpus));
  }
  report(nullptr);
  return 0;
}

}  // namespace conker::fuzz

std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most) {
  using conker::fuzz::below;
  const auto some = [](std::size_t n) { return 1 + below(std::min<std::size_t>(n, 16)); };
  switch (size == 0 ? 0 : below(5)) {
    case 0: {  // insert random bytes
      if (size == most) return size;
      const std::size_t n = some(most - size), at = below(size + 1);
      std::memmove(data + at + n, data + at, size - at);
      for (std::size_t i = 0; i < n; ++i) data[at + i] = static_cast<std::uint8_t>(below(256));
      return size + n;
    }
    case 1: {  // remove bytes
      const std::size_t at = below(size), n = some(size - at);
      std::memmove(data + at, data + at + n, size - at - n);
      return size - n;
    }
    case 2:
      data[below(size)] ^= static_cast<std::uint8_t>(1u << below(8));
      return size;
    case 3: {
      constexpr std::uint8_t kTelling[] = {0,    1,    2,    4,    7,    8,   0x3f, 0x40,
                                           0x7f, 0x80, 0xc0, 0xfe, 0xff, '"', '\n', ':'};
      data[below(size)] = kTelling[below(std::size(kTelling))];
      return size;
    }
    default: {  // copy bytes to another place
      const std::size_t from = below(size), to = below(size);
      std::memmove(data + to, data + from,
                   std::min<std::size_t>(some(size - std::max(from, to)), size));
      return size;
    }
  }
}

int main(int argc, char** argv) {
  return conker::fuzz::drive(argc, argv);
}
