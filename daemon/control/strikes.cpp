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
using json = nlohmann::ordered_json;

double seconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

double per_second(std::uint64_t count, Duration duration) {
  return duration.count() <= 0 ? 0 : static_cast<double>(count) / seconds(duration);
}

json quantiles(const Histogram& histogram) {
  return {{"p50", histogram.quantile(500).count()},
          {"p90", histogram.quantile(900).count()},
          {"p99", histogram.quantile(990).count()},
          {"p999", histogram.quantile(999).count()},
          {"max", histogram.max().count()}};
}

std::string verdict(const StrikeReport& report, const char* fault) {
  if (!report.balanced()) return "the strike's own books do not balance: please report it";
  if (fault != nullptr) return fmt::format("the stack's books do not balance: {}", fault);
  if (report.begun == 0) return "no connection could be opened";
  if (report.failed() == 0) return "good";
  return fmt::format("{} of {} cycles failed: {} refused, {} timed out, {} reset, {} other",
                     report.failed(), report.begun, report.refused, report.timed_out, report.reset,
                     report.other);
}

}  // namespace

Strikes::Strikes(Engine& engine, Targets& targets, Verbs& verbs)
    : engine_(engine), targets_(targets), progress_(engine.loop(), [this] { progress(); }) {
  engine_.on_events(Owner::kStrike, [this](const Event& event) {
    if (strike_) strike_->on_event(event);
  });
  engine_.on_turn(Owner::kStrike, [this] { return on_turn(); });
  verbs.serve("strike", [this](Call call) {
    targets_.endpoint(std::move(call), "target", [this](Call found, const Endpoint& target) {
      start(std::move(found), target);
    });
  });
  verbs.serve("strike_stop", [this](Call call) {
    const bool running = call_.has_value();
    engine_.enter();
    stop();
    call.reply({{"stopping", running}});
  });
  verbs.on_gone([this](SessionId session) {
    if (!call_ || call_->session() != session) return;
    spdlog::info("strike: its client has gone: stopping");
    engine_.enter();
    stop();
  });
}

// The engine may go on without us.
Strikes::~Strikes() {
  engine_.on_events(Owner::kStrike, {});
  engine_.on_turn(Owner::kStrike, {});
}

void Strikes::start(Call call, const Endpoint& target) {
  if (!call.wanted()) return;
  // First, since no entry in strike.allow would help.
  if (const std::string wrong = not_a_peer(engine_, target.address); !wrong.empty()) {
    call.fail(Code::kFailed, fmt::format("cannot strike {}: {}", to_text(target), wrong));
    return;
  }
  const config::Strike& limits = engine_.config().strike;
  if (!limits.allows(target.address)) {
    call.fail(Code::kNotAllowed,
              fmt::format("target {} is not allowed: add it to strike.allow in the configuration",
                          to_text(target.address)));
    return;
  }
  if (!call.has("cycles") && !call.has("duration_ms")) {
    call.fail(Code::kInvalidParameters,
              "strike: give cycles or duration_ms, or it would never end");
    return;
  }
  const std::int64_t concurrency = call.integer("concurrency");
  if (concurrency > limits.max_concurrency) {
    call.fail(
        Code::kNotAllowed,
        fmt::format("concurrency {} is more than strike.max_concurrency of the configuration, {}",
                    concurrency, limits.max_concurrency));
    return;
  }
  if (call_) {
    call.fail(Code::kBusy, "a strike is running: wait for its end");
    return;
  }
  StrikeRequest request;
  request.target = target;
  request.cycles = static_cast<std::uint64_t>(call.integer("cycles"));
  request.duration = Duration(call.integer("duration_ms") * 1000);
  request.concurrency = static_cast<std::uint32_t>(concurrency);
  request.rate = static_cast<std::uint32_t>(call.integer("rate"));
  request.close =
      call.text("close") == "rst" ? StrikeRequest::Close::kReset : StrikeRequest::Close::kFin;
  request.seed = static_cast<std::uint64_t>(call.integer("seed"));

  engine_.enter();
  strike_.reset();
  slots_.assign(request.concurrency, Strike::Slot{});
  strike_.emplace(engine_.stack(), slots_, static_cast<std::uint8_t>(Owner::kStrike));
  const Error error = strike_->start(request);
  if (error != Error::kOk) {
    call.fail(Code::kFailed, fmt::format("cannot strike {}: {}", to_text(target),
                                         refusal(engine_, target.address, error)));
    return;
  }
  spdlog::info("strike: begins at {}, {} at a time", to_text(target), request.concurrency);
  call_.emplace(std::move(call));
  completed_before_ = 0;
  progress_before_ = engine_.clock();
  progress_.start(kProgressEvery, kProgressEvery);
}

void Strikes::stop() {
  if (strike_ && strike_->running()) strike_->stop();
}

Instant Strikes::on_turn() {
  if (!call_) return kNever;
  strike_->step();
  if (strike_->running()) return strike_->next_deadline();
  finish();
  return kNever;
}

void Strikes::progress() {
  if (!call_) return;
  const StrikeReport& report = strike_->report();
  const Instant now = engine_.clock();
  call_->notify("progress", {{"cycles", report.begun},
                             {"completed", report.completed},
                             {"failed", report.failed()},
                             {"live", report.live},
                             {"elapsed_s", seconds(report.elapsed)},
                             {"cycles_per_second", per_second(report.completed - completed_before_,
                                                              now - progress_before_)}});
  completed_before_ = report.completed;
  progress_before_ = now;
}

void Strikes::finish() {
  progress_.stop();
  json report = report_json();
  spdlog::info("strike: {} of {} cycles completed, {:.0f} a second: {}",
               report["completed"].get<std::uint64_t>(), report["cycles"].get<std::uint64_t>(),
               report["cycles_per_second"].get<double>(), report["verdict"].get<std::string>());
  Call call = std::move(*call_);
  call_.reset();
  call.reply(report);
}

json Strikes::report_json() const {
  const StrikeReport& report = strike_->report();
  const Books books = engine_.stack().audit();
  return {
      {"target", to_text(strike_->request().target)},
      {"seed", strike_->request().seed},
      {"cycles", report.begun},
      {"completed", report.completed},
      {"failed",
       {{"refused", report.refused},
        {"timed_out", report.timed_out},
        {"reset", report.reset},
        {"other", report.other}}},
      {"duration_s", seconds(report.elapsed)},
      {"cycles_per_second", per_second(report.completed, report.elapsed)},
      {"connect_us", quantiles(report.connect)},
      {"close_us", quantiles(report.close)},
      {"retransmits", report.retransmits},
      {"time_wait", {{"evicted", report.time_wait_evicted}, {"reused", report.time_wait_reused}}},
      {"identity",
       {{"opened", report.begun},
        {"closed", report.ended_closed},
        {"reset", report.ended_reset},
        {"timed_out", report.ended_timed_out},
        {"refused", report.ended_refused},
        {"other", report.ended_other},
        {"live", report.live},
        {"balanced", report.balanced() && books.balanced()}}},
      {"verdict", verdict(report, books.fault)},
  };
}

json Strikes::status() const {
  if (!call_) return nullptr;
  const StrikeReport& report = strike_->report();
  return {{"target", to_text(strike_->request().target)},
          {"cycles", report.begun},
          {"completed", report.completed},
          {"failed", report.failed()},
          {"live", report.live},
          {"elapsed_s", seconds(report.elapsed)}};
}

}  // namespace conker::daemon
