#include "stack/strike/ladder.hpp"

#include <algorithm>

namespace conker {

Ladder::Ladder(std::uint32_t most, Instant began) : most_(most), began_(began) {
  rungs_[0].concurrency = 1;
}

void Ladder::on_end(std::uint64_t cycle, std::optional<StrikeFailure> failure, Instant now) {
  const bool refused = failure == StrikeFailure::kSynReset;
  const bool unanswered = failure == StrikeFailure::kSynUnanswered;
  if (refused || unanswered) {
    backed_off_ = std::min(backed_off_ + 1, chosen() - 1);
    backed_off_at_ = now;
  }
  if (!learning_ && cycle > learnt_) return;
  Rung& its = rungs_[rung_of(cycle)];
  ++(!failure ? its.completed : refused ? its.refused : unanswered ? its.unanswered : its.failed);
  if (!learning_ && failure) choose();
}

void Ladder::step(Instant now) {
  if (backed_off_ != 0 && now >= backed_off_at_ + kBackOff) backed_off_ = 0;
  if (!learning_) return;
  const Duration lasted = now - began_;
  Rung& its = rung();
  const bool enough = lasted >= kShortest && its.completed >= kEnough;
  if (!failed() && !enough && lasted < kLongest) return;
  its.lasted = lasted;
  its.rate = lasted <= Duration(0)
                 ? 0
                 : its.completed * 1'000'000 / static_cast<std::uint64_t>(lasted.count());
  its.connect_p99 = static_cast<std::uint32_t>(connect_.quantile(990).count());
  const std::size_t best = best_;
  choose();
  flat_ = best_ == best && count_ != 1 ? flat_ + 1 : 0;
  if (failed() || flat_ == kFlat || its.concurrency == most_ || count_ == kMaxRungs) {
    learning_ = false;
    learnt_ = begun_;
    return;
  }
  const auto next = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(std::uint64_t{its.concurrency} * 2, most_));
  rungs_[count_++] = Rung{.concurrency = next, .after = begun_};
  began_ = now;
  connect_.clear();
}

Instant Ladder::next_deadline() const {
  Instant next = backed_off_ == 0 ? kNever : backed_off_at_ + kBackOff;
  if (!learning_) return next;
  next = std::min(next, began_ + kLongest);
  return rung().completed >= kEnough ? std::min(next, began_ + kShortest) : next;
}

std::uint32_t Ladder::limit() const {
  const std::uint32_t most = chosen();
  return backed_off_ < most ? most - backed_off_ : 1;
}

std::uint32_t Ladder::bears() const {
  const std::size_t clean = clean_rungs();
  return clean == 0 ? 0 : rungs_[clean - 1].concurrency;
}

std::uint64_t Ladder::excused() const {
  std::uint64_t excused = 0;
  for (std::size_t i = std::max<std::size_t>(clean_rungs(), 1); i < count_; ++i)
    excused += rungs_[i].refused + rungs_[i].unanswered;
  return excused;
}

std::size_t Ladder::rung_of(std::uint64_t cycle) const {
  std::size_t of = count_ - 1;
  while (of != 0 && cycle <= rungs_[of].after) --of;
  return of;
}

/// The rungs from the first on of which no cycle failed.
std::size_t Ladder::clean_rungs() const {
  std::size_t clean = 0;
  while (clean < count_ && rungs_[clean].clean()) ++clean;
  return clean;
}

/// The last rung without failures that was faster than all before it.
void Ladder::choose() {
  const std::size_t clean = clean_rungs();
  best_ = 0;
  for (std::size_t i = 1; i < clean; ++i)
    if (rungs_[i].rate * kThan > rungs_[best_].rate * kFaster) best_ = i;
}

}  // namespace conker
