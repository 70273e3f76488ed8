#include "stack/strike/strike.hpp"

#include <algorithm>
#include <memory>

namespace conker {
namespace {

/// How long to wait after the stack refused an open: ports and slots come back with time, not with
/// asking.
constexpr Duration kRetryPause = 1ms;
/// Cycles begun in one step at most, so that no turn grows long; the next turn follows at once.
constexpr std::uint32_t kMaxPerStep = 256;
/// The same with a rate: what was missed is made up for in small groups, not in one burst.
constexpr std::uint32_t kMaxPacedPerStep = 8;
/// What was missed longer ago than this is not made up for at all.
constexpr Duration kForgotten = 100ms;
constexpr Duration kMaxTimeout = 24h;
constexpr Duration kMaxDuration = 24h * 1000;
/// Addresses tried for one cycle before pausing, when one has no port left.
constexpr int kAddressTries = 4;

bool sensible(const StrikeRequest& r, std::size_t slots) {
  const IpAddress& to = r.target.address;
  if (to.is_unspecified() || to.is_multicast() || to.is_limited_broadcast() ||
      r.target.port.value == 0)
    return false;
  if (r.cycles == 0 && r.duration == Duration{0}) return false;
  if (r.duration < Duration{0} || r.duration > kMaxDuration) return false;
  if (r.concurrency == 0 || r.concurrency > slots || r.concurrency > Strike::kMaxSlots)
    return false;
  return r.connect_timeout > Duration{0} && r.connect_timeout <= kMaxTimeout &&
         r.close_timeout > Duration{0} && r.close_timeout <= kMaxTimeout;
}

}  // namespace

Strike::Strike(Stack& stack, std::span<Slot> slots, ClientId client)
    : stack_(stack), slots_(slots), client_(client) {}

// ---- Begin and end of the whole ----

Error Strike::start(const StrikeRequest& request) {
  if (running_) return Error::kAddressInUse;
  if (!sensible(request, slots_.size())) return Error::kInvalidArgument;
  if (const auto source = stack_.network().source_for(request.target.address); !source)
    return source.error();

  const Instant now = stack_.now();
  request_ = request;
  std::construct_at(&report_);  // in place: it is large
  running_ = true;
  over_ = false;
  live_ = given_up_ = 0;
  free_ = first_closing_ = last_closing_ = kNone;
  for (std::uint32_t i = request.concurrency; i-- > 0;) free_slot(i);

  started_ = next_open_ = retry_at_ = now;
  end_ = request.duration == Duration{0} ? kNever : now + request.duration;
  if (request.rate != 0) {
    interval_ = Duration(1'000'000u / request.rate);
    remainder_ = 1'000'000u % request.rate;
    fraction_ = 0;
  }
  random_ = request.seed;
  collect_addresses();
  const Counters& counters = stack_.counters();
  retransmits_before_ = counters[Count::segments_retransmitted];
  evicted_before_ = counters[Count::time_wait_evicted];
  reused_before_ = counters[Count::time_wait_reused];
  return Error::kOk;
}

void Strike::step() {
  if (!running_) return;
  const Instant now = stack_.now();
  give_up(now);
  if (now >= end_) over_ = true;
  if (!over_) begin_cycles(now);
  if (over_ && live_ == 0) finish(now);
}

void Strike::stop() {
  over_ = true;
}

void Strike::finish(Instant now) {
  static_cast<void>(report());
  report_.elapsed = now - started_;
  running_ = false;
}

Instant Strike::next_deadline() const {
  if (!running_) return kNever;
  // The last event of what was given up waits to be drained; and the end waits to be noticed.
  if (given_up_ != 0 || (over_ && live_ == 0)) return stack_.now();
  Instant deadline = kNever;
  if (!over_) {
    deadline = end_;
    if (live_ < request_.concurrency)
      deadline = std::min(deadline, std::max(next_open_, retry_at_));
  }
  if (first_closing_ != kNone) {
    deadline = std::min(deadline, slots_[first_closing_].closing + request_.close_timeout);
  }
  return deadline;
}

const StrikeReport& Strike::report() const {
  if (!running_) return report_;
  report_.live = 0;
  for (const Slot& slot : slots_.first(request_.concurrency)) {
    if (slot.phase != Slot::Phase::kFree) ++report_.live;
  }
  report_.elapsed = stack_.now() - started_;
  const Counters& counters = stack_.counters();
  report_.retransmits = counters[Count::segments_retransmitted] - retransmits_before_;
  report_.time_wait_evicted = counters[Count::time_wait_evicted] - evicted_before_;
  report_.time_wait_reused = counters[Count::time_wait_reused] - reused_before_;
  return report_;
}

// ---- One cycle ----

void Strike::begin_cycles(Instant now) {
  const bool paced = request_.rate != 0;
  if (paced && now - next_open_ > kForgotten) next_open_ = now - kForgotten;
  for (std::uint32_t n = paced ? kMaxPacedPerStep : kMaxPerStep; n != 0; --n) {
    if (live_ == request_.concurrency || now < next_open_ || now < retry_at_) return;
    if (!open_one(now)) {
      retry_at_ = now + kRetryPause;
      return;
    }
    if (paced) pace();
    if (report_.begun == request_.cycles) {  // 0 is no limit, and never reached
      over_ = true;
      return;
    }
  }
}

bool Strike::open_one(Instant now) {
  const std::uint32_t index = free_;
  ConnectRequest request;
  request.remote = request_.target;
  request.timeout = request_.connect_timeout;
  request.token = Token(client_, index);
  for (int tries = 0; tries < kAddressTries; ++tries) {
    request.local = choose_address();
    const auto id = stack_.connect(request);
    if (id) {
      Slot& slot = slots_[index];
      free_ = slot.next;
      slot = Slot();
      slot.id = *id;
      slot.opened = now;
      slot.phase = Slot::Phase::kConnecting;
      ++live_;
      ++report_.begun;
      return true;
    }
    ++report_.open_failed;
    // Another address of ours may have a free port; no other failure depends on the address.
    if (id.error() != Error::kNoFreePort || address_count_ < 2) break;
  }
  return false;
}

void Strike::on_event(const Event& event) {
  const std::uint32_t index = event.token.value();
  if (!running_ || index >= request_.concurrency) return;
  Slot& slot = slots_[index];
  if (slot.phase == Slot::Phase::kFree || slot.id != event.connection) return;

  const Instant now = stack_.now();
  if (event.has(Event::kConnected)) report_.connect.add(now - slot.opened);
  if (event.has(Event::kClosed)) {
    end(index, event.reason, now);
  } else if (event.has(Event::kConnected)) {
    close_one(index, event.has(Event::kReadable), now);
  }
}

void Strike::close_one(std::uint32_t index, bool unread, Instant now) {
  Slot& slot = slots_[index];
  slot.phase = Slot::Phase::kClosing;
  slot.closing = now;
  slot.next = kNone;
  slot.previous = last_closing_;
  (last_closing_ == kNone ? first_closing_ : slots_[last_closing_].next) = index;
  last_closing_ = index;

  // Should the stack refuse, the close timeout finds out what is the matter.
  if (request_.close == StrikeRequest::Close::kReset) {
    (void)stack_.abort(slot.id);
    return;
  }
  // Closing over unread bytes would be a reset; a peer that greets us is to see our FIN all the
  // same.
  if (const auto greeting = stack_.unread(slot.id); unread && greeting)
    (void)stack_.consume(slot.id, greeting->bytes);
  (void)stack_.close(slot.id);
}

void Strike::give_up(Instant now) {
  while (first_closing_ != kNone) {
    const std::uint32_t index = first_closing_;
    Slot& slot = slots_[index];
    if (now < slot.closing + request_.close_timeout) return;
    first_closing_ = slot.next;
    (first_closing_ == kNone ? last_closing_ : slots_[first_closing_].previous) = kNone;
    slot.timed_out = true;
    ++given_up_;
    if (stack_.abort(slot.id) == Error::kNoSuchId) end(index, CloseReason::kNotClosed, now);
  }
}

void Strike::end(std::uint32_t index, CloseReason reason, Instant now) {
  Slot& slot = slots_[index];
  const bool closing = slot.phase == Slot::Phase::kClosing;
  switch (reason) {
    case CloseReason::kClosed:
      ++report_.ended_closed;
      break;
    case CloseReason::kReset:
    case CloseReason::kAborted:
      ++report_.ended_reset;
      break;
    case CloseReason::kTimedOut:
      ++report_.ended_timed_out;
      break;
    case CloseReason::kRefused:
      ++report_.ended_refused;
      break;
    default:
      ++report_.ended_other;
      break;
  }

  const auto wanted =
      request_.close == StrikeRequest::Close::kFin ? CloseReason::kClosed : CloseReason::kAborted;
  if (closing && reason == wanted && !slot.timed_out) {
    ++report_.completed;
    report_.close.add(now - slot.closing);
  } else if (slot.timed_out || reason == CloseReason::kTimedOut) {
    ++report_.timed_out;
  } else if (reason == CloseReason::kRefused) {
    ++report_.refused;
  } else if (reason == CloseReason::kReset) {
    ++report_.reset;
  } else {
    ++report_.other;
  }

  if (slot.timed_out) {
    --given_up_;
  } else if (closing) {
    (slot.previous == kNone ? first_closing_ : slots_[slot.previous].next) = slot.next;
    (slot.next == kNone ? last_closing_ : slots_[slot.next].previous) = slot.previous;
  }
  free_slot(index);
  --live_;
}

void Strike::free_slot(std::uint32_t index) {
  slots_[index] = Slot();
  slots_[index].next = free_;
  free_ = index;
}

// ---- When, and from where ----

void Strike::pace() {
  next_open_ += interval_;
  if (fraction_ < request_.rate - remainder_) {
    fraction_ += remainder_;
  } else {
    fraction_ -= request_.rate - remainder_;
    next_open_ += 1us;
  }
}

void Strike::collect_addresses() {
  address_count_ = 0;
  const Network& network = stack_.network();
  const std::uint32_t count = std::min<std::uint32_t>(network.address_count(), 65536);
  for (std::uint32_t i = 0; i < count && address_count_ < kMaxAddresses; ++i) {
    if (network.leads_to(i, request_.target.address))
      addresses_[address_count_++] = static_cast<std::uint16_t>(i);
  }
}

IpAddress Strike::choose_address() {
  if (address_count_ == 0) return IpAddress();  // the stack chooses
  if (address_count_ == 1) return stack_.network().address(addresses_[0]);
  // xorshift64*; its upper half is good, and scaled without a division.
  if (random_ == 0) random_ = 1;
  random_ ^= random_ >> 12;
  random_ ^= random_ << 25;
  random_ ^= random_ >> 27;
  const auto upper = static_cast<std::uint32_t>((random_ * 0x2545f4914f6cdd1d) >> 32);
  return stack_.network().address(
      addresses_[static_cast<std::uint32_t>((std::uint64_t{upper} * address_count_) >> 32)]);
}

}  // namespace conker
