// The begin of a strike's cycles: how many, in which way each, and from where.
#include <algorithm>

#include "stack/strike/random.hpp"
#include "stack/strike/strike.hpp"

namespace conker {
namespace {

/// How long to wait after the stack refused an open: ports and slots come back with time, not with
/// asking.
constexpr Duration kRetryPause = 1ms;
/// Cycles begun in one step at most, so that no turn grows long; the next turn follows at once.
constexpr std::uint32_t kMaxPerStep = 256;
/// The same with a rate: what is late is begun in small groups, not in one burst.
constexpr std::uint32_t kMaxPacedPerStep = 8;
/// Addresses tried for one cycle before pausing, when one has no port left; and ports, where the
/// strike itself chooses them.
constexpr std::uint32_t kAddressTries = 4, kPortTries = 256;

}  // namespace

void Strike::begin_cycles(Instant now) {
  if (pace_.paced()) report_.missed += pace_.pass(now - Pace::kGrace);
  for (std::uint32_t n = pace_.paced() ? kMaxPacedPerStep : kMaxPerStep; n != 0; --n) {
    if (!has_room() || now < pace_.due() || now < retry_at_) return;
    if (!open_one(now)) {
      retry_at_ = now + kRetryPause;
      return;
    }
    pace_.next();
    if (report_.begun == request_.cycles) {  // 0 is no limit, and never reached
      over_ = true;
      return;
    }
  }
}

/// Tells the observer what has waited until now.
void Strike::tell_missed(Instant now) {
  if (observer_ != nullptr && pace_.first_missed() != pace_.slot())
    observer_->on_missed(pace_, now);
  pace_.forget_missed();
}

bool Strike::open_one(Instant now) {
  std::uint64_t way_random = way_random_;  // the next cycle's way, until it has begun
  const WayToClose way = request_.mix.at(random_below(way_random, shares_));
  auto again = behaviour_of(way).reopens ? origins_.reopen(now) : std::nullopt;
  ConnectRequest request;
  request.remote = request_.target;
  request.timeout = request_.connect_timeout;
  request.token = Token(client_, free_);
  const bool walks = origins_.position() != 0;
  for (std::uint32_t n = walks ? kPortTries : kAddressTries; n != 0; --n, again.reset()) {
    const Endpoint from = again ? *again : origins_.next(stack_.network());
    request.local = from.address;
    request.local_port = from.port;
    const auto id = stack_.connect(request);
    if (!again && (id || may_pass_over(id.error()))) origins_.pass_over(stack_.settings());
    if (id) {
      way_random_ = way_random;
      begin(*id, way, again.has_value(), now);
      return true;
    }
    if (again) continue;  // another connection of ours has taken it
    if (!walks) ++report_.open_failed;
    if (!may_pass_over(id.error())) break;
  }
  if (walks) ++report_.open_failed;
  return false;
}

/// Whether another origin may do: another port of ours, or where the stack chooses ports another
/// address. No other failure depends on them.
bool Strike::may_pass_over(Error error) const {
  return origins_.position() != 0 ? error == Error::kAddressInUse
                                  : error == Error::kNoFreePort && origins_.several();
}

/// A cycle that begins with this connection, in a slot that was free.
std::uint32_t Strike::take_slot(ConnectionId id, WayToClose way, Instant now) {
  const std::uint32_t index = free_;
  Slot& slot = slots_[index];
  free_ = slot.next;
  slot = Slot();
  slot.id = id;
  slot.opened = now;
  slot.cycle = static_cast<std::uint32_t>(++report_.begun);
  slot.way = way;
  if (request_.expect != Expect::kNothing) slot.talk = 2;
  slot.free = false;
  ++live_;
  return index;
}

/// Begins a cycle with a connection that we open.
void Strike::begin(ConnectionId id, WayToClose way, bool reopens, Instant now) {
  const std::uint32_t index = take_slot(id, way, now);
  Slot& slot = slots_[index];
  slot.reopens = reopens;
  if (reopens) ++report_.reopened;
  if (pace_.paced()) slot.late = static_cast<std::uint16_t>((now - pace_.due()).count());
  ++opening_;
  tell_missed(now);
  if (observer_ != nullptr) observer_->on_begin(way, live_, opening_, now);
  proceed(index, now);
}

/// A connection that has ended in order may be opened again: once the clock of initial sequence
/// numbers, which takes a step every 4 us (RFC 9293, 3.4.1), is beyond all that it has sent.
void Strike::remember(const Slot& slot, Instant now) {
  constexpr Duration kStep = 4us;
  ConnectionInfo info;
  if (!stack_.info(slot.id, info)) return;
  const Instant beyond = slot.opened + kStep * (info.snd_nxt - info.iss + 1);
  origins_.ended(info.local(), std::max(beyond, now + Origins::kLeastPause));
}

/// Whether the peer has shown that it keeps the four-tuple in TIME-WAIT, as it may for 2 MSL (RFC
/// 9293, 3.6.1, MAY-2): it has answered our SYN by an ACK, and our RST has not ended that.
bool Strike::kept(const Slot& slot, CloseReason reason) const {
  if (!slot.reopens || slot.phase != StrikePhase::kConnecting || reason != CloseReason::kTimedOut)
    return false;
  ConnectionInfo info;
  return stack_.info(slot.id, info) && info.syn_challenged;
}

}  // namespace conker
