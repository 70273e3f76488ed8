#include "daemon/control/strikes.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <ctime>
#include <string>
#include <utility>

#include "daemon/control/refusals.hpp"
#include "daemon/control/timeline.hpp"
#include "daemon/control/unfinished.hpp"
#include "daemon/text.hpp"
#include "stack/base/per_second.hpp"

namespace conker::daemon {
namespace {

using protocol::Code;

/// Connections that the judge remembers at least, and for each in flight: some have ended lately
/// and the peer may still send of them.
constexpr std::size_t kLeastJudged = 32'768, kJudgedPerSlot = 4;

}  // namespace

Strikes::Strikes(Engine& engine, Targets& targets, Verbs& verbs)
    : engine_(engine),
      targets_(targets),
      looks_(engine),
      progress_(engine.loop(), [this] { progress(); }),
      heartbeat_(engine.loop(), [this] { heartbeat(); }),
      guests_(engine.config().strike) {
  engine_.add(*this);
  verbs.serve<protocol::Strike>([this](StrikeCall call) {
    targets_.endpoint(
        std::move(call), &protocol::Strike::Parameters::target,
        [this](StrikeCall found, const Endpoint& target) { start(std::move(found), target); });
  });
  verbs.serve<protocol::StrikeStop>([this](CallOf<protocol::StrikeStop> call) {
    const bool running = call_.has_value();
    engine_.enter();
    stop("told to stop");
    call.reply({running});
  });
  verbs.on_gone([this](SessionId session) {
    if (!call_ || call_->session() != session) return;
    engine_.enter();
    stop("its client has gone");
  });
}

Strikes::~Strikes() {
  if (journal_) journal_->stopped(strike_->report().elapsed, "the daemon ended before it was over");
  unobserve();
}

/// Why the strike is refused, with the error code; empty when it may start.
std::string Strikes::refused(const protocol::Strike::Parameters& parameters, const Endpoint& target,
                             Code& code) const {
  // Checked first, since an entry in strike.allow would not help.
  code = Code::kFailed;
  const bool passive = parameters.passive;
  if (const std::string wrong =
          passive ? why_no_reception(engine_, target) : not_a_peer(engine_, target.address);
      !wrong.empty()) {
    return fmt::format("cannot {} {}: {}", passive ? "listen at" : "strike", to_string(target),
                       wrong);
  }
  code = Code::kNotAllowed;
  const config::Strike& limits = engine_.config().strike;
  if (passive && limits.allow.empty())
    return "nobody may come: add the peers to strike.allow in the configuration";
  if (!passive && !limits.allows(target.address)) {
    return fmt::format("target {} is not allowed: add it to strike.allow in the configuration",
                       to_string(target.address));
  }
  code = Code::kInvalidParameters;
  if (const auto wrong = parameters.complaint(); !wrong.empty()) return std::string(wrong);
  if (std::string wrong = Ending::complaint(parameters); !wrong.empty()) return wrong;
  if (std::string wrong = StrikePorts::complaint(parameters, engine_.stack().settings());
      !wrong.empty())
    return wrong;
  code = Code::kNotAllowed;
  const std::uint32_t wanted =
      std::max(parameters.concurrency, parameters.concurrency_auto.value_or(0));
  if (wanted > limits.max_concurrency) {
    return fmt::format(
        "concurrency {} is more than strike.max_concurrency of the configuration, {}", wanted,
        limits.max_concurrency);
  }
  code = Code::kBusy;
  return call_ ? "a strike is running: wait for its end" : "";
}

void Strikes::start(StrikeCall call, const Endpoint& asked) {
  if (!call.wanted()) return;
  const protocol::Strike::Parameters parameters = call.parameters();
  const Endpoint target = parameters.passive ? own_endpoint(engine_, asked) : asked;
  Code code{};
  if (const std::string why = refused(parameters, target, code); !why.empty()) {
    call.fail(code, why);
    return;
  }
  file_ = parameters.evidence ? call.take_descriptor() : Descriptor();
  if (const std::string why = parameters.evidence ? unfit(file_) : ""; !why.empty()) {
    call.fail(Code::kFailed, "evidence: " + why);
    return;
  }
  journal_file_ = parameters.journal ? call.take_descriptor() : Descriptor();
  if (const std::string why = parameters.journal ? unfit_for_journal(journal_file_) : "";
      !why.empty()) {
    call.fail(Code::kFailed, "journal: " + why);
    return;
  }
  before_ = {parameters.resumed_cycles, std::chrono::milliseconds(parameters.resumed_ms)};
  strike_.reset();
  interrupted_ = false;
  target_ = target;
  call_.emplace(std::move(call));
  engine_.enter();
  // Nothing is known to listen where peers come from.
  looks_.before(target, parameters.passive ? protocol::LookHow::kNone : parameters.look,
                [this] { begin(); });
}

/// Begins the strike, after the look before it.
void Strikes::begin() {
  const protocol::Strike::Parameters& parameters = call_->parameters();
  StrikeRequest request = parameters.request(target_);
  if (!parameters.passive) request.from_port = ports_.first(parameters, engine_.stack().settings());
  ladder_.reset();
  if (const auto most = parameters.concurrency_auto) {
    request.concurrency = *most != 0 ? *most : engine_.config().strike.max_concurrency;
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
        "cannot {} {}: {}", parameters.passive ? "listen at" : "strike", to_string(target_),
        parameters.passive ? to_string(error) : refusal(engine_, target_.address, error)));
  }
  if (!observe(parameters))
    return fail(fmt::format("the file of evidence cannot be written: {}", evidence_->error()));
  if (interrupted_) strike_->stop();
  if (journal_file_) journal_ = std::make_unique<Journal>(std::move(journal_file_), before_);
  tell_begin();
  completed_before_ = 0;
  progress_before_ = engine_.clock();
  progress_.start(kProgressEvery, kProgressEvery);
}

