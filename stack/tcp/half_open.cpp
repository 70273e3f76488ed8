#include "stack/tcp/half_open.hpp"

namespace conker {

std::uint32_t HalfOpenTable::add(const FourTuple& tuple, std::uint32_t hash, std::uint32_t listener,
                                 List& list) {
  std::uint32_t index = free_;
  if (index != kNone) {
    free_ = records_[index].next;
  } else if (fresh_ < records_.size()) {
    index = fresh_++;
  } else {
    return kNone;
  }
  HalfOpen& record = records_[index];
  record = HalfOpen{};
  record.tuple = tuple;
  record.hash = hash;
  record.listener = listener;
  index_.insert(hash, index);
  list.push(records_, index);
  ++size_;
  return index;
}

void HalfOpenTable::remove(std::uint32_t index, List& list) {
  list.remove(records_, index);
  index_.remove(records_[index].hash, index);
  records_[index].listener = kNone;
  records_[index].next = free_;
  free_ = index;
  --size_;
}

}  // namespace conker
