#include "stack/tcp/time_wait.hpp"

namespace conker {

void TimeWaitTable::add(const TimeWait& record) {
  std::uint32_t index = free_;
  if (index != kNone) {
    free_ = records_[index].next;
  } else {
    index = fresh_++;
  }
  records_[index] = record;
  index_.insert(records_, index);
  order_.push(records_, index);
}

void TimeWaitTable::remove(std::uint32_t index) {
  order_.remove(records_, index);
  index_.remove(records_, index);
  records_[index].next = free_;
  free_ = index;
}

void TimeWaitTable::restart(std::uint32_t index, Tick ends) {
  order_.remove(records_, index);
  records_[index].ends = ends;
  order_.push(records_, index);
}

}  // namespace conker
