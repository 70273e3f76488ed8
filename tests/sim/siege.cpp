#include "tests/sim/siege.hpp"

#include <algorithm>

#include "tests/sim/dice.hpp"
#include "tests/sim/stations.hpp"

namespace conker::sim {

Siege::Siege(Context& context, std::vector<std::unique_ptr<Host>>& hosts,
             const std::vector<Outcome>* bounds)
    : context_(context),
      hosts_(hosts),
      peaceful_(bounds == nullptr),
      visits_(context, hosts, bounds),
      attacker_(context, hosts),
      outside_(context) {
  context.wire.let_outside_hear();
}

void Siege::attack(const Op& op) {
  if (!peaceful_) attacker_.begin(op);
}

void Siege::hostile(const Op& op) {
  if (peaceful_) return;
  outside_.hostile().begin(op);
  if (op.a[1] % Hostile::kTricks != Hostile::kMeets) return;
  // The hostile peer makes the host open towards it.
  Host& host = *hosts_[op.a[0] % context_.config.hosts];
  const std::size_t before = host.application().talks().size();
  host.begin();
  host.application().open(kFirstHostile - 1, Hostile::kMeetingPort, 0, Duration(0));
  if (host.application().talks().size() > before) host.application().send_on(before, Visits::kPage);
}

void Siege::step() {
  outside_.step();
  attacker_.step();
  visits_.step();
}

Instant Siege::next() const {
  return std::min({visits_.next(), attacker_.next(), outside_.next()});
}

void Siege::stop() {
  attacker_.stop();
  outside_.stop();
}

// ---- SiegeDrawing ----

namespace {

class SiegeDrawing {
 public:
  SiegeDrawing(std::uint64_t seed, std::uint32_t hosts)
      : dice_(seed ^ 0x7369656765), hosts_(hosts) {
    attacks_ = dice_.of({0u, 4u, 8u});
    hostiles_ = attacks_ == 0 ? 4 : dice_.of({0u, 0u, 2u});
    // While all half-open records are in use, a SYN for a four-tuple in TIME-WAIT is dropped: a
    // cookie cannot be chosen beyond the numbers of the previous connection.
    reuses_ = hostiles_ == 0 && dice_.one_in(2);
    cuts_ = !reuses_ && dice_.one_in(2);  // cuts would delay an open from a port in use
    knows_ = dice_.of<std::uint32_t>(
        {Attacker::kNumbers, Attacker::kNumbers, Attacker::kPorts, Attacker::kAddresses});
  }

  std::uint32_t length() { return 20 + dice_.below(40); }
  bool cuts() const { return cuts_; }

  Op draw() {
    constexpr std::uint32_t kWaits = 8, kVisits = 4;
    std::uint32_t at = dice_.below(kWaits + kVisits + attacks_ + hostiles_);
    if (at < kWaits)
      return {Do::kWait, false, {1 + dice_.below(dice_.of({2000u, 50'000u, 400'000u}))}};
    at -= kWaits;
    if (at < kVisits) return visit();
    return at - kVisits < attacks_ ? attack() : hostile();
  }

  // Cuts a peer off. The host must detect it whatever is forged in the peer's name, by keepalive
  // where no data is in flight; hence the idle visit.
  void cut(std::vector<Op>& ops) {
    const std::uint32_t host = dice_.below(hosts_), peer = other(host);
    ops.push_back({Do::kVisit,
                   false,
                   {host, peer, 0, 3000, 100, Visits::manner(Visits::kClient, 2, 20'000)}});
    ops.push_back({Do::kWait, false, {700'000}});
    ops.push_back({Do::kCut, false, {host, peer}});
    for (int i = 0; attacks_ > 0 && i < 4; ++i) {
      for (const std::uint32_t victim : {host, peer}) {
        const auto shape =
            dice_.of({Shape::kNoFlags, Shape::kAckOfTheUnsent, Shape::kAckOfLongAgo, Shape::kSyn,
                      Shape::kRstInWindow, Shape::kFinWithoutAck, Shape::kDataWithBadAck});
        ops.push_back({Do::kAttack,
                       false,
                       {victim, 20, Attacker::kNumbers, static_cast<std::uint32_t>(shape), 2000,
                        static_cast<std::uint32_t>(dice_())}});
      }
      ops.push_back({Do::kWait, false, {2'000'000}});
    }
  }

 private:
  std::uint32_t other(std::uint32_t host) { return (host + 1 + dice_.below(hosts_ - 1)) % hosts_; }

  Op visit() {
    const std::uint32_t host = dice_.below(hosts_);
    const std::uint32_t up = dice_.of({1u, 100u, 3000u, 30'000u}),
                        down = dice_.of({0u, 100u, 3000u, 30'000u, 100'000u});
    const std::uint32_t portions = 1 + dice_.below(4);
    const std::uint32_t pause = dice_.of({0u, 20u, 300u, 2500u});
    return {Do::kVisit,
            false,
            {host, other(host), reuses_ && dice_.one_in(2) ? 7000 + dice_.below(2) : 0, up, down,
             Visits::manner(dice_.below(Visits::kClosers), portions, pause)}};
  }

  Op attack() {
    const std::uint32_t families = reuses_ ? Attacker::kKnock : Attacker::kFamilies;
    const std::uint32_t family = dice_.below(families);
    return {Do::kAttack,
            false,
            {dice_.below(hosts_), dice_.of({5u, 50u, 50u, 400u}), knows_, family,
             dice_.of({50u, 200u, 500u}), static_cast<std::uint32_t>(dice_())}};
  }

  Op hostile() {
    return {Do::kHostile,
            false,
            {dice_.below(hosts_), dice_.below(Hostile::kTricks), dice_.of({1u, 1u, 3u, 10u})}};
  }

  Dice dice_;
  std::uint32_t hosts_, attacks_ = 0, hostiles_ = 0, knows_ = 0;
  bool reuses_ = false, cuts_ = false;
};

}  // namespace

std::vector<Op> draw_siege(std::uint64_t seed, std::uint32_t hosts, std::uint32_t steps) {
  SiegeDrawing drawing(seed, hosts);
  Dice dice(seed ^ 0x77656174686572);
  std::vector<Op> ops;
  for (std::uint32_t host = 0; host < hosts; ++host) {
    ops.push_back({Do::kListen, false, {host, Visits::kPort, 32, 32}});
    ops.push_back({Do::kListen, false, {host, Visits::kPagePort, 32, 32}});
  }
  ops.push_back({Do::kImpair, false, {0, 0, 0, 0, dice.of({20u, 500u, 5000u}), 0}});
  const std::uint32_t length = steps != 0 ? steps : drawing.length();
  for (std::uint32_t i = 0; i < length; ++i) ops.push_back(drawing.draw());
  if (drawing.cuts()) drawing.cut(ops);
  return ops;
}

}  // namespace conker::sim