void Strikes::fail(const std::string& why) {
  if (reception_) reception_->close();
  strike_.reset();
  journal_file_.reset();
  StrikeCall call = std::move(*call_);
  call_.reset();
  call.fail(Code::kFailed, why);
}

void Strikes::stop(std::string_view why) {
  if (!call_) return;
  looks_.hurry();
  if (strike_ && !strike_->running()) return;
  if (!interrupted_) {
    spdlog::info("strike: {}: stopping", why);
    if (journal_) journal_->stopped(strike_->report().elapsed, why);
  }
  interrupted_ = true;
  if (strike_) strike_->stop();
}

void Strikes::cut(std::string_view why) {
  stop(why);
  if (!call_ || !strike_ || !strike_->running()) return;
  if (reception_) reception_->close();
  end();
  unobserve();
  finish();
  strike_.reset();  // what becomes of its connections is nobody's concern
}

// ---- What is kept of it while it runs ----

protocol::Strike::Parameters Strikes::as_begun() const {
  protocol::Strike::Parameters parameters = call_->parameters();
  if (!reception_) parameters.from_port = ports_.begun_from();
  return parameters;
}

void Strikes::tell_begin() {
  const std::string target = to_string(strike_->request().target);
  spdlog::info("strike: {} {}, {} at a time", reception_ ? "listens at" : "begins at", target,
               strike_->request().concurrency);
  begin_ = {.version = CONKER_VERSION,
            .time = fmt::format("{:%FT%TZ}", fmt::gmtime(std::time(nullptr))),
            .target = strike_->request().target,
            .link = link_ == nullptr ? "none" : link_->name,
            .device = link_ == nullptr ? "" : link_->device->description(),
            .parameters = as_begun(),
            .faults = {}};
  if (link_ != nullptr) begin_.faults = link_->fault->settings();
  if (journal_) journal_->begin(begin_);
}

void Strikes::tell_found(const protocol::Strike::Finding& finding) {
  spdlog::info("strike: {} {} ({}): {}; cycle {}{}", finding.severity, finding.rule,
               finding.section, finding.text, finding.cycle,
               finding.inconclusive == 0 ? "" : "; inconclusive: " + finding.because);
  if (journal_) journal_->found(finding);
}

// ---- The judge ----

