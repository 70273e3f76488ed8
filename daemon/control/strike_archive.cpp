#include "daemon/control/strike_archive.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <functional>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>

#include "daemon/control/appender.hpp"
#include "protocol/journal.hpp"
#include "protocol/json.hpp"
#include "stack/base/per_second.hpp"

namespace conker::daemon {
namespace {

using protocol::json;
using protocol::StrikeEntry;

constexpr std::array<std::string_view, 2> kEndings{".journal", ".pcapng"};  // by File
/// A journal begins with the parameters, and ends with the strike's entry; between them are rows,
/// and a report that may be long.
constexpr std::size_t kEndBytes = std::size_t{64} << 10;

std::string read_at(int fd, off_t at) {
  std::string bytes(kEndBytes, '\0');
  const ssize_t n = ::pread(fd, bytes.data(), bytes.size(), at);
  bytes.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
  return bytes;
}

/// The value of a line {"name": value}, if it is of this name.
std::optional<json> value_of(std::string_view line, std::string_view name) {
  json whole = json::parse(line, nullptr, false);
  if (!whole.is_object() || !whole.contains(name)) return std::nullopt;
  return std::move(whole[std::string(name)]);
}

/// What a row knows of a strike whose daemon did not live to its end.
void take_row(const protocol::JournalSecond& second, StrikeEntry& entry) {
  const auto& sums = second.sums;
  const std::uint64_t failed = std::transform_reduce(
      sums.failures.begin(), sums.failures.end(), std::uint64_t{0}, std::plus(),
      [](const protocol::StrikeTimeline::Failure& failure) { return failure.count; });
  entry.so_far = {sums.cycles, sums.closed + sums.aborted, failed, second.live, second.at};
  entry.connect_p50 = second.row.connect_p50;
  entry.connect_p99 = second.row.connect_p99;
}

/// Takes a line from the end of a journal; a later one has the last word.
void take_line(std::string_view line, StrikeEntry& entry) {
  if (auto row = value_of(line, protocol::JournalSecond::kName)) {
    take_row(protocol::from_json<protocol::JournalSecond>(*row), entry);
  } else if (auto finding = value_of(line, protocol::kJournalFinding)) {
    const auto found = protocol::from_json<protocol::Strike::Finding>(*finding);
    entry.findings.push_back(
        {found.rule, found.severity, found.count, found.inconclusive, found.cycle});
  } else if (auto ended = value_of(line, StrikeEntry::kName)) {
    entry = protocol::from_json<StrikeEntry>(*ended);
  }
}

/// Nothing where the file is no journal.
std::optional<StrikeEntry> entry_of(int fd, std::uint64_t id) {
  const std::string head = read_at(fd, 0);
  const auto begun =
      value_of(std::string_view(head).substr(0, head.find('\n')), protocol::JournalBegin::kName);
  if (!begun) return std::nullopt;
  const auto begin = protocol::from_json<protocol::JournalBegin>(*begun);
  StrikeEntry entry;
  entry.state = StrikeEntry::State::kLost;
  entry.detached = true;
  entry.target = to_string(begin.target);
  entry.began = begin.time;
  entry.cycles_asked = begin.parameters.cycles;
  entry.duration_ms = begin.parameters.duration_ms;
  entry.verdict = protocol::Verdict::kInconclusive;
  entry.why = "the daemon ended before it was over";
  const off_t size = ::lseek(fd, 0, SEEK_END);
  const std::string tail = read_at(fd, std::max<off_t>(0, size - off_t{kEndBytes}));
  // The first line is likely to be cut off; JSON's reader refuses it.
  for (std::size_t at = 0; at < tail.size();) {
    const std::size_t end = std::min(tail.find('\n', at), tail.size());
    try {
      take_line(std::string_view(tail).substr(at, end - at), entry);
    } catch (const std::exception&) {
      // A line of another version says nothing here; the report reads the whole.
    }
    at = end + 1;
  }
  entry.id = id;
  if (entry.state == StrikeEntry::State::kLost) {
    entry.cycles_per_second =
        per_second(static_cast<double>(entry.so_far.completed), entry.so_far.elapsed);
  }
  return entry;
}

/// No id is as large; beyond it, a file is not ours.
constexpr std::uint64_t kLargestId = 1'000'000'000'000;

/// The id in the name of a journal.
std::optional<std::uint64_t> id_in(std::string_view name) {
  if (!name.ends_with(kEndings[0])) return std::nullopt;
  name.remove_suffix(kEndings[0].size());
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  if (error != std::errc() || end != name.data() + name.size() || id == 0 || id > kLargestId)
    return std::nullopt;
  return id;
}

Descriptor open_file(const std::string& path, int flags) {
  return Descriptor(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640));
}

}  // namespace

