#include "stack/strike/trends.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "stack/base/per_second.hpp"

namespace conker {
namespace {

using Row = StrikeHistory::Row;
using Rows = std::span<const Row>;

constexpr std::uint64_t kLeastPerRow = 10;
// A rate falls when what comes behind some second is less than kFalls per mille of what came before
// it, for kLeastSide rows at least on either side, and by kDeviations of their standard deviations.
constexpr std::uint32_t kFalls = 700;
constexpr std::size_t kLeastSide = 4;
constexpr double kDeviations = 3;
// It alternates when it crosses the middle in a third of the rows, and the lower ones have less
// than kAlternates per mille of the higher ones.
constexpr std::uint32_t kAlternates = 333;
constexpr std::size_t kLeastCrossings = 6;
// Humps: each has kLeastHump per mille and kLeastInHump durations at least. The upper one begins
// kApart times as late as the lower one ends, and kLeastApart later; what lies between them is no
// more than kBetween per mille of it.
constexpr std::uint32_t kLeastHump = 1, kBetween = 50, kApart = 4;
constexpr std::uint64_t kLeastInHump = 10;
constexpr Duration kLeastApart = 20ms;

std::uint32_t per_mille(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<std::uint32_t>(part * 1000 / whole);
}

std::uint64_t rate_of(double completed, Duration width) {
  return static_cast<std::uint64_t>(per_second(completed, width));
}

std::uint64_t begun_before(Rows rows, std::size_t row) {
  const Rows before = rows.first(row);
  return std::accumulate(before.begin(), before.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Row& r) { return sum + r.begun; });
}

/// Sums of cycles completed in rows.
struct Sums {
  double rows = 0, completed = 0, squares = 0;

  static Sums of(Rows rows) {
    Sums made;
    for (const Row& row : rows) made.add(row, 1);
    return made;
  }
  void add(const Row& row, double times) {
    const auto n = static_cast<double>(row.completed);
    rows += times;
    completed += times * n;
    squares += times * n * n;
  }
  double mean() const { return completed / rows; }
  /// Of all rows together, from their mean.
  double squared_error() const { return std::max(0.0, squares - completed * mean()); }
  double deviation() const { return std::sqrt(squared_error() / rows); }
};

/// Two parts of rows.
struct Cut {
  std::size_t at = 0;
  Sums before, after;

