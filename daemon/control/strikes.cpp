#include "daemon/control/strikes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <ranges>
#include <utility>

#include "daemon/control/refusals.hpp"
#include "daemon/text.hpp"

namespace conker::daemon {
namespace {

using protocol::Code;

/// How many connections a strike may have in flight; 0: as many as are allowed.
std::uint32_t wanted_by(const protocol::Strike::Parameters& parameters) {
  return parameters.concurrency_auto.value_or(parameters.concurrency);
}

}  // namespace

Strikes::Strikes(Engine& engine, Targets& targets, Verbs& verbs)
    : engine_(engine), targets_(targets), archive_(engine.config().strike) {
  verbs.serve<protocol::Strike>([this](StrikeCall call) {
    targets_.endpoint(
        std::move(call), &protocol::Strike::Parameters::target,
        [this](StrikeCall found, const Endpoint& target) { strike(std::move(found), target); });
  });
  verbs.serve<protocol::StrikeStart>([this](StartCall call) {
    targets_.endpoint(
        std::move(call), &protocol::Strike::Parameters::target,
        [this](StartCall found, const Endpoint& target) { start(std::move(found), target); });
  });
  verbs.serve<protocol::StrikeList>(
      [this](CallOf<protocol::StrikeList> call) { call.reply(list(SIZE_MAX)); });
  verbs.serve<protocol::StrikeTimes>(
      [this](CallOf<protocol::StrikeTimes> call) { times(std::move(call)); });
  verbs.serve<protocol::StrikeAttach>([this](AttachCall call) { attach(std::move(call)); });
  verbs.serve<protocol::StrikeStop>(
      [this](CallOf<protocol::StrikeStop> call) { stop(std::move(call)); });
  verbs.serve<protocol::StrikeFile>(
      [this](CallOf<protocol::StrikeFile> call) { send_file(std::move(call)); });
  verbs.on_gone([this](SessionId session) {
    for_each_busy([&](Place& place) {
      place.followers.remove_if([](const AttachCall& call) { return !call.wanted(); });
      if (!place.client || place.client->session() != session) return;
      engine_.enter();
      place.run.stop("its client has gone");
    });
  });
}

void Strikes::cut(std::string_view why) {
  for_each_busy([&](Place& place) { place.run.cut(why); });
}

template <typename F>
void Strikes::for_each_busy(F&& f) const {
  for (const auto& place : places_) {
    if (place->run.busy()) f(*place);
  }
}

Strikes::Place* Strikes::place_of(std::uint64_t id) {
  Place* found = nullptr;
  for_each_busy([&](Place& place) {
    if (place.run.order().id == id) found = &place;
  });
  return found;
}

Strikes::Place& Strikes::place_of(const StrikeRun& run) {
  return **std::ranges::find_if(places_, [&](const auto& place) { return &place->run == &run; });
}

Strikes::Place& Strikes::free_place() {
  for (const auto& place : places_) {
    if (!place->run.busy()) return *place;
  }
  return *places_.emplace_back(
      std::make_unique<Place>(engine_, ports_, static_cast<StrikeRun::Owner&>(*this)));
}

// ---- What may be struck ----

/// How many more connections strikes may have in flight together.
std::uint32_t Strikes::in_flight_allowed() const {
  std::uint32_t left = engine_.config().strike.max_concurrency;
  for_each_busy([&](const Place& place) { left -= std::min(left, place.run.order().most); });
  return left;
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
  if (wanted_by(parameters) > limits.max_concurrency) {
    return fmt::format(
        "concurrency {} is more than strike.max_concurrency of the configuration, {}",
        wanted_by(parameters), limits.max_concurrency);
  }
  code = Code::kBusy;
  std::string why;
  std::size_t busy = 0;
  for_each_busy([&](const Place& place) {
    ++busy;
    const StrikeOrder& other = place.run.order();
    if (other.target == target) {
      why = fmt::format("strike {} of {} is running: wait for its end, or stop it", other.id,
                        to_string(target));
    }
  });
  if (!why.empty()) return why;
  if (busy >= limits.at_once) {
    return fmt::format(
        "{} strikes are running, as many as strike.at_once of the configuration: "
        "wait for the end of one",
        busy);
  }
  const std::uint32_t left = in_flight_allowed();
  if (left == 0 || wanted_by(parameters) > left) {
    return fmt::format(
        "other strikes leave {} connections of strike.max_concurrency of the "
        "configuration, {}: ask for fewer, or wait for their end",
        left, limits.max_concurrency);
  }
  return "";
}

StrikeOrder Strikes::order_of(const protocol::Strike::Parameters& parameters,
                              const Endpoint& target) const {
  const std::uint32_t wanted = wanted_by(parameters);
  return {.id = 0,
          .detached = false,
          .parameters = parameters,
          .target = target,
          .most = wanted != 0 ? wanted : in_flight_allowed(),
          .evidence = {},
          .journal = {}};
}

// ---- The verbs ----

void Strikes::strike(StrikeCall call, const Endpoint& asked) {
  if (!call.wanted()) return;
  const protocol::Strike::Parameters parameters = call.parameters();
  const Endpoint target = parameters.passive ? own_endpoint(engine_, asked) : asked;
  Code code{};
  if (const std::string why = refused(parameters, target, code); !why.empty())
    return call.fail(code, why);
  StrikeOrder order = order_of(parameters, target);
  if (parameters.evidence) {
    order.evidence = call.take_descriptor();
    if (const std::string why = unfit(order.evidence); !why.empty())
      return call.fail(Code::kFailed, "evidence: " + why);
  }
  if (parameters.journal) {
    order.journal = call.take_descriptor();
    if (const std::string why = unfit_for_journal(order.journal); !why.empty())
      return call.fail(Code::kFailed, "journal: " + why);
  }
  order.id = archive_.next_id();
  Place& place = free_place();
  place.client.emplace(std::move(call));
  place.run.start(std::move(order));
}

void Strikes::start(StartCall call, const Endpoint& asked) {
  protocol::Strike::Parameters parameters = call.parameters();
  if (parameters.evidence || parameters.journal || parameters.resumed_cycles != 0) {
    return call.fail(Code::kInvalidParameters,
                     "strike_start: leave out evidence, journal and resumed_cycles: the daemon "
                     "keeps journal and evidence of a detached strike");
  }
  const Endpoint target = parameters.passive ? own_endpoint(engine_, asked) : asked;
  Code code{};
  if (const std::string why = refused(parameters, target, code); !why.empty())
    return call.fail(code, why);
  parameters.journal = true;
  parameters.evidence = !parameters.unjudged;
  std::string wrong;
  StrikeArchive::Files files = archive_.create(parameters.evidence, wrong);
  if (!wrong.empty()) return call.fail(Code::kFailed, wrong);
  StrikeOrder order = order_of(parameters, target);
  order.id = files.id;
  order.detached = true;
  order.journal = std::move(files.journal);
  order.evidence = std::move(files.evidence);
  Place& place = free_place();
  place.starter.emplace(std::move(call));
  place.run.start(std::move(order));
}

void Strikes::times(CallOf<protocol::StrikeTimes> call) {
  const std::uint64_t id = call.parameters().id;
  const Place* const place = place_of(id);
  if (place == nullptr) return call.fail(Code::kFailed, why_not_running(id));
  engine_.enter();
  call.reply(place->run.times());
}

void Strikes::attach(AttachCall call) {
  const std::uint64_t id = call.parameters().id;
  Place* const place = place_of(id);
  if (place == nullptr) return call.fail(Code::kFailed, why_not_running(id));
  place->followers.push_back(std::move(call));
}

std::string Strikes::why_not_running(std::uint64_t id) const {
  return archive_.entries().contains(id)
             ? fmt::format("strike {} is over: `conkerctl strike report {}` shows it", id, id)
             : fmt::format("there is no strike {}: `conkerctl strike list` lists them", id);
}

void Strikes::stop(CallOf<protocol::StrikeStop> call) {
  const auto id = call.parameters().id;
  Place* found = id ? place_of(*id) : nullptr;
  std::size_t busy = 0;
  if (!id) {
    for_each_busy([&](Place& place) {
      ++busy;
      if (place.client && place.client->session() == call.session()) found = &place;
    });
    if (found == nullptr && busy == 1) for_each_busy([&](Place& place) { found = &place; });
  }
  if (found == nullptr && busy > 1) {
    return call.fail(Code::kInvalidParameters,
                     fmt::format("strike_stop: {} strikes are running: give the id of one", busy));
  }
  if (found == nullptr) return call.reply({false});
  engine_.enter();
  found->run.stop("told to stop");
  call.reply({true});
}

void Strikes::send_file(CallOf<protocol::StrikeFile> call) {
  const protocol::StrikeFile::Parameters parameters = call.parameters();
  std::string wrong;
  Descriptor file = archive_.open(parameters.id, parameters.file, wrong);
  if (!file) return call.fail(Code::kFailed, wrong);
  call.notify(protocol::StrikeFileOpen{parameters.id}, std::move(file));
  call.reply({parameters.id});
}

protocol::StrikeList::Result Strikes::list(std::size_t most_ended) const {
  engine_.enter();
  protocol::StrikeList::Result result;
  result.directory = archive_.directory();
  const auto& kept = archive_.entries();  // by their ids
  const std::size_t older = kept.size() - std::min(kept.size(), most_ended);
  for (const auto& [id, entry] : kept | std::views::drop(older)) result.strikes.push_back(entry);
  for_each_busy([&](const Place& place) { result.strikes.push_back(place.run.entry()); });
  std::ranges::sort(result.strikes, {}, &protocol::StrikeEntry::id);
  return result;
}

std::vector<protocol::Status::Striking> Strikes::status() const {
  std::vector<protocol::Status::Striking> striking;
  for_each_busy([&](const Place& place) {
    const StrikeOrder& order = place.run.order();
    striking.push_back({order.id, to_string(order.target), place.run.so_far()});
  });
  return striking;
}

protocol::StrikeTotals Strikes::totals() const {
  StrikeSum sum = ended_;
  for_each_busy([&](const Place& place) { sum.add_running(place.run.times()); });
  return sum.totals();
}

// ---- What becomes of it ----

void Strikes::on_begin(StrikeRun& run) {
  Place& place = place_of(run);
  if (!place.starter) return;
  place.starter->reply({run.order().id});
  place.starter.reset();
}

void Strikes::on_progress(StrikeRun& run, const protocol::Progress& progress) {
  Place& place = place_of(run);
  if (place.client) place.client->notify(progress);
  for (AttachCall& follower : place.followers) follower.notify(progress);
}

void Strikes::on_end(StrikeRun& run, const protocol::Strike::Result& result,
                     const std::string& failed) {
  Place& place = place_of(run);
  if (failed.empty()) {
    ended_.add_ended(run.times(), result.verdict);
  } else {
    ended_.add_not_begun();
  }
  const auto tell = [&](auto& call) {
    if (failed.empty()) {
      call.reply(result);
    } else {
      call.fail(Code::kFailed, failed);
    }
  };
  if (run.order().detached) {
    if (failed.empty()) {
      archive_.add(run.ended(result));
    } else {
      archive_.discard(run.order().id);
    }
  }
  if (place.client) tell(*place.client);
  for (AttachCall& follower : place.followers) tell(follower);
  if (place.starter) place.starter->fail(Code::kFailed, failed);
  place.client.reset();
  place.followers.clear();
  place.starter.reset();
}

}  // namespace conker::daemon
