#include "daemon/control/strike_sum.hpp"

namespace conker::daemon {

void StrikeSum::Times::add(const std::vector<protocol::StrikeTimes::Bucket>& buckets) {
  for (const protocol::StrikeTimes::Bucket& bucket : buckets) {
    count += bucket.count;
    sum += Duration((std::uint64_t{bucket.first} + bucket.last) / 2 * bucket.count);
    for (std::size_t i = 0; i < kLongest.size(); ++i) {
      // A bucket across the end of another counts as longer.
      if (Duration(bucket.last) <= kLongest[i]) within[i] += bucket.count;
    }
  }
}

protocol::StrikeTotals::Times StrikeSum::Times::shown() const {
  protocol::StrikeTotals::Times times{count, sum, {}};
  for (std::size_t i = 0; i < kLongest.size(); ++i)
    times.within.push_back({kLongest[i], within[i]});
  return times;
}

void StrikeSum::add(const protocol::StrikeTimes::Result& times) {
  totals_.cycles += times.so_far.cycles;
  totals_.cycles_completed += times.so_far.completed;
  totals_.cycles_failed += times.so_far.failed;
  connect_.add(times.connect);
  closing_.add(times.closing);
  for (const protocol::StrikeEntry::Rule& rule : times.findings)
    findings_[{rule.severity, rule.rule}] += rule.count;
}

void StrikeSum::add_running(const protocol::StrikeTimes::Result& times) {
  ++totals_.running;
  add(times);
}

void StrikeSum::add_ended(const protocol::StrikeTimes::Result& times, protocol::Verdict verdict) {
  switch (verdict) {
    case protocol::Verdict::kPass:
      ++totals_.passed;
      break;
    case protocol::Verdict::kFail:
      ++totals_.failed;
      break;
    case protocol::Verdict::kInconclusive:
      ++totals_.inconclusive;
      break;
  }
  add(times);
}

protocol::StrikeTotals StrikeSum::totals() const {
  protocol::StrikeTotals totals = totals_;
  totals.connect = connect_.shown();
  totals.closing = closing_.shown();
  for (const auto& [name, count] : findings_)
    totals.findings.push_back({name.second, name.first, count});
  return totals;
}

}  // namespace conker::daemon
