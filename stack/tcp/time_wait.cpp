#include "stack/tcp/time_wait.hpp"

namespace conker {

void TimeWaitTable::add(const TimeWait& record, std::uint32_t hash) {
  const std::uint32_t index = place(span_++);
  records_[index] = record;
  records_[index].live = true;
  index_.insert(hash, index);
  ++live_;
}

void TimeWaitTable::remove(std::uint32_t index) {
  records_[index].live = false;
  index_.remove(hash_of(key_, records_[index].tuple), index);
  --live_;
  while (span_ != 0 && !records_[first_].live) {
    first_ = place(1);
    --span_;
  }
}

void TimeWaitTable::restart(std::uint32_t index, Tick ends) {
  if (full() && index != first_) return;
  TimeWait record = records_[index];
  record.ends = ends;
  remove(index);
  add(record, hash_of(key_, record.tuple));
}

}  // namespace conker
