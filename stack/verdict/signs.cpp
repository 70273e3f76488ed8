#include "stack/verdict/signs.hpp"

namespace conker::verdict {

void Signs::begin(const Counters& counters) {
  for (std::size_t i = 0; i < kSigns.size(); ++i)
    before_[i] = static_cast<std::uint32_t>(counters[kSigns[i].count]);
  sequence_ = {};
  isn_.reset();
}

/// Told once, with the figures of the first time.
void Signs::add_isn(const Endpoint& ours, Seq isn) {
  if (!isn_) isn_ = sequence_.add(ours, isn);
}

}  // namespace conker::verdict
