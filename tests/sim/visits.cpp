#include "tests/sim/visits.hpp"

#include <algorithm>

namespace conker::sim {
namespace {

constexpr Duration kNotYet = kNever.time_since_epoch();
constexpr Duration kAgain = 50ms;  // between attempts to open

// Attacks that RFC 5961 and 5927 permit cost at most a timeout or a halved window now and then.
// Where chunks are scarce, honest and hostile peers get equal shares, and stalled peers are given
// up in time.
Instant latest(const Config& config, Instant began, Duration without) {
  if (without == kNotYet) return kNever;
  return began +
         (config.scarce ? without * 4 + Settings().stall_limit + 5s : without * 3 / 2 + 1500ms);
}

}  // namespace

std::uint32_t Visits::Visit::asked(Instant now) const {
  const auto passed = pause > Duration(0) ? (now - began) / pause + 1 : std::int64_t{portions};
  const auto due = static_cast<std::uint32_t>(std::min<std::int64_t>(passed, portions));
  return static_cast<std::uint32_t>(std::uint64_t{up} * due / portions);
}

void Visits::begin(const Op& op) {
  Visit visit{.host = op.a[0] % context_.config.hosts,
              .peer = op.a[1] % context_.config.hosts,
              .up = std::max(op.a[3], 1u),
              .down = op.a[4],
              .closer = op.a[5] % kClosers,
              .portions = op.a[5] / kClosers % 8 + 1,
              .pause = Duration(std::int64_t{op.a[5] / kClosers / 8} * 1000),
              .began = context_.now};
  if (visit.host == visit.peer) visit.peer = (visit.peer + 1) % context_.config.hosts;
  visit.port = static_cast<std::uint16_t>(op.a[2]);
  context_.tell("       visit %zu: host %u to host %u", visits_.size(), visit.host, visit.peer);
  open(visit);
  visits_.push_back(visit);
}

// A port in TIME-WAIT is refused within a millisecond after its record has sent (RFC 6191, 3), so
// the application retries.
void Visits::open(Visit& visit) {
  if (visit.again > context_.now) return;
  Host& host = *hosts_[visit.host];
  const std::size_t before = host.application().talks().size();
  host.begin();
  host.application().open(visit.peer, kPort, visit.port, Duration(0));
  if (host.application().talks().size() > before) visit.client = before;
  visit.again = context_.now + kAgain;
}

void Visits::cut_off(std::uint32_t host, std::uint32_t peer) {
  for (Visit& v : visits_) {
    if (v.over()) continue;
    if ((v.host == host && v.peer == peer) || (v.host == peer && v.peer == host))
      v.outcome.cut_off = true;
  }
}

// Sends up to `up_to` bytes in all; a turn follows when some were taken.
void Visits::send(Host& host, std::size_t talk, std::uint32_t up_to) {
  const std::uint64_t before = host.application().talks()[talk].sent;
  host.stack().begin(context_.now);
  host.application().send_on(talk, up_to - static_cast<std::uint32_t>(before));
  if (host.application().talks()[talk].sent > before) host.begin();
}

// Finds the newest connection from the client's port since the visit began.
void Visits::find_server(Visit& visit) {
  const Talk& client = hosts_[visit.host]->application().talks()[*visit.client];
  const auto& talks = hosts_[visit.peer]->application().talks();
  for (std::size_t i = talks.size(); i-- > 0;) {
    const Talk& t = talks[i];
    if (t.opened < visit.began) return;
    if (!t.passive || t.local_port != kPort || t.remote_port != client.local_port) continue;
    if ((t.remote & 0xff) != visit.host + 1) continue;
    visit.server = i;
    return;
  }
}

void Visits::step() {
  for (std::size_t i = 0; i < visits_.size() && context_.fault == nullptr; ++i) {
    Visit& visit = visits_[i];
    if (!visit.client) open(visit);
    if (visit.client && !visit.over()) step(visit);
    if (bounds_ != nullptr && i < bounds_->size()) judge(visit, (*bounds_)[i]);
  }
  serve_pages();
}

void Visits::step(Visit& visit) {
  if (!visit.server) find_server(visit);
  step_client(visit, hosts_[visit.host]->application().talks()[*visit.client]);
  if (visit.server) step_server(visit, hosts_[visit.peer]->application().talks()[*visit.server]);
  // Looked up again, since the calls may have moved the talks.
  const Talk& client = hosts_[visit.host]->application().talks()[*visit.client];
  const Talk* server =
      visit.server ? &hosts_[visit.peer]->application().talks()[*visit.server] : nullptr;
  if (client.received == visit.down && client.connected && visit.outcome.done == kNotYet) {
    visit.outcome.done = context_.now - visit.began;
  }
  if (client.over() && (server == nullptr || server->over())) {
    visit.outcome.ended = context_.now - visit.began;
    visit.outcome.closed = server != nullptr && client.reason == CloseReason::kClosed &&
                           server->reason == CloseReason::kClosed;
  }
}

void Visits::step_client(Visit& visit, const Talk& talk) {
  if (!talk.connected || talk.closed || talk.over()) return;
  Host& host = *hosts_[visit.host];
  const std::uint32_t asked = visit.asked(context_.now);
  if (talk.sent < asked) send(host, *visit.client, asked);
  const Talk& now = host.application().talks()[*visit.client];
  if (visit.closer == kServer || now.sent < visit.up || now.received < visit.down) return;
  host.begin();
  host.application().close_on(*visit.client);
}

void Visits::step_server(Visit& visit, const Talk& talk) {
  if (talk.closed || talk.over()) return;
  Host& host = *hosts_[visit.peer];
  const auto answer =
      static_cast<std::uint32_t>(std::uint64_t{visit.down} * talk.received / visit.up);
  if (talk.sent < answer) send(host, *visit.server, answer);
  const Talk& now = host.application().talks()[*visit.server];
  if (visit.closer == kClient || now.received < visit.up || now.sent < visit.down) return;
  host.begin();
  host.application().close_on(*visit.server);
}

// Serves pages to hostile peers.
void Visits::serve_pages() {
  for (const auto& host : hosts_) {
    Application& application = host->application();
    for (const std::uint32_t at : std::vector(application.live_talks())) {
      const Talk& talk = application.talks()[at];
      const bool asks = talk.passive && talk.local_port == kPagePort && talk.received > 0;
      if (!asks || talk.closed) continue;
      if (talk.sent < kPage) send(*host, at, kPage);
      if (application.talks()[at].sent < kPage) continue;
      host->begin();
      application.close_on(at);
    }
  }
}

Instant Visits::next() const {
  Instant next = kNever;
  for (std::size_t i = 0; i < visits_.size(); ++i) {
    const Visit& v = visits_[i];
    if (v.over()) continue;
    if (!v.client) next = std::min(next, v.again);
    for (std::uint32_t n = 1; n < v.portions; ++n) {
      const Instant at = v.began + v.pause * n;
      if (at > context_.now) next = std::min(next, at);
    }
    if (bounds_ == nullptr || i >= bounds_->size()) continue;
    for (const Duration without : {(*bounds_)[i].done, (*bounds_)[i].ended}) {
      const Instant at = latest(context_.config, v.began, without);
      if (at > context_.now) next = std::min(next, at);
    }
  }
  return next;
}

bool Visits::over() const {
  return std::ranges::all_of(visits_, [](const Visit& v) { return v.over(); });
}

std::vector<Outcome> Visits::outcomes() const {
  std::vector<Outcome> all;
  for (const Visit& visit : visits_) all.push_back(visit.outcome);
  return all;
}

// Compares a visit with its outcome without attackers. Where the hosts are cut off from each other,
// its progress is chance, but it must end as early, and must not be reset. Exempt are: a visit that
// without attackers was over before the cut; any cut-off visit where chunks are scarce, since an
// end that only waits for data does not notice a dead peer (RFC 9293, 3.8.4); and a client whose
// last portion is due later than the end without attackers, since its retransmissions count from
// then on (RFC 9293, 3.8.3).
void Visits::judge(const Visit& visit, const Outcome& bound) const {
  const auto expect = [&](bool good, const char* otherwise) {
    if (!good) context_.fail(static_cast<int>(visit.host), otherwise);
  };
  const Instant now = context_.now;
  if (visit.outcome.cut_off && (!bound.cut_off || context_.config.scarce)) return;
  const Instant last_portion = visit.began + visit.pause * (visit.portions - 1);
  if (visit.outcome.cut_off && last_portion - visit.began >= bound.ended && last_portion <= now)
    return;
  if (!bound.cut_off) {
    expect(visit.outcome.done != kNotYet || now < latest(context_.config, visit.began, bound.done),
           "a visit is done later than without attackers");
    expect(!visit.over() || visit.outcome.closed || !bound.closed,
           "a visit ends otherwise than without attackers");
  }
  expect(visit.over() || now < latest(context_.config, visit.began, bound.ended),
         "a visit ends later than without attackers");
}

}  // namespace conker::sim
