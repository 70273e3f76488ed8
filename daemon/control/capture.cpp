#include "daemon/control/capture.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace conker::daemon {
namespace {

using protocol::Code;
using json = nlohmann::ordered_json;

constexpr std::size_t kBufferBytes = std::size_t{256} * 1024;

/// Why a descriptor cannot take a capture; empty when it can. Only files: writing to anything else
/// might block.
std::string unfit(const Descriptor& file) {
  if (!file) return "capture_start: a descriptor open for writing must come with the request";
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return "a capture needs a regular file: pipes and devices could block the daemon";
  }
  struct statfs system {};
  if (::fstatfs(file.get(), &system) == 0 && system.f_type == FUSE_SUPER_MAGIC) {
    return "a capture needs a file of the kernel's own file systems: a program behind it (FUSE) "
           "could block "
           "the daemon";
  }
  const int flags = ::fcntl(file.get(), F_GETFL);
  if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
    return "the capture's file is not open for writing";
  return {};
}

}  // namespace

CaptureFile::CaptureFile(Descriptor file) : file_(std::move(file)) {
  buffer_.reserve(kBufferBytes);
}

bool CaptureFile::write(std::span<const std::byte> bytes) {
  if (!error_.empty()) return false;
  if (buffer_.size() + bytes.size() > kBufferBytes && !flush()) return false;
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  return true;
}

bool CaptureFile::flush() {
  std::size_t at = 0;
  while (error_.empty() && at < buffer_.size()) {
    const ssize_t n = ::write(file_.get(), buffer_.data() + at, buffer_.size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      error_ = n < 0 ? std::strerror(errno) : "nothing more could be written";
      break;
    }
    at += static_cast<std::size_t>(n);
  }
  bytes_ += at;
  buffer_.clear();
  return error_.empty();
}

bool Captures::Sink::write(std::span<const std::byte> bytes) {
  if (std::exchange(skip_header_, false)) return true;
  return file_.write(bytes);
}

Captures::Captures(Engine& engine, Verbs& verbs)
    : engine_(engine), flush_(engine.loop(), [this] { flush(); }) {
  verbs.serve("capture_start", [this](Call call) { start(std::move(call)); });
  verbs.serve("capture_stop", [this](Call call) { stop_by(std::move(call)); });
}

Captures::~Captures() {
  stop();
}

void Captures::start(Call call) {
  Descriptor file = call.take_descriptor();
  if (file_ != nullptr && file_->error().empty()) {
    call.fail(Code::kBusy, "a capture is running: stop it first");
    return;
  }
  if (const std::string wrong = unfit(file); !wrong.empty()) {
    call.fail(Code::kFailed, wrong);
    return;
  }
  std::vector<EngineLink*> links;
  json names = json::array();
  const std::string only = call.text("link");
  for (EngineLink& link : engine_.links()) {
    if (!only.empty() && link.name != only) continue;
    links.push_back(&link);
    names.push_back(link.name);
  }
  if (links.empty()) {
    call.fail(Code::kFailed, fmt::format("there is no link {}: status names them", only));
    return;
  }
  stop();
  if (::ftruncate(file.get(), 0) != 0) {
    call.fail(Code::kFailed,
              fmt::format("the capture's file cannot be emptied: {}", std::strerror(errno)));
    return;
  }
  file_ = std::make_unique<CaptureFile>(std::move(file));
  for (EngineLink* link : links) {
    taps_.push_back(std::make_unique<Tap>(*link, *file_, taps_.empty()));
    taps_.back()->capture.start(taps_.back()->sink, engine_.epoch_us());
  }
  // A file that takes nothing at all should fail now, under the eyes of whoever asked.
  if (!file_->flush()) {
    call.fail(Code::kFailed,
              fmt::format("the capture's file cannot be written: {}", file_->error()));
    stop();
    return;
  }
  spdlog::info("capture: begins");
  flush_.start(kFlushEvery, kFlushEvery);
  call.reply({{"links", std::move(names)}});
}

void Captures::flush() {
  if (file_->flush()) return;
  spdlog::error("capture: ended after {} bytes: {}", file_->bytes(), file_->error());
  flush_.stop();
  for (const auto& tap : taps_) tap->capture.stop();
}

std::uint64_t Captures::frames() const {
  std::uint64_t frames = 0;
  for (const auto& tap : taps_) frames += tap->capture.frames();
  return frames;
}

bool Captures::active_on(const EngineLink& link) const {
  return std::ranges::any_of(
      taps_, [&](const auto& tap) { return &tap->link == &link && tap->capture.active(); });
}

void Captures::stop_by(Call call) {
  if (file_ == nullptr) {
    call.fail(Code::kFailed, "no capture is running");
    return;
  }
  file_->flush();
  call.reply({{"frames", frames()},
              {"bytes", file_->bytes()},
              {"error", file_->error().empty() ? json(nullptr) : json(file_->error())}});
  stop();
}

void Captures::stop() {
  flush_.stop();
  if (file_ == nullptr) return;
  for (const auto& tap : taps_) tap->capture.stop();
  file_->flush();
  spdlog::info("capture: ends, {} frames, {} bytes", frames(), file_->bytes());
  taps_.clear();
  file_.reset();
}

json Captures::status() const {
  if (file_ == nullptr) return nullptr;
  return {{"frames", frames()},
          {"bytes", file_->bytes()},
          {"error", file_->error().empty() ? json(nullptr) : json(file_->error())}};
}

}  // namespace conker::daemon
