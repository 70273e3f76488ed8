// The sequence numbers that have come to a host in one conversation, as far as a bystander knows:
// what it may acknowledge.
#pragma once

#include <cstdint>
#include <vector>

#include "stack/base/seq.hpp"

namespace conker::verdict {

class ReceivedRanges {
 public:
  /// `length` numbers from `begin` on have come.
  void add(Seq begin, std::uint32_t length);
  /// Which number is the first of the stream: known once the host acknowledges a SYN.
  void start_at(Seq first);
  /// Another stream begins, perhaps with what has come already.
  void restart() { started_ = lost_track_ = false; }

  /// Whether all of these have come, as far as one can tell.
  bool covers(Seq begin, Seq end) const;
  /// The first number that has not come. Meaningful after start_at().
  Seq next() const { return next_; }
  /// More ranges than are kept: from here on nothing can be told.
  bool lost_track() const { return lost_track_; }

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
