#include "stack/verdict/received_ranges.hpp"

namespace conker::verdict {

void ReceivedRanges::add(Seq begin, std::uint32_t length) {
  if (length == 0) return;
  if (started_ && begin + length <= next_) return;
  if (started_ && beyond_.empty() && begin <= next_) {
    next_ = begin + length;
    return;
  }
  if (beyond_.size() == kMaxRanges) {
    lost_track_ = true;
    return;
  }
  if (!beyond_.empty() && beyond_.back().end == begin) {
    beyond_.back().end = begin + length;
  } else {
    beyond_.push_back({begin, begin + length});
  }
  if (started_) absorb();
}

void ReceivedRanges::start_at(Seq first) {
  started_ = true;
  next_ = first;
  absorb();
}

// Advances next() over adjacent ranges, and drops those before it.
void ReceivedRanges::absorb() {
  for (bool more = true; more;) {
    more = false;
    for (std::size_t i = 0; i < beyond_.size();) {
      const Range range = beyond_[i];
      const bool old = range.end <= next_;
      if (!old && range.begin <= next_) {
        next_ = range.end;
        more = true;
      }
      if (old || range.begin <= next_) {
        beyond_[i] = beyond_.back();
        beyond_.pop_back();
      } else {
        ++i;
      }
    }
  }
}

bool ReceivedRanges::covers(Seq begin, Seq end) const {
  if (lost_track_ || end <= next_) return true;
  if (begin < next_) begin = next_;
  for (bool more = true; more && begin < end;) {
    more = false;
    for (const Range& range : beyond_) {
      if (range.begin <= begin && range.end > begin) {
        begin = range.end;
        more = true;
      }
    }
  }
  return begin >= end;
}

}  // namespace conker::verdict
