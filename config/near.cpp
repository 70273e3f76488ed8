#include "config/near.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

namespace conker::config {
namespace {

/// How many letters to insert, leave out, change or swap with the next one make one word of
/// another.
std::size_t distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> before, last, row(to.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < from.size(); ++i) {
    before = std::exchange(last, std::exchange(row, std::vector<std::size_t>(to.size() + 1)));
    row[0] = i + 1;
    for (std::size_t j = 0; j < to.size(); ++j) {
      row[j + 1] = std::min({row[j] + 1, last[j + 1] + 1, last[j] + (from[i] == to[j] ? 0U : 1U)});
      if (i > 0 && j > 0 && from[i] == to[j - 1] && from[i - 1] == to[j])
        row[j + 1] = std::min(row[j + 1], before[j - 1] + 1);
    }
  }
  return row.back();
}

}  // namespace

std::string near_word(std::string_view word, std::span<const std::string_view> known) {
  constexpr std::size_t kLongest = 64, kLettersPerSlip = 3;
  const std::size_t most =
      word.size() > kLongest ? 0 : std::min<std::size_t>(word.size() / kLettersPerSlip, 2);
  const auto slips = [&](std::string_view other) { return distance(word, other); };
  const auto nearest = std::ranges::min_element(known, {}, slips);
  if (most == 0 || nearest == known.end() || slips(*nearest) > most) return "";
  return std::string(*nearest);
}

}  // namespace conker::config
