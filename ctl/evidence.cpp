#include "ctl/evidence.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "ctl/capture_reader.hpp"
#include "ctl/files.hpp"
#include "ctl/packet_script.hpp"

namespace conker::ctl {
namespace {

constexpr std::string_view kSuffix = ".pcapng";

}  // namespace

OwnedFd open_capture(const std::string& path) {
  // O_NONBLOCK: opening a pipe without a reader must not block; the daemon refuses it.
  OwnedFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0644));
  if (!file) {
    throw Failure(kExitFailed, fmt::format("{}: {}", path,
                                           errno == ENXIO ? "a capture needs a regular file"
                                                          : std::strerror(errno)));
  }
  return file;
}

std::vector<FindingFrames> read_evidence(const std::string& path) {
  const std::vector<std::byte> bytes = read_capture(path);
  if (bytes.empty())
    throw Failure(kExitFailed, fmt::format("{}: cannot be read, or is empty: give the .pcapng that "
                                           "strike --evidence has written",
                                           path));
  return finding_frames(frames_in(bytes));
}

EvidenceFiles::EvidenceFiles(std::string path) : path_(std::move(path)) {
  if (wanted()) file_ = open_capture(path_);
}

std::vector<FindingFrames> EvidenceFiles::findings() const {
  if (!wanted()) return {};
  return finding_frames(frames_in(read_capture(path_)));
}

std::optional<std::string> EvidenceFiles::write_beside(
    const json& result, std::string_view report, std::span<const FindingFrames> findings) const {
  if (!wanted()) return std::nullopt;
  const std::string stem =
      path_.ends_with(kSuffix) ? path_.substr(0, path_.size() - kSuffix.size()) : path_;
  const std::string text = result.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
  if (auto error = write_file(stem + ".json", text)) return error;
  const std::string script = packet_script(findings);
  if (auto error = write_file(stem + ".script", script.empty() ? "# Nothing was found.\n" : script))
    return error;
  return write_file(stem + ".txt",
                    script.empty() ? std::string(report) : fmt::format("{}\n{}", report, script));
}

}  // namespace conker::ctl
