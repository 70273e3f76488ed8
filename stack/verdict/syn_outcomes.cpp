#include "stack/verdict/syn_outcomes.hpp"

namespace conker::verdict {
namespace {

/// By Kind and Outcome.
constexpr std::optional<Rule> kRuleOf[2][3]{
    {Rule::kReopenRefused, Rule::kReopenUnanswered, Rule::kReopenKept},
    {Rule::kSynDataRefused, Rule::kSynDataUnanswered, std::nullopt}};

}  // namespace

std::optional<Broken> SynOutcomes::add(Kind kind, Outcome outcome, std::uint32_t opened_before) {
  const auto of = static_cast<std::size_t>(outcome);
  if (outcome == Outcome::kOpened) {
    if (kind == Kind::kFresh) ++opened_;
    return std::nullopt;
  }
  if (kind == Kind::kFresh) ++fresh_[of];
  if (kind != Kind::kAgain && kind != Kind::kWithData) return std::nullopt;
  const auto& rule = kRuleOf[static_cast<std::size_t>(kind)][of];
  Count& count = counts_[static_cast<std::size_t>(kind)][of];
  if (count.fared++ == 0) count.opened_before = opened_before;
  if (!rule || count.told || fresh_[of] != 0 || count.fared < told_ ||
      opened_ - count.opened_before < told_)
    return std::nullopt;
  count.told = true;
  return Broken{*rule, 0, count.fared};
}

}  // namespace conker::verdict
