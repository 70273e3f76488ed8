// The sequence numbers that a host has received in one conversation, as far as an observer knows:
// those that it may acknowledge.
#pragma once

#include <cstdint>
#include <vector>

#include "stack/base/seq.hpp"

namespace conker::verdict {

class ReceivedRanges {
 public:
  /// Adds `length` numbers from `begin` on.
  void add(Seq begin, std::uint32_t length);
  /// Sets the first number of the stream: known once the host acknowledges a SYN.
  void start_at(Seq first);
  /// Forgets all.
  void clear() {
    restart();
    beyond_.clear();
  }
  /// Begins another stream, which may include numbers received already.
  void restart() { started_ = lost_track_ = false; }

  /// Whether all of [begin, end) was received, as far as is known.
  bool covers(Seq begin, Seq end) const;
  /// The first number not received. Only after start_at().
  Seq next() const { return next_; }
  /// There were more ranges than can be kept: from here on nothing is known.
  bool lost_track() const { return lost_track_; }
  /// Allocated.
  std::size_t bytes() const { return beyond_.capacity() * sizeof(Range); }

 private:
  static constexpr std::size_t kMaxRanges = 256;
  struct Range {
    Seq begin, end;
  };

  void absorb();

  bool started_ = false;
  bool lost_track_ = false;
  Seq next_;
  std::vector<Range> beyond_;  // out of order, in any order
};

}  // namespace conker::verdict
