#include "stack/verdict/isn.hpp"

namespace conker::verdict {

std::optional<Broken> IsnHistory::add(const Endpoint& ours, Seq isn) {
  if (told_) return std::nullopt;
  const bool cookies = sequence_.has_cookies();
  std::optional<Broken> broken = sequence_.add(ours, isn);
  if (!broken && !cookies) broken = remember(isn);
  told_ = broken.has_value();
  return broken;
}

std::optional<Broken> IsnHistory::remember(Seq isn) {
  // A number that came more than once keeps its place.
  Known& known = known_[isn.value() * 0x9e3779b1u >> 16];
  if (known.count != 0 && known.value == isn.value()) {
    if (++known.count == kReturnsTold) return Broken{Rule::kIsnReturns, 1, known.count};
  } else if (known.count <= 1) {
    known = {isn.value(), 1};
  }
  return std::nullopt;
}

}  // namespace conker::verdict
