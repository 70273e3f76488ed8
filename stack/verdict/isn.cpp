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
  // A number that came more than once keeps its place, but for no more than kRemembered
  // connections: of millions at random some hundred come twice, and one of those a third time.
  Known& known = known_[isn.value() * 0x9e3779b1u >> 16];
  const bool recent = ++connections_ - known.at <= kRemembered;
  if (recent && known.count != 0 && known.value == isn.value()) {
    known.at = connections_;
    if (++known.count == kReturnsTold) return Broken{Rule::kIsnReturns, 1, known.count};
  } else if (!recent || known.count <= 1) {
    known = {isn.value(), 1, connections_};
  }
  return std::nullopt;
}

}  // namespace conker::verdict
