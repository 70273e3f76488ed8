#include "tests/sim/world.hpp"

#include <algorithm>
#include <array>

#include "tests/sim/stations.hpp"
#include "tests/support/segment.hpp"

namespace conker::sim {
namespace {

constexpr std::uint32_t kMaxStanding = 3000;

/// The longest time that a siege continues until all visits are over.
constexpr Duration kLongestSiege = 30s;

}  // namespace

World::World(const Config& config, const std::vector<Outcome>* bounds) : context_(config) {
  for (std::uint32_t i = 0; i < config.hosts; ++i) {
    hosts_.push_back(std::make_unique<Host>(context_, i));
    hosts_.back()->world = this;
    hosts_.back()->on_event_op = [](void* world, std::uint32_t, const Op& op) {
      static_cast<World*>(world)->at_once(op);
    };
  }
  if (config.siege) siege_ = std::make_unique<Siege>(context_, hosts_, bounds);
}

void World::play(const Script& script, volatile std::uint64_t* progress) {
  for (const Op& op : script.ops) {
    if (progress != nullptr) *progress = context_.figures.steps;
    ++context_.figures.steps;
    if (context_.trace != nullptr) context_.tell("== %s", to_string(op).c_str());
    apply(op);
    if (context_.fault != nullptr) break;
  }
  const Instant end = context_.now + kLongestSiege;
  while (siege_ && context_.fault == nullptr && !siege_->over() && context_.now < end)
    run_for(250ms);
  if (siege_) siege_->stop();
  if (context_.fault == nullptr) quiesce();
  context_.figures.simulated_us = static_cast<std::uint64_t>((context_.now - Instant(1s)).count());
  if (context_.fault != nullptr)
    context_.tell("** host %d: %s", context_.fault_host, context_.fault);
}

void World::apply(const Op& op) {
  if (op.what == Do::kWait) return run_for(Duration(op.a[0]));
  const std::uint32_t host = op.a[0] % context_.config.hosts;
  if (op.in_event) return hosts_[host]->do_in_event(op);
  hosts_[host]->begin();
  at_once(op);
  settle();
}

// Performs a step that takes no time, and so may also happen while events are drained.
void World::at_once(const Op& op) {
  const std::uint32_t hosts = context_.config.hosts;
  const std::uint32_t number = op.a[0] % hosts;
  const std::uint32_t peer = op.a[1] % hosts;
  Host& host = *hosts_[number];
  Application& application = host.application();
  const auto port = [](std::uint32_t value) { return static_cast<std::uint16_t>(value); };
  const auto ms = [](std::uint32_t value) { return Duration(std::int64_t{value} * 1000); };
  switch (op.what) {
    case Do::kWait:
      return;
    case Do::kOpen:
      return peer == number ? void()
                            : application.open(peer, port(op.a[2]), port(op.a[3]), ms(op.a[4]));
    case Do::kMeet:
      if (peer == number) return;
      hosts_[peer]->begin();
      application.open(peer, port(op.a[2]), port(op.a[3]), Duration(0));
      return hosts_[peer]->application().open(number, port(op.a[3]), port(op.a[2]), Duration(0));
    case Do::kReopen:
      return application.reopen(op.a[1]);
    case Do::kListen:
      return application.listen(port(op.a[1]), op.a[2], op.a[3]);
    case Do::kUnlisten:
      return application.unlisten(op.a[1]);
    case Do::kAccept:
      return application.accept(op.a[1]);
    case Do::kSend:
      return application.send(op.a[1], op.a[2]);
    case Do::kRead:
      return application.read(op.a[1], op.a[2]);
    case Do::kShut:
      return application.shutdown(op.a[1]);
    case Do::kClose:
      return application.close(op.a[1], ms(op.a[2]));
    case Do::kAbort:
      return application.abort(op.a[1]);
    case Do::kTune:
      return application.tune(op.a[1], op.a[2], op.a[3]);
    case Do::kStale:
      return application.probe_stale(op.a[1]);
    case Do::kHabits:
      return application.set_habits(op.a[1]);
    case Do::kDeaf:
      return host.set_deaf(op.a[1] != 0);
    case Do::kBusy:
      return host.set_busy(context_.now + Duration(op.a[1]));
    case Do::kCrash:
      return host.crash();
    case Do::kImpair:
      return context_.wire.set({op.a[0], op.a[1], op.a[2], op.a[3], op.a[4], op.a[5]});
    case Do::kCut:
      if (siege_) siege_->cut(number, peer);
      return context_.wire.cut(number, peer, number != peer);
    case Do::kHeal:
      return context_.wire.heal();
    case Do::kForge:
      return forge(op);
    case Do::kKnock:
      return knock(op);
    case Do::kIcmp:
      return icmp(op);
    case Do::kVisit:
      return siege_ ? siege_->visit(op) : void();
    case Do::kAttack:
      return siege_ ? siege_->attack(op) : void();
    case Do::kHostile:
      return siege_ ? siege_->hostile(op) : void();
  }
}

// ---- Time ----

void World::still_standing(Instant before) {
  standing_ = context_.now == before ? standing_ + 1 : 0;
  if (standing_ > kMaxStanding)
    context_.fail(-1, "time stands still: turn after turn has something to do");
}

void World::run_for(Duration time) {
  const Instant end = context_.now + time;
  while (context_.fault == nullptr) {
    Instant next = kNever;
    for (const auto& host : hosts_) next = std::min(next, host->next());
    if (siege_) next = std::min(next, siege_->next());
    if (next > end) break;
    const Instant before = context_.now;
    context_.now = std::max(context_.now, next);
    still_standing(before);
    for (const auto& host : hosts_) {
      if (host->wants_turn() && context_.fault == nullptr) host->turn();
    }
    if (siege_ && context_.fault == nullptr) siege_->step();
  }
  if (context_.fault == nullptr) context_.now = end;
}

std::uint64_t World::frames() const {
  std::uint64_t n = 0;
  for (const auto& host : hosts_) n += host->frames_sent();
  return n;
}

// Quiesces the world: the wire loses nothing more, every application reads all data, and segments
// in flight arrive. Then all applications close or abort, and after a while nothing may be left.
void World::quiesce() {
  context_.tell("== quiesce: the wire is clean, everybody reads");
  context_.wire.set({});
  context_.wire.heal();
  Duration calm = 4s, late = 4s;
  for (const auto& host : hosts_) {
    const Settings& s = host->stack().settings();
    calm = std::max(calm, 6 * s.rto_max);
    late = std::max(late, 4 * s.rto_max + s.connect_timeout + s.fin_wait_2 + s.time_wait * 2);
    host->begin();
    host->do_nothing_more();
    host->set_deaf(false);
    host->set_busy(context_.now);
    host->application().become_orderly();
    host->application().accept_everything();
    host->application().read_everything();
  }
  for (int i = 0; i < 4; ++i) {
    run_for(calm / 4);
    if (context_.fault != nullptr) return;
    for (const auto& host : hosts_) {
      if (i == 1) host->note_progress();
      host->begin();
      host->application().read_everything();
    }
  }
  settle();
  for (const auto& host : hosts_) {
    for (const auto& peer : hosts_) {
      if (host != peer && context_.fault == nullptr) host->check_nothing_waits(*peer);
    }
  }
  // No application sends now: the only frames are keepalive probes and failing handshakes.
  const std::uint64_t before = frames();
  run_for(1s);
  std::uint64_t connections = 0;
  for (const auto& host : hosts_)
    connections += host->stack().audit().live + host->stack().audit().half_open;
  if (frames() - before > 40 + 40 * connections)
    context_.fail(-1, "segments answer each other for ever");
  if (context_.fault != nullptr) return;

  context_.tell("== quiesce: everybody closes or aborts");
  for (const auto& host : hosts_) {
    host->begin();
    host->application().unlisten_all();
    host->application().quiesce();
  }
  run_for(late);
  if (context_.fault != nullptr) return;
  const std::uint64_t quiet = frames();
  run_for(10s);
  if (frames() != quiet) context_.fail(-1, "somebody still sends after quiescence");
  for (const auto& host : hosts_) {
    if (context_.fault == nullptr) host->check_nothing_left();
  }
}

// ---- Forged segments ----

// Injects a forged segment. All kinds but the first must not harm the connection.
void World::forge(const Op& op) {
  const std::uint32_t number = op.a[0] % context_.config.hosts;
  Host& host = *hosts_[number];
  const Talk* talk = host.application().some_live(op.a[1]);
  ConnectionInfo info;
  if (talk == nullptr || !host.stack().info(talk->id, info) || info.state == State::kDestroy)
    return;
  test::WireSegment s;
  s.source = info.tuple.remote;
  s.destination = info.tuple.local;
  s.source_port = info.tuple.remote_port.value;
  s.destination_port = info.tuple.local_port.value;
  s.seq = info.rcv_nxt.value();
  s.ack = info.snd_una.value();
  s.window = 0;
  const std::uint32_t offset = 1 + op.a[3];
  switch (op.a[2] % 11) {
    case 0:  // a RST at RCV.NXT, which ends it
      s.flags = info.state == State::kSynSent ? test::kRst | test::kAck : test::kRst;
      if (info.state == State::kSynSent) s.ack = info.iss.value() + 1;
      break;
    case 1:  // a RST in the window
      s.flags = test::kRst;
      s.seq += offset;
      break;
    case 2:  // a RST beyond the window
      s.flags = test::kRst;
      s.seq -= offset;
      break;
    case 3:  // a SYN in the window
      s.flags = test::kSyn;
      s.seq += offset;
      break;
    case 4:  // an ACK of data not sent before it arrives
      s.flags = test::kAck;
      s.ack = info.snd_nxt.value() + (1u << 24) + offset;
      break;
    case 5:  // an old ACK
      s.flags = test::kAck;
      s.ack = info.snd_una.value() - (1u << 26) - offset;
      break;
    case 6:  // an ACK outside of the window
      s.flags = test::kAck;
      s.seq -= 100'000 + offset;
      break;
    case 7:  // no flags
      s.flags = 0;
      break;
    case 8:  // an old FIN
      s.flags = test::kAck | test::kFin;
      s.seq -= 1 + offset;
      break;
    case 9:  // a FIN beyond the window
      s.flags = test::kAck | test::kFin;
      s.seq += 3'000'000 + offset;
      break;
    default:  // old data with different bytes
      s.flags = test::kAck;
      s.seq -= offset;
      s.data.assign(offset, '?');
      s.data.resize(std::min<std::size_t>(s.data.size(), 500));
  }
  if (info.state == State::kSynSent && op.a[2] % 11 != 0) return;
  const auto peer = (info.tuple.remote.v4_bits() & 0xff) - 1;
  context_.wire.inject(number, test::encode(s, mac_of_host(peer), mac_of_host(number)),
                       context_.now);
}

void World::knock(const Op& op) {
  const std::uint32_t number = op.a[0] % context_.config.hosts;
  test::WireSegment s;
  s.source = IpAddress::v4(10, 0, 0, static_cast<std::uint8_t>(100 + op.a[2] % 8));
  s.destination = address_of_host(number);
  s.source_port = static_cast<std::uint16_t>(1024 + op.a[2] % 10'000);
  s.destination_port = static_cast<std::uint16_t>(op.a[1]);
  s.seq = op.a[2];
  s.flags = test::kSyn;
  s.window = 1000;
  s.mss = 1460;
  context_.wire.inject(number, test::encode(s, {{2, 0, 0, 0, 9, 9}}, mac_of_host(number)),
                       context_.now);
}

void World::icmp(const Op& op) {
  const std::uint32_t number = op.a[0] % context_.config.hosts;
  const auto& about = hosts_[number]->last_segment();
  if (about.empty()) return;
  context_.icmp_forged = true;
  context_.wire.inject(
      number,
      test::encode_unreachable(about, static_cast<std::uint8_t>(op.a[1]),
                               IpAddress::v4(10, 0, 0, 200), static_cast<std::uint16_t>(op.a[2])),
      context_.now);
}

}  // namespace conker::sim