StrikeArchive::StrikeArchive(const config::Strike& config)
    : directory_(config.directory.text), limits_(config) {
  std::error_code none;
  for (const auto& file : std::filesystem::directory_iterator(directory_, none)) {
    const auto id = id_in(file.path().filename().string());
    if (!id) continue;
    next_id_ = std::max(next_id_, *id + 1);
    const Descriptor journal = open_file(file.path().string(), O_RDONLY);
    // One that is locked is written by another daemon, whose concern it is.
    if (!journal || !Appender::lock(journal).empty()) continue;
    try {
      if (auto entry = entry_of(journal.get(), *id)) entries_.emplace(*id, std::move(*entry));
    } catch (const std::exception& error) {
      spdlog::warn("strike {}: its journal, {}, cannot be read: {}", *id, file.path().string(),
                   error.what());
    }
  }
}

std::string StrikeArchive::path_of(std::uint64_t id, File file) const {
  return fmt::format("{}/{}{}", directory_, id, kEndings[static_cast<std::size_t>(file)]);
}

std::uint64_t StrikeArchive::bytes_of(std::uint64_t id) const {
  std::uint64_t bytes = 0;
  for (const File file : {File::kJournal, File::kEvidence}) {
    struct stat status {};
    if (::stat(path_of(id, file).c_str(), &status) == 0)
      bytes += static_cast<std::uint64_t>(status.st_size);
  }
  return bytes;
}

/// Deletes the oldest, until so many more may be kept.
void StrikeArchive::make_room(std::size_t places) {
  const std::uint64_t most_bytes = std::uint64_t{limits_.keep_mib} << 20;
  std::uint64_t bytes = 0;
  for (const auto& [id, entry] : entries_) bytes += bytes_of(id);
  while (!entries_.empty() && (entries_.size() + places > limits_.keep || bytes > most_bytes)) {
    const std::uint64_t oldest = entries_.begin()->first;
    bytes -= bytes_of(oldest);
    spdlog::info("strike {}: deleted, to make room for later ones", oldest);
    discard(oldest);
  }
}

/// Bytes that are free on the disk where a strike begins.
constexpr std::uintmax_t kLeastRoom = 1 << 20;

StrikeArchive::Files StrikeArchive::create(bool evidence, std::string& wrong) {
  const auto cannot = [&](const std::string& why) {
    wrong = fmt::format("{}: {}: make it writable for the daemon, or name another strike.directory",
                        directory_, why);
    return Files{};
  };
  std::error_code error;
  std::filesystem::create_directories(directory_, error);
  if (error) return cannot(error.message());
  make_room(1);
  if (const auto space = std::filesystem::space(directory_, error);
      !error && space.available < kLeastRoom) {
    wrong = fmt::format(
        "{}: {} KiB are free on its disk, and a strike begins with {} at least: "
        "make room, or name another strike.directory",
        directory_, space.available >> 10, kLeastRoom >> 10);
    return {};
  }
  for (;;) {
    Files files;
    files.id = next_id();
    files.journal =
        open_file(path_of(files.id, File::kJournal), O_RDWR | O_CREAT | O_EXCL | O_APPEND);
    if (!files.journal && errno == EEXIST) continue;  // another daemon's, in the same directory
    if (!files.journal) return cannot(std::strerror(errno));
    if (evidence) {
      files.evidence = open_file(path_of(files.id, File::kEvidence), O_RDWR | O_CREAT | O_TRUNC);
      if (!files.evidence) return cannot(std::strerror(errno));
    }
    if (wrong = Appender::lock(files.journal); !wrong.empty()) return {};
    return files;
  }
}

void StrikeArchive::discard(std::uint64_t id) {
  for (const File file : {File::kJournal, File::kEvidence}) ::unlink(path_of(id, file).c_str());
  entries_.erase(id);
}

void StrikeArchive::add(const StrikeEntry& entry) {
  entries_[entry.id] = entry;
  make_room(0);
}

Descriptor StrikeArchive::open(std::uint64_t id, File file, std::string& wrong) const {
  Descriptor opened = open_file(path_of(id, file), O_RDONLY);
  if (!opened) {
    wrong = fmt::format("strike {}: {}: {}: `conkerctl strike list` tells which are kept", id,
                        path_of(id, file), std::strerror(errno));
  }
  return opened;
}

}  // namespace conker::daemon
