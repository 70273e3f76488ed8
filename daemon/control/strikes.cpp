#include "daemon/control/strikes.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <string>
#include <utility>

#include "daemon/control/refusals.hpp"
#include "daemon/text.hpp"

namespace conker::daemon {
namespace {

using protocol::Code;
double per_second(std::uint64_t count, Duration duration) {
  return duration.count() <= 0
             ? 0
             : static_cast<double>(count) * 1e6 / static_cast<double>(duration.count());
}

}  // namespace

Strikes::Strikes(Engine& engine, Targets& targets, Verbs& verbs)
    : engine_(engine), targets_(targets), progress_(engine.loop(), [this] { progress(); }) {
  engine_.add(*this);
  verbs.serve<protocol::Strike>([this](StrikeCall call) {
    targets_.endpoint(
        std::move(call), &protocol::Strike::Parameters::target,
        [this](StrikeCall found, const Endpoint& target) { start(std::move(found), target); });
  });
  verbs.serve<protocol::StrikeStop>([this](CallOf<protocol::StrikeStop> call) {
    const bool running = call_.has_value();
    engine_.enter();
    stop();
    call.reply({running});
  });
  verbs.on_gone([this](SessionId session) {
    if (!call_ || call_->session() != session) return;
    spdlog::info("strike: its client has gone: stopping");
    engine_.enter();
    stop();
  });
}

/// Why the strike is refused, with the error code; empty when it may start.
std::string Strikes::refused(const protocol::Strike::Parameters& parameters, const Endpoint& target,
                             Code& code) const {
  // Checked first, since an entry in strike.allow would not help.
  code = Code::kFailed;
  if (const std::string wrong = not_a_peer(engine_, target.address); !wrong.empty()) {
    return fmt::format("cannot strike {}: {}", to_string(target), wrong);
  }
  code = Code::kNotAllowed;
  const config::Strike& limits = engine_.config().strike;
  if (!limits.allows(target.address)) {
    return fmt::format("target {} is not allowed: add it to strike.allow in the configuration",
                       to_string(target.address));
  }
  code = Code::kInvalidParameters;
  if (const auto wrong = parameters.complaint(); !wrong.empty()) return std::string(wrong);
  code = Code::kNotAllowed;
  if (parameters.concurrency > limits.max_concurrency) {
    return fmt::format(
        "concurrency {} is more than strike.max_concurrency of the configuration, {}",
        parameters.concurrency, limits.max_concurrency);
  }
  code = Code::kBusy;
  return call_ ? "a strike is running: wait for its end" : "";
}

void Strikes::start(StrikeCall call, const Endpoint& target) {
  if (!call.wanted()) return;
  const protocol::Strike::Parameters parameters = call.parameters();
  Code code{};
  if (const std::string why = refused(parameters, target, code); !why.empty()) {
    call.fail(code, why);
    return;
  }
  const StrikeRequest request = parameters.request(target);
  engine_.enter();
  strike_.reset();
  slots_.assign(request.concurrency, Strike::Slot{});
  strike_.emplace(engine_.stack(), slots_, id());
  const Error error = strike_->start(request);
  if (error != Error::kOk) {
    call.fail(Code::kFailed, fmt::format("cannot strike {}: {}", to_string(target),
                                         refusal(engine_, target.address, error)));
    return;
  }
  spdlog::info("strike: begins at {}, {} at a time", to_string(target), request.concurrency);
  call_.emplace(std::move(call));
  completed_before_ = 0;
  progress_before_ = engine_.clock();
  progress_.start(kProgressEvery, kProgressEvery);
}

void Strikes::stop() {
  if (strike_ && strike_->running()) strike_->stop();
}

void Strikes::on_event(const Event& event) {
  if (strike_) strike_->on_event(event);
}

Instant Strikes::step() {
  if (!call_) return kNever;
  strike_->step();
  if (strike_->running()) return strike_->next_deadline();
  finish();
  return kNever;
}

void Strikes::progress() {
  if (!call_) return;
  const auto so_far = protocol::StrikeSoFar::of(strike_->report());
  const Instant now = engine_.clock();
  call_->notify(protocol::Progress{
      so_far, per_second(so_far.completed - completed_before_, now - progress_before_)});
  completed_before_ = so_far.completed;
  progress_before_ = now;
}

void Strikes::finish() {
  progress_.stop();
  const auto summary =
      StrikeSummary::of(strike_->request(), strike_->report(), engine_.stack().audit());
  spdlog::info("strike: {} of {} cycles completed, {:.0f} a second: {}", summary.completed,
               summary.cycles, summary.cycles_per_second(), to_string(StrikeVerdict{summary}));
  StrikeCall call = std::move(*call_);
  call_.reset();
  call.reply(summary);
}

std::optional<protocol::Status::Striking> Strikes::status() const {
  if (!call_) return std::nullopt;
  return protocol::Status::Striking{to_string(strike_->request().target),
                                    protocol::StrikeSoFar::of(strike_->report())};
}

}  // namespace conker::daemon
