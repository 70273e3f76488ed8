#include "daemon/control/capture.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "protocol/text.hpp"

namespace conker::daemon {
namespace {

using protocol::Code;

}  // namespace

bool Captures::Sink::write(std::span<const std::byte> bytes) {
  if (std::exchange(skip_header_, false)) return true;
  return file_.write(bytes);
}

Captures::Captures(Engine& engine, Verbs& verbs)
    : engine_(engine), flush_(engine.loop(), [this] { flush(); }) {
  verbs.serve<protocol::CaptureStart>(
      [this](CallOf<protocol::CaptureStart> call) { start(std::move(call)); });
  verbs.serve<protocol::CaptureStop>(
      [this](CallOf<protocol::CaptureStop> call) { stop_by(std::move(call)); });
}

Captures::~Captures() {
  stop();
}

void Captures::start(CallOf<protocol::CaptureStart> call) {
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
  protocol::CaptureStart::Result result;
  const std::string only = call.parameters().link.value_or("");
  for (EngineLink& link : engine_.links()) {
    if (!only.empty() && link.name != only) continue;
    links.push_back(&link);
    result.links.push_back(link.name);
  }
  if (links.empty()) {
    call.fail(Code::kFailed, fmt::format("there is no link {}: status names them", only));
    return;
  }
  stop();
  auto emptied = std::make_unique<CaptureFile>(std::move(file));
  if (!emptied->truncate(0)) {
    call.fail(Code::kFailed,
              fmt::format("the capture's file cannot be emptied: {}", emptied->error()));
    return;
  }
  file_ = std::move(emptied);
  for (EngineLink* link : links) {
    taps_.push_back(std::make_unique<Tap>(*link, *file_, taps_.empty()));
    taps_.back()->capture.start(taps_.back()->sink, engine_.epoch_us());
  }
  // Writes the header now, so that an error of the file is the answer to capture_start.
  if (!file_->flush()) {
    call.fail(Code::kFailed,
              fmt::format("the capture's file cannot be written: {}", file_->error()));
    stop();
    return;
  }
  spdlog::info("capture: begins");
  flush_.start(kFlushEvery, kFlushEvery);
  call.reply(result);
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

void Captures::stop_by(CallOf<protocol::CaptureStop> call) {
  if (file_ == nullptr) {
    call.fail(Code::kFailed, "no capture is running");
    return;
  }
  file_->flush();
  call.reply(*status());
  stop();
}

void Captures::stop() {
  flush_.stop();
  if (file_ == nullptr) return;
  for (const auto& tap : taps_) tap->capture.stop();
  file_->flush();
  spdlog::info("capture: ends, {}, {}", counted(frames(), "frame"),
               counted(file_->bytes(), "byte"));
  taps_.clear();
  file_.reset();
}

std::optional<protocol::CaptureStop::Result> Captures::status() const {
  if (file_ == nullptr) return std::nullopt;
  protocol::CaptureStop::Result result{frames(), file_->bytes(), std::nullopt};
  if (!file_->error().empty()) result.error = file_->error();
  return result;
}

}  // namespace conker::daemon