/// Shows the frames of the link that leads to the target to the judge, and before it to the
/// evidence. False when the file of evidence takes nothing.
bool Strikes::observe(const protocol::Strike::Parameters& parameters) {
  const Instant now = engine_.stack().now();
  const Network& network = engine_.stack().network();
  const auto hop = network.hop_to(target_.address);
  const auto leads = [&](const EngineLink& link) {
    if (reception_) return interface_of(network, target_.address) == link.interface;
    return hop && link.interface == hop->interface;
  };
  const auto link = std::ranges::find_if(engine_.links(), leads);
  dead_.reset();
  judge_.reset();
  evidence_.reset();
  if (parameters.evidence) {
    evidence_ =
        std::make_unique<Evidence>(std::move(file_), engine_.epoch_us(), Evidence::kMaxBytes,
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
  if (reception_) {
    judge_.emplace(verdict::Judge::Visitors{target_, guests_}, connections, *findings_);
  } else {
    judge_.emplace(target_, connections, *findings_);
  }
  if (link == engine_.links().end()) return true;
  link_ = &*link;
  if (edits_) link_->observed->edit_by(&*edits_);
  if (evidence_) link_->observed->observers().add(*evidence_);
  if (!parameters.unjudged) link_->observed->observers().add(*judge_);
  dead_.emplace(target_, *judge_, *findings_);
  if (parameters.look != protocol::LookHow::kNone && !reception_ && !parameters.unjudged)
    link_->observed->observers().add(*dead_);
  heartbeat();
  constexpr double kEvery = static_cast<double>(Findings::kHeartbeat.count()) / 1e6;
  heartbeat_.start(kEvery, kEvery);
  return true;
}

void Strikes::unobserve() {
  heartbeat_.stop();
  if (link_ == nullptr) return;
  link_->observed->edit_by(nullptr);
  FrameObservers& observers = std::exchange(link_, nullptr)->observed->observers();
  observers.remove(*judge_);
  observers.remove(*dead_);
  if (evidence_) observers.remove(*evidence_);
}

/// Notices that the daemon did not run, and that the link is made worse on purpose.
void Strikes::heartbeat() {
  const Instant now = engine_.clock();
  findings_->running(now);
  if (link_->fault->settings().any()) findings_->impaired(now);
  if (evidence_ && strike_->running()) evidence_->tick();
}

void Strikes::on_event(const Event& event) {
  if (strike_) strike_->on_event(event);
}

Instant Strikes::step() {
  if (!call_) return kNever;
  if (!strike_) return looks_.step();
  if (!strike_->running()) return link_ == nullptr ? looks_.step() : probe();
  if (ending_->due(*findings_, *history_, engine_.stack().now())) strike_->stop();
  return turn();
}

/// A turn of the strike itself; when it wants to be called next.
Instant Strikes::turn() {
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

void Strikes::progress() {
  if (!call_ || !strike_) return;
  const StrikeReport& report = strike_->report();
  const auto so_far = protocol::StrikeSoFar::of(report);
  const Instant now = engine_.clock();
  if (journal_) journal_->tick(report, *history_, judge_->judged(), *findings_);
  call_->notify(protocol::Progress{
      so_far, per_second(static_cast<double>(so_far.completed - completed_before_),
                         now - progress_before_)});
  completed_before_ = so_far.completed;
  progress_before_ = now;
}

/// The last cycle is over: only the probe of the dead and looks remain, which are not judged.
void Strikes::end() {
  const Instant now = engine_.stack().now();
  ports_.ended(strike_->next_port());
  progress_.stop();
  history_->finish(now);
  findings_->without_evidence();
  if (const auto found = syn_ack_once(probes_->unfinished(), *judge_, now);
      found && !call_->parameters().unjudged)
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
Instant Strikes::probe() {
  if (link_ != nullptr) {
    const Instant due = dead_->step(*link_->observed, engine_.stack().now());
    if (due != kNever) return due;
    unobserve();
  }
  looks_.after([this] { finish(); });
  return looks_.step();
}

void Strikes::finish() {
  auto summary = StrikeSummary::of(strike_->request(), strike_->report(), engine_.stack().audit());
  if (ladder_) summary.concurrency = ladder_->chosen();
  const Judgement judgement =
      Judgement::of(call_->parameters(), summary, *findings_, interrupted_,
                    {ending_->why(), loss(looks_.seen()), connect_due_of(*history_),
                     ladder_ ? ladder_->excused() : 0, reception_ ? reception_->turned_away() : 0});
  spdlog::info("strike: {} of {} cycles completed, {:.0f} a second: {}: {}", summary.completed,
               summary.cycles, summary.cycles_per_second(), protocol::name_of(judgement.verdict),
               judgement.why);
  const bool unjudged = call_->parameters().unjudged;
  protocol::Strike::Result result{
      judgement.verdict,
      judgement.why,
      ending_->why(),
      summary,
      timeline_of(strike_->request(), strike_->report(), *history_, before_),
      looks_.seen(),
      ladder_ ? std::optional(climbed(*ladder_)) : std::nullopt,
      std::nullopt,
      std::nullopt,
      std::nullopt,
      judge_->judged(),
      unjudged ? std::nullopt : std::optional(judge_->bytes()),
      unjudged ? std::nullopt : std::optional(judge_->closed_first()),
      findings_->list(),
      std::nullopt,
      std::nullopt,
      std::move(begin_)};
  if (reception_) result.timeline.turned_away = reception_->turned_away();
  result.timeline.unfinished = unfinished_of(probes_->unfinished());
  if (dead_ && dead_->result().probed != 0) result.dead = dead_->result();
  if (dead_) result.time_wait_probed = dead_->time_wait();
  if (payloads_) result.payloads = payloads_->result();
  if (evidence_) {
    result.evidence = evidence_->result();
    evidence_.reset();
  }
  if (journal_) {
    result.journal = journal_->result();
    journal_->end(result);
    result.journal = journal_->result();
    journal_.reset();
  }
  StrikeCall call = std::move(*call_);
  call_.reset();
  call.reply(result);
}

std::optional<protocol::Status::Striking> Strikes::status() const {
  if (!call_ || !strike_) return std::nullopt;
  return protocol::Status::Striking{to_string(strike_->request().target),
                                    protocol::StrikeSoFar::of(strike_->report())};
}

}  // namespace conker::daemon
