#include "ctl/journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <numeric>
#include <utility>

#include "ctl/format.hpp"

namespace conker::ctl {
namespace {

/// The daemon stops at half of it.
constexpr off_t kLongestJournal = off_t{512} << 20;

OwnedFd open_journal(const std::string& path, int flags) {
  // O_NONBLOCK: opening a pipe without a reader must not block.
  OwnedFd file(::open(path.c_str(), flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0644));
  if (!file && errno != ENXIO)
    throw Failure(kExitFailed, fmt::format("{}: {}", path, std::strerror(errno)));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
    throw Failure(kExitFailed, fmt::format("{}: a journal needs a regular file", path));
  return file;
}

off_t size_of_journal(const OwnedFd& file) {
  struct stat status {};
  return ::fstat(file.get(), &status) == 0 ? status.st_size : 0;
}

/// The lines of a file.
class Lines {
 public:
  explicit Lines(OwnedFd file) : file_(::fdopen(file.get(), "r")) {
    if (file_ != nullptr) (void)file.release();
  }
  ~Lines() {
    if (file_ != nullptr) std::fclose(file_);
    std::free(line_);
  }
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;

  /// The next one, without its newline; false behind the last.
  bool next(std::string& text) {
    const ssize_t length = file_ == nullptr ? -1 : ::getline(&line_, &room_, file_);
    if (length < 0) return false;
    text.assign(line_, static_cast<std::size_t>(length));
    if (text.ends_with('\n')) text.pop_back();
    return true;
  }

