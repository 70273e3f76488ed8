#include "tests/unit/two_ends.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "tests/support/segmentation.hpp"

namespace conker::test {

End::End(const IpAddress& address, const MacAddress& mac, const Capacities& capacities,
         const Settings& settings, std::uint64_t entropy, const Parts& parts)
    : storage_(Stack::storage_bytes(capacities)) {
  Entropy words;
  for (std::uint64_t& word : words.words)
    word = entropy = entropy * 6364136223846793005u + 1442695040888963407u;
  stack_ = std::make_unique<Stack>(storage_.bytes(), capacities, settings, words, parts);
  if (address.is_v4()) ipv4_.emplace(stack_->parts(), words);
  if (!address.is_v4()) ipv6_.emplace(stack_->parts(), words);
  stack_->begin(Instant(1s));
  const auto interface = stack_->add_interface(*this, mac, 1500);
  EXPECT_TRUE(interface);
  const Prefix prefix{address, std::uint8_t(address.is_v4() ? 24 : 64)};
  EXPECT_EQ(stack_->add_address(*interface, prefix), Error::kOk);
}

void End::show(std::span<const std::byte> frame, Direction direction, Instant now) const {
  if (observer == nullptr) return;
  const std::array parts{frame};
  observer->on_frame({.parts = parts, .direction = direction}, now);
}

bool End::send(const FrameOut& frame, Instant now) {
  Bytes bytes;
  for (const auto part : frame.parts) {
    bytes.insert(bytes.end(), part.begin(), part.end());
  }
  show(bytes, Direction::kOut, now);
  if (frame.segment == 0) {
    outgoing.push_back(std::move(bytes));
  } else {
    std::ranges::move(cut(bytes, frame.segment), std::back_inserter(outgoing));
  }
  return true;
}

Wire::Wire(const Capacities& capacities, const Settings& settings, const Impairments& impairments,
           const Parts& parts)
    : impairments_(impairments),
      random_(impairments.seed),
      left_(address_of(1, impairments.family), {{2, 0, 0, 0, 0, 1}}, capacities, settings,
            std::uint64_t{impairments.seed} << 1, parts),
      right_(address_of(2, impairments.family), {{2, 0, 0, 0, 0, 2}}, capacities, settings,
             std::uint64_t{impairments.seed} << 1 | 1, parts) {}

void Wire::carry(End& from, End& to) {
  for (Bytes& frame : from.outgoing) {
    const auto happens = [this](std::uint32_t rate) {
      return rate != 0 && random_.below(1000) < rate;
    };
    if (happens(impairments_.loss)) continue;
    const int copies = happens(impairments_.duplicate) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      const Instant arrives = now_ + impairments_.delay * (happens(impairments_.reorder) ? 3 : 1);
      const auto place = std::upper_bound(flying_.begin(), flying_.end(), arrives,
                                          [](Instant t, const Flying& f) { return t < f.arrives; });
      flying_.insert(place, Flying{arrives, &to, frame});
    }
  }
  from.outgoing.clear();
}

void Wire::turn(End& end) {
  Stack& stack = end.stack();
  std::vector<Bytes> arrived;
  for (auto it = flying_.begin(); it != flying_.end() && it->arrives <= now_;) {
    if (it->to == &end) {
      arrived.push_back(std::move(it->frame));
      it = flying_.erase(it);
    } else {
      ++it;
    }
  }
  std::vector<FrameIn> batch;
  batch.reserve(arrived.size());
  for (const Bytes& frame : arrived) {
    end.show(frame, Direction::kIn, now_);
    batch.push_back({frame, ChecksumState::kUnknown});
  }
  stack.begin(now_);
  stack.input(InterfaceId{0}, batch);
  stack.timers();
  for (Event event; stack.next_event(event);) {
    if (end.on_event) end.on_event(event);
  }
  if (end.on_turn) end.on_turn();
  stack.output();
  stack.reap();
}

Instant Wire::next_deadline() {
  Instant next = flying_.empty() ? kNever : flying_.front().arrives;
  for (End* end : {&left_, &right_}) {
    next = std::min(next, end->stack().next_deadline());
    if (end->stack().wants_turn()) next = now_;
    if (end->deadline) next = std::min(next, end->deadline());
  }
  return std::max(next, now_);
}

void Wire::audit() {
  for (End* end : {&left_, &right_}) {
    const Audit audit = end->stack().audit();
    if (!audit.balanced())
      ADD_FAILURE() << "audit at " << now_.time_since_epoch().count() << " us: " << audit.fault;
  }
}

bool Wire::run(const std::function<bool()>& done, Duration limit) {
  const Instant end = now_ + limit;
  int still = 0;
  while (!done()) {
    const Instant before = now_;
    now_ = std::min(next_deadline(), end);
    still = now_ == before ? still + 1 : 0;
    if (still > 10000) {
      ADD_FAILURE() << "time stands still at " << now_.time_since_epoch().count() << " us";
      return false;
    }
    turn(left_);
    turn(right_);
    carry(left_, right_);
    carry(right_, left_);
    if (++turns_ % audit_every == 0) audit();
    if (now_ >= end) break;
  }
  audit();
  return done();
}

}  // namespace conker::test
