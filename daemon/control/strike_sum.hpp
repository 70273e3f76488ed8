// What all strikes have done, added up: a strike that ends between two looks of a monitoring system
// is seen in it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "protocol/judgement.hpp"
#include "protocol/strike_totals.hpp"
#include "protocol/strikes.hpp"

namespace conker::daemon {

class StrikeSum {
 public:
  void add_running(const protocol::StrikeTimes::Result& times);
  void add_ended(const protocol::StrikeTimes::Result& times, protocol::Verdict verdict);
  void add_not_begun() { ++totals_.not_begun; }
  protocol::StrikeTotals totals() const;

 private:
  /// The longest times of the histogram's buckets but the last, which has no end.
  static constexpr std::array<Duration, 17> kLongest{50us,  100us, 250us,  500us, 1ms,   2500us,
                                                     5ms,   10ms,  25ms,   50ms,  100ms, 250ms,
                                                     500ms, 1s,    2500ms, 5s,    10s};
  struct Times {
    std::uint64_t count = 0;
    Duration sum{0};
    std::array<std::uint64_t, kLongest.size()> within{};

    void add(const std::vector<protocol::StrikeTimes::Bucket>& buckets);
    protocol::StrikeTotals::Times shown() const;
  };

  void add(const protocol::StrikeTimes::Result& times);

  protocol::StrikeTotals totals_;  // without what follows
  Times connect_, closing_;
  /// By severity and rule, of which there are as many as the judge has.
  std::map<std::pair<std::string, std::string>, std::uint64_t> findings_;
};

}  // namespace conker::daemon
