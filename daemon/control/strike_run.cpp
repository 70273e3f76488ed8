#include "daemon/control/strike_run.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <ctime>
#include <new>
#include <string>
#include <utility>

#include "daemon/control/refusals.hpp"
#include "daemon/control/unfinished.hpp"
#include "daemon/text.hpp"
#include "stack/base/per_second.hpp"

namespace conker::daemon {
namespace {

/// Connections that the judge remembers at least, and for each in flight: some have ended lately
/// and the peer may still send of them.
constexpr std::size_t kLeastJudged = 32'768, kJudgedPerSlot = 4;

}  // namespace

StrikeRun::StrikeRun(Engine& engine, StrikePorts& ports, Owner& owner)
    : engine_(engine),
      all_ports_(ports),
      owner_(owner),
      looks_(engine),
      progress_(engine.loop(), [this] { progress(); }),
      heartbeat_(engine.loop(), [this] { heartbeat(); }),
      guests_(engine.config().strike) {
  engine_.add(*this);
}

StrikeRun::~StrikeRun() {
  if (journal_) journal_->stopped(strike_->report().elapsed, "the daemon ended before it was over");
  unobserve();
}

void StrikeRun::start(StrikeOrder order) {
  const protocol::Strike::Parameters& parameters = order_.emplace(std::move(order)).parameters;
  before_ = {parameters.resumed_cycles, std::chrono::milliseconds(parameters.resumed_ms)};
  strike_.reset();
  interrupted_ = journal_lost_ = false;
  newest_ = {order_->id, {}, 0, 0};
  begin_ = {};
  begin_.time = fmt::format("{:%FT%TZ}", fmt::gmtime(std::time(nullptr)));
  engine_.enter();
  // Nothing is known to listen where peers come from.
  looks_.before(order_->target, parameters.passive ? protocol::LookHow::kNone : parameters.look,
                [this] { begin(); });
}

/// Begins the strike, after the look before it.
void StrikeRun::begin() try {
  const protocol::Strike::Parameters& parameters = order_->parameters;
  StrikeRequest request = parameters.request(order_->target);
  if (!parameters.passive) {
    ports_ = all_ports_.choose(order_->target, parameters, engine_.stack().settings());
    request.from_port = ports_.first;
  }
  ladder_.reset();
  if (parameters.concurrency_auto) {
    request.concurrency = order_->most;
    ladder_.emplace(request.concurrency, engine_.stack().now());
  }
  slots_.assign(request.concurrency, Strike::Slot{});
  history_ = std::make_unique<StrikeHistory>(engine_.stack(), engine_.stack().now(),
                                             ladder_ ? &*ladder_ : nullptr);
  payloads_.reset();
  if (request.expect != Expect::kNothing) {
    payloads_.emplace(engine_.stack(), request,
                      [this](const auto& found) { findings_->on_finding(found); });
  }
  reception_.reset();
  if (parameters.passive) request.door = &reception_.emplace(engine_.stack(), guests_);
  edits_.reset();
  if (request.mix.edits()) edits_.emplace();
  probes_.emplace(engine_.stack(), edits_ ? &*edits_ : nullptr);
  strike_.emplace(engine_.stack(), slots_, id(), history_.get(), &*probes_,
                  payloads_ ? &payloads_->dialogue() : nullptr);
  const Error error = strike_->start(request);
  if (error != Error::kOk) {
    return fail(fmt::format(
        "cannot {} {}: {}", parameters.passive ? "listen at" : "strike", to_string(order_->target),
        parameters.passive ? to_string(error) : refusal(engine_, order_->target.address, error)));
  }
  if (!observe())
    return fail(fmt::format("the file of evidence cannot be written: {}", evidence_->error()));
  if (interrupted_) strike_->stop();
  if (order_->journal) journal_ = std::make_unique<Journal>(std::move(order_->journal), before_);
  tell_begin();
  progress_before_ = engine_.clock();
  progress_.start(kProgressEvery, kProgressEvery);
  owner_.on_begin(*this);
} catch (const std::bad_alloc&) {
  fail(
      fmt::format("no memory for a strike of {} connections at a time: ask for fewer with "
                  "--concurrency, or give conkerd more (MemoryMax of its unit)",
                  order_->most));
}

void StrikeRun::fail(const std::string& why) {
  if (reception_) reception_->close();
  unobserve();
  owner_.on_end(*this, {}, why);
  release();
}

/// Frees all that a strike takes. What becomes of its connections is nobody's concern.
void StrikeRun::release() {
  order_.reset();
  strike_.reset();
  judge_.reset();
  dead_.reset();
  history_.reset();
  slots_ = decltype(slots_)();
}

void StrikeRun::stop(std::string_view why) {
  if (!busy()) return;
  looks_.hurry();
  if (strike_ && !strike_->running()) return;
  if (!interrupted_) {
    const LogField id = field_of_log();
    spdlog::info("strike {}: {}: stopping", order_->id, why);
    if (journal_) journal_->stopped(strike_->report().elapsed, why);
  }
  interrupted_ = true;
  if (strike_) strike_->stop();
}

void StrikeRun::cut(std::string_view why) {
  stop(why);
  if (!busy()) return;
  looks_.abandon();
  if (!strike_) return fail(std::string(why));
  if (reception_) reception_->close();
  if (strike_->running()) end();
  unobserve();
  finish();
}

// ---- The judge ----

/// Shows the frames of the link that leads to the target to the judge, and before it to the
/// evidence. False when the file of evidence takes nothing.
bool StrikeRun::observe() {
  const protocol::Strike::Parameters& parameters = order_->parameters;
  const Endpoint& target = order_->target;
  const Instant now = engine_.stack().now();
  const Network& network = engine_.stack().network();
  const auto hop = network.hop_to(target.address);
  const auto leads = [&](const EngineLink& link) {
    if (reception_) return interface_of(network, target.address) == link.interface;
    return hop && link.interface == hop->interface;
  };
  const auto link = std::ranges::find_if(engine_.links(), leads);
  dead_.reset();
  judge_.reset();
  evidence_.reset();
  if (parameters.evidence) {
    evidence_ = std::make_unique<Evidence>(
        std::move(order_->evidence), engine_.epoch_us(), Evidence::kMaxBytes,
        reception_ ? verdict::Opener::kPeer : verdict::Opener::kWe);
    const bool found = link != engine_.links().end();
    if (!evidence_->begin(protocol::to_json(as_begun()).dump(), found ? link->name : "none",
                          found ? link->device->description() : "", now))
      return false;
  }
  findings_.emplace(now, evidence_.get(), before_,
                    [this](const auto& finding) { tell_found(finding); });
  if (ladder_) findings_->while_learning(*ladder_);
  ending_.emplace(parameters, now, before_);
  const std::size_t connections = std::max<std::size_t>(
      kLeastJudged, std::size_t{strike_->request().concurrency} * kJudgedPerSlot);
  const Endpoint in_frames{target.address.without_zone(), target.port};
  if (reception_) {
    judge_.emplace(verdict::Judge::Visitors{in_frames, guests_}, connections, *findings_);
  } else {
    judge_.emplace(in_frames, connections, *findings_);
  }
  if (link == engine_.links().end()) return true;
  link_ = &*link;
  link_losses_ = link_->device->counters().disconnects;
  if (edits_) link_->observed->editors().add(*edits_);
  if (evidence_) link_->observed->observers().add(*evidence_);
  if (!parameters.unjudged) link_->observed->observers().add(*judge_);
  dead_.emplace(target, *judge_, *findings_);
  if (parameters.look != protocol::LookHow::kNone && !reception_ && !parameters.unjudged)
    link_->observed->observers().add(*dead_);
  heartbeat();
  constexpr double kEvery = static_cast<double>(Findings::kHeartbeat.count()) / 1e6;
  heartbeat_.start(kEvery, kEvery);
  return true;
}

void StrikeRun::unobserve() {
  heartbeat_.stop();
  if (link_ == nullptr) return;
  ObservedLink& observed = *std::exchange(link_, nullptr)->observed;
  if (edits_) observed.editors().remove(*edits_);
  FrameObservers& observers = observed.observers();
  observers.remove(*judge_);
  if (dead_) observers.remove(*dead_);
  if (evidence_) observers.remove(*evidence_);
}

/// Notices that the daemon did not run, that the link is made worse on purpose, and that it is not
/// up, or was not for a moment.
void StrikeRun::heartbeat() {
  const Instant now = engine_.clock();
  findings_->running(now, loss_of_link());
  if (link_->fault->settings().any()) findings_->impaired(now);
  if (evidence_ && strike_->running()) evidence_->tick();
}

/// How the link has not been up since the last heartbeat; empty where it was.
std::string StrikeRun::loss_of_link() {
  const Device& device = *link_->device;
  const std::uint64_t before = std::exchange(link_losses_, device.counters().disconnects);
  const bool up = device.state() == LinkState::kUp;
  if (up && link_losses_ == before) return "";
  return fmt::format("link {} was {}", link_->name, up ? "down" : to_string(device.state()));
}

void StrikeRun::on_event(const Event& event) {
  if (strike_) strike_->on_event(event);
}

Instant StrikeRun::step() {
  if (!busy()) return kNever;
  if (!strike_) return looks_.step();
  if (!strike_->running()) return link_ == nullptr ? looks_.step() : probe();
  if (ending_->due(*findings_, *history_, engine_.stack().now())) strike_->stop();
  return turn();
}

/// A turn of the strike itself; when it wants to be called next.
Instant StrikeRun::turn() {
  if (ladder_) {
    ladder_->step(engine_.stack().now());
    strike_->set_limit(ladder_->limit());
  }
  strike_->step();
  if (!strike_->running()) {
    end();
    return probe();
  }
  return std::min(strike_->next_deadline(), ladder_ ? ladder_->next_deadline() : kNever);
}

void StrikeRun::progress() {
  if (!busy() || !strike_) return;
  const StrikeReport& report = strike_->report();
  const auto so_far = protocol::StrikeSoFar::of(report);
  const Instant now = engine_.clock();
  if (journal_) {
    journal_->tick(report, *history_, judge_->judged(), *findings_);
    tell_loss();
  }
  const double rate = per_second(static_cast<double>(so_far.completed - newest_.so_far.completed),
                                 now - progress_before_);
  newest_ = {order_->id, so_far, rate, findings_->rules()};
  progress_before_ = now;
  owner_.on_progress(*this, newest_);
}

/// The last cycle is over: only the probe of the dead and looks remain, which are not judged.
void StrikeRun::end() {
  const Instant now = engine_.stack().now();
  if (!reception_) all_ports_.ended(order_->target, ports_, strike_->next_port());
  progress_.stop();
  history_->finish(now);
  findings_->without_evidence();
  if (const auto found = syn_ack_once(probes_->unfinished(), *judge_, now);
      found && !order_->parameters.unjudged)
    findings_->on_finding(*found);
  if (link_ != nullptr) {
    link_->observed->observers().remove(*judge_);
    if (evidence_) link_->observed->observers().remove(*evidence_);
  }
  if (evidence_) evidence_->end(now);
  if (link_ == nullptr) return;
  dead_->begin(!findings_->any_impairment() && strike_->report().retransmits == 0, now);
}

/// Probes the dead, and then looks; when it wants to be called next.
Instant StrikeRun::probe() {
  if (link_ != nullptr) {
    const Instant due = dead_->step(*link_->observed, engine_.stack().now());
    if (due != kNever) return due;
    unobserve();
  }
  looks_.after([this] { finish(); });
  return looks_.step();
}

void StrikeRun::finish() {
  const protocol::Strike::Result made = result();
  owner_.on_end(*this, made, "");
  tell_end(made);
  release();
}

}  // namespace conker::daemon
