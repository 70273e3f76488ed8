// How many connections at a time a target bears: tried in rungs of 1, 2, 4, ... for a bounded time
// each, by what became of their cycles. A state machine without a clock or a strike of its own. For
// hosts: a chip does not name it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/histogram.hpp"
#include "stack/base/time.hpp"
#include "stack/strike/failure.hpp"

namespace conker {

class Ladder {
 public:
  /// A rung lasts until kEnough of its cycles have completed, and kShortest at least, or kLongest.
  static constexpr Duration kShortest = 100ms, kLongest = 1s;
  static constexpr std::uint64_t kEnough = 200;
  /// A rung is faster where it completes more than 21 cycles for 20 a second; after kFlat rungs
  /// that are not, the learning is over.
  static constexpr std::uint32_t kFaster = 21, kThan = 20, kFlat = 2;
  /// A place in flight whose cycle was refused, or whose SYN was not answered, is not used again
  /// until no other was for so long.
  static constexpr Duration kBackOff = 10ms;
  static constexpr std::size_t kMaxRungs = 33;

  struct Rung {
    std::uint32_t concurrency = 0;
    std::uint64_t after = 0;  // cycles begun before it
    std::uint64_t completed = 0, refused = 0, unanswered = 0, failed = 0;
    Duration lasted{0};
    std::uint64_t rate = 0;         // completed a second, while it lasted
    std::uint32_t connect_p99 = 0;  // us, while it lasted

    /// None of its cycles failed.
    bool clean() const { return refused + unanswered + failed == 0; }
  };

  /// Tries up to `most` at a time, which is 1 or more.
  Ladder(std::uint32_t most, Instant began);

  void on_begin() { ++begun_; }
  void on_connected(Duration took) { connect_.add(took); }
  /// The cycle of this number (from 1) is over. It counts for the rung in which it was begun,
  /// whenever it ends.
  void on_end(std::uint64_t cycle, std::optional<StrikeFailure> failure, Instant now);
  /// Ends what is over. Call it in every turn.
  void step(Instant now);
  /// When step() has something to do of its own accord; kNever if only ends of cycles matter.
  Instant next_deadline() const;

  /// How many may be in flight now.
  std::uint32_t limit() const;
  /// How many may be in flight but for places that are backed off.
  std::uint32_t chosen() const {
    return learning_ ? rung().concurrency : rungs_[best_].concurrency;
  }
  bool learning() const { return learning_; }
  /// Whether some cycle of a rung failed, which is why no more are tried.
  bool failed() const { return clean_rungs() != count_; }
  /// So many at a time did without a failure; 0 when one at a time did not.
  std::uint32_t bears() const;
  /// Cycles refused and SYNs unanswered while more at a time were tried than the target bears.
  std::uint64_t excused() const;
  /// Whether the cycle was begun while more than one at a time were tried.
  bool tries_more(std::uint64_t cycle) const {
    return (learning_ || cycle <= learnt_) && rung_of(cycle) != 0;
  }
  std::span<const Rung> rungs() const { return std::span(rungs_).first(count_); }

 private:
  Rung& rung() { return rungs_[count_ - 1]; }
  const Rung& rung() const { return rungs_[count_ - 1]; }
  std::size_t rung_of(std::uint64_t cycle) const;
  std::size_t clean_rungs() const;
  void choose();

  std::uint32_t most_;
  bool learning_ = true;
  std::size_t count_ = 1, best_ = 0;
  std::uint32_t flat_ = 0;
  std::uint64_t begun_ = 0;
  std::uint64_t learnt_ = 0;  // cycles begun until the learning was over
  std::uint32_t backed_off_ = 0;
  Instant began_, backed_off_at_{};  // of the rung; of the last place
  Histogram connect_;                // since began_
  std::array<Rung, kMaxRungs> rungs_{};
};

}  // namespace conker
