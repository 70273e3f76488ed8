#include "stack/verdict/reopening.hpp"

namespace conker::verdict {
namespace {

constexpr std::array kOutcomes{Rule::kReopenRefused, Rule::kReopenUnanswered, Rule::kReopenKept};

}  // namespace

std::optional<Broken> Reopenings::add(Opens opens, Outcome outcome, std::uint32_t opened_before) {
  const auto of = static_cast<std::size_t>(outcome);
  if (outcome == Outcome::kOpened) {
    if (opens == Opens::kFresh) ++opened_;
    return std::nullopt;
  }
  Count& count = counts_[of];
  if (opens == Opens::kFresh) ++count.fresh;
  if (opens != Opens::kAgain) return std::nullopt;
  if (count.again++ == 0) count.opened_before = opened_before;
  if (count.told || count.fresh != 0 || count.again < told_ ||
      opened_ - count.opened_before < told_)
    return std::nullopt;
  count.told = true;
  return Broken{kOutcomes[of], 0, count.again};
}

}  // namespace conker::verdict