  /// Where they are best told apart into two levels.
  static Cut best(Rows rows) {
    Cut cut{0, {}, Sums::of(rows)}, best;
    double least = INFINITY;
    for (const Row& row : rows.first(rows.size() - kLeastSide)) {
      cut.before.add(row, 1);
      cut.after.add(row, -1);
      ++cut.at;
      const double error = cut.before.squared_error() + cut.after.squared_error();
      if (cut.at < kLeastSide || error >= least) continue;
      least = error;
      best = cut;
    }
    return best;
  }
};

void add_fall(Rows rows, Duration width, std::vector<Trend>& trends) {
  if (rows.size() < 2 * kLeastSide) return;
  const Cut cut = Cut::best(rows);
  const double deviation = std::max(cut.before.deviation(), cut.after.deviation());
  if (cut.before.mean() - cut.after.mean() < kDeviations * deviation) return;
  const std::uint64_t high = rate_of(cut.before.mean(), width);
  const std::uint64_t low = rate_of(cut.after.mean(), width);
  const std::uint32_t share = per_mille(low, high);
  if (share >= kFalls) return;
  const Duration at = width * static_cast<std::int64_t>(cut.at);
  trends.push_back({Trend::Kind::kFalls, at, width * static_cast<std::int64_t>(rows.size()) - at,
                    begun_before(rows, cut.at), high, low, share, kFalls});
}

std::uint64_t median(std::vector<std::uint64_t> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

bool add_alternation(Rows rows, Duration width, std::vector<Trend>& trends) {
  const auto [least, most] = std::ranges::minmax(rows, {}, &Row::completed);
  const std::uint64_t middle = (least.completed + most.completed) / 2;
  std::vector<std::uint64_t> high, low;
  std::vector<std::size_t> crossings;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool above = rows[i].completed > middle;
    (above ? high : low).push_back(rows[i].completed);
    if (i != 0 && above != (rows[i - 1].completed > middle)) crossings.push_back(i);
  }
  if (crossings.size() < kLeastCrossings || crossings.size() < rows.size() / 3) return false;
  const std::uint64_t upper = median(high), lower = median(low);
  const std::uint32_t share = per_mille(lower, upper);
  if (share >= kAlternates) return false;
  const auto at = [&](std::size_t row) { return width * static_cast<std::int64_t>(row); };
  trends.push_back({Trend::Kind::kAlternates, at(crossings.front()),
                    at(crossings.back()) - at(crossings.front()),
                    begun_before(rows, crossings.front()),
                    rate_of(static_cast<double>(upper), width),
                    rate_of(static_cast<double>(lower), width), share, kAlternates});
  return true;
}

/// The longest time in which nothing completes.
void add_halt(Rows rows, Duration width, std::uint64_t mean, std::vector<Trend>& trends) {
  std::size_t longest = 0, at = 0;
  for (std::size_t i = 0; i < rows.size();) {
    std::size_t end = i;
    while (end < rows.size() && rows[end].completed == 0) ++end;
    if (end - i > longest) {
      longest = end - i;
      at = i;
    }
    i = end + 1;
  }
  if (longest == 0) return;
  trends.push_back({Trend::Kind::kHalts, width * static_cast<std::int64_t>(at),
                    width * static_cast<std::int64_t>(longest), begun_before(rows, at),
                    rate_of(static_cast<double>(mean), width), 0, 0, 0});
}

}  // namespace

std::vector<Trend> trends_of(Rows rows, Duration width) {
  std::vector<Trend> trends;
  if (rows.size() < 2) return trends;
  rows = rows.first(rows.size() - 1);  // whole ones
  const std::uint64_t mean =
      std::accumulate(rows.begin(), rows.end(), std::uint64_t{0},
                      [](std::uint64_t sum, const Row& r) { return sum + r.completed; }) /
      rows.size();
  if (mean < kLeastPerRow) return trends;
  if (!add_alternation(rows, width, trends)) {
    add_fall(rows, width, trends);
    add_halt(rows, width, mean, trends);
  }
  return trends;
}

void add_humps(const Histogram& durations, Trend::Kind kind, std::vector<Trend>& trends) {
  std::vector<Histogram::Bucket> buckets;
  durations.for_each([&](const Histogram::Bucket& bucket) { buckets.push_back(bucket); });
  // From above: the upper hump is what lies above the widest gap.
  std::optional<Trend> widest;
  std::uint64_t upper = 0;
  for (std::size_t top = buckets.size(); top-- > 1;) {
    upper += buckets[top].count;
    if (upper < kLeastInHump || per_mille(upper, durations.count()) < kLeastHump) continue;
    std::uint64_t between = 0;
    for (std::size_t bottom = top; bottom-- > 0;) {
      const Duration end(buckets[bottom].last), begin(buckets[top].first);
      const bool apart = begin - end >= kLeastApart && begin >= end * kApart;
      const std::uint64_t lower = durations.count() - upper - between;
      if (lower < kLeastInHump || per_mille(lower, durations.count()) < kLeastHump) break;
      const bool wider = !widest || begin.count() * static_cast<std::int64_t>(widest->before) >
                                        end.count() * static_cast<std::int64_t>(widest->after);
      if (apart && wider) {
        widest = Trend{.kind = kind,
                       .before = buckets[bottom].last,
                       .after = buckets[top].first,
                       .per_mille = per_mille(upper, durations.count()),
                       .threshold = kLeastHump};
      }
      between += buckets[bottom].count;
      if (per_mille(between, upper) > kBetween) break;
    }
  }
  if (widest) trends.push_back(*widest);
}

}  // namespace conker
