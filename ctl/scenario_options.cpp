#include "ctl/scenario_options.hpp"

#include <algorithm>

namespace conker::ctl {

const CLI::Option* OptionKeys::find(std::string_view key) const {
  if (std::ranges::find(names_, key) == names_.end()) return nullptr;
  return app_.get_option_no_throw("--" + std::string(key));
}

bool OptionKeys::exclude_each_other(std::string_view one, std::string_view other) const {
  const CLI::Option* const a = find(one);
  const CLI::Option* const b = find(other);
  if (a == nullptr || b == nullptr) return false;
  const auto excludes = [](const CLI::Option* option, const CLI::Option* it) {
    return std::ranges::any_of(option->get_excludes(),
                               [&](const CLI::Option* excluded) { return excluded == it; });
  };
  // Which of them are for passive strikes alone is not known to the options.
  const auto both = [&](std::string_view x, std::string_view y) {
    return (one == x && other == y) || (one == y && other == x);
  };
  return excludes(a, b) || excludes(b, a) || both("cycles", "duration");
}

}  // namespace conker::ctl