 private:
  std::FILE* file_;
  char* line_ = nullptr;
  std::size_t room_ = 0;
};

void take_counts(const protocol::JournalCounts& counts, JournalPart& part) {
  for (const protocol::JournalCounts::Rule& changed : counts.rules) {
    const auto of =
        std::ranges::find(part.findings, changed.rule, &protocol::Strike::Finding::rule);
    if (of == part.findings.end()) continue;
    of->count = changed.count;
    of->inconclusive = changed.inconclusive;
    of->because = changed.because;
  }
}

void take_finding(protocol::Strike::Finding finding, JournalPart& part) {
  const auto of = std::ranges::find(part.findings, finding.rule, &protocol::Strike::Finding::rule);
  if (of == part.findings.end()) {
    part.findings.push_back(std::move(finding));
  } else {
    *of = std::move(finding);
  }
}

void take_second(protocol::JournalSecond second, JournalPart& part) {
  const Duration before = second.at - second.sums.elapsed;
  part.rows.push_back({part.last ? part.last->at : before, second.row});
  part.most_in_flight = std::max(part.most_in_flight, second.live);
  part.in_flight += second.live;
  part.last = std::move(second);
}

/// Parameters that a journal of another version does not have keep their defaults.
protocol::JournalBegin begin_of(json value) {
  json parameters = protocol::to_json(protocol::Strike::Parameters{});
  parameters.update(value.at("parameters"));
  value["parameters"] = std::move(parameters);
  return protocol::from_json<protocol::JournalBegin>(value);
}

/// Takes a line; false where it is none of a journal. Throws what the JSON library throws.
bool take(const json& line, std::vector<JournalPart>& parts) {
  if (!line.is_object() || line.size() != 1) return false;
  const std::string& name = line.begin().key();
  const json& value = line.begin().value();
  if (name == protocol::JournalBegin::kName) {
    parts.emplace_back().begin = begin_of(value);
    return true;
  }
  if (parts.empty()) return false;
  JournalPart& part = parts.back();
  if (name == protocol::JournalSecond::kName) {
    take_second(protocol::from_json<protocol::JournalSecond>(value), part);
  } else if (name == protocol::kJournalFinding) {
    take_finding(protocol::from_json<protocol::Strike::Finding>(value), part);
  } else if (name == protocol::JournalCounts::kName) {
    take_counts(protocol::from_json<protocol::JournalCounts>(value), part);
  } else if (name == protocol::kJournalFirstFailure) {
    part.first_failure = protocol::from_json<protocol::StrikeTimeline::First>(value);
  } else if (name == protocol::JournalStopped::kName) {
    part.stopped = protocol::from_json<protocol::JournalStopped>(value).why;
  } else if (name == protocol::kJournalReport) {
    part.report = protocol::from_json<protocol::Strike::Result>(value);
    part.report->summary.audit.fault = nullptr;  // a view into the line; `why` says it
  }
  if (name == protocol::JournalRuling::kName && part.report) {
    const auto ruling = protocol::from_json<protocol::JournalRuling>(value);
    part.report->verdict = ruling.verdict;
    part.report->why = ruling.why;
  }
  return true;  // lines of a later version are left out
}

}  // namespace

std::uint64_t JournalPart::cycles() const {
  if (report) return report->summary.cycles;
  return last ? last->sums.cycles : 0;
}

Duration JournalPart::elapsed() const {
  if (report) return report->summary.elapsed;
  return last ? last->sums.elapsed : Duration(0);
}

std::uint64_t StrikeJournal::cycles() const {
  return std::transform_reduce(parts.begin(), parts.end(), std::uint64_t{0}, std::plus(),
                               [](const JournalPart& part) { return part.cycles(); });
}

Duration StrikeJournal::elapsed() const {
  return std::transform_reduce(parts.begin(), parts.end(), Duration(0), std::plus(),
                               [](const JournalPart& part) { return part.elapsed(); });
}

StrikeJournal read_journal(const std::string& path) {
  return read_journal(open_journal(path, O_RDONLY), path);
}

StrikeJournal read_journal(OwnedFd file, const std::string& path) {
  if (size_of_journal(file) > kLongestJournal)
    throw Failure(kExitFailed, fmt::format("{}: too long for the journal of a strike", path));
  StrikeJournal journal;
  // The daemon holds a lock while it writes.
  journal.running = ::flock(file.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  Lines lines(std::move(file));
  for (std::string text; lines.next(text);) {
    if (text.empty()) continue;
    bool taken = false;
    try {
      taken = take(json::parse(text, nullptr, false), journal.parts);
    } catch (const std::exception&) {
      // Neither JSON's complaint nor ours helps: a line that is cut off has no meaning.
    }
    if (!taken && journal.parts.empty()) break;
    if (!taken) ++journal.unreadable;
  }
  if (journal.parts.empty()) {
    throw Failure(kExitFailed, fmt::format("{}: not the journal of a strike, which begins with a "
                                           "line {{\"begin\":...}}",
                                           path));
  }
  return journal;
}

OwnedFd new_journal(const std::string& path) {
  OwnedFd file = open_journal(path, O_WRONLY | O_CREAT | O_APPEND);
  if (size_of_journal(file) == 0) return file;
  throw Failure(kExitUsage,
                fmt::format("{}: something is in it: name a new file, or go on with its strike "
                            "(--resume {})",
                            path, path));
}

OwnedFd append_to_journal(const std::string& path) {
  OwnedFd file = open_journal(path, O_RDWR | O_APPEND);
  char last = 0;
  const bool cut = ::pread(file.get(), &last, 1, size_of_journal(file) - 1) == 1 && last != '\n';
  if (cut && ::write(file.get(), "\n", 1) != 1)
    throw Failure(kExitFailed, fmt::format("{}: {}", path, std::strerror(errno)));
  return file;
}

bool append_to_journal(const OwnedFd& file, const protocol::JournalRuling& ruling) {
  const std::string line =
      json{{std::string(protocol::JournalRuling::kName), protocol::to_json(ruling)}}.dump(
          -1, ' ', false, json::error_handler_t::replace) +
      "\n";
  return ::write(file.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

protocol::Strike::Parameters rest_of(const StrikeJournal& journal, const std::string& path) {
  if (journal.running)
    throw Failure(kExitFailed,
                  fmt::format("{}: a strike is writing to it: wait for its end", path));
  protocol::Strike::Parameters rest = journal.parts.front().begin.parameters;
  const std::uint64_t cycles = journal.cycles();
  const std::int64_t ms = journal.elapsed() / 1ms;
  if ((rest.cycles && cycles >= *rest.cycles) || (rest.duration_ms && ms >= *rest.duration_ms)) {
    throw Failure(kExitFailed,
                  fmt::format("{}: nothing is left of its strike, of which {} cycles were done in "
                              "{}: see conkerctl strike-report {}",
                              path, grouped(cycles), to_string(journal.elapsed()), path));
  }
  if (rest.cycles) *rest.cycles -= cycles;
  if (rest.duration_ms) *rest.duration_ms -= ms;
  rest.resumed_cycles = cycles;
  rest.resumed_ms = static_cast<std::uint64_t>(ms);
  return rest;
}

}  // namespace conker::ctl
