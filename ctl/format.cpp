#include "ctl/format.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "protocol/text.hpp"

namespace conker::ctl {

std::string grouped(std::uint64_t number) {
  StringPrinter out;
  out << number;
  return std::move(out).text();
}

std::string rounded(double number) {
  return grouped(static_cast<std::uint64_t>(std::llround(number)));
}

std::string bytes_to_string(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string to_string(Duration duration) {
  StringPrinter out;
  out << duration;
  return std::move(out).text();
}

std::string in_unit(std::int64_t number, Unit unit) {
  switch (unit) {
    case Unit::kBytes:
      return bytes_to_string(static_cast<std::uint64_t>(number));
    case Unit::kMicroseconds:
      return duration_us(number);
    case Unit::kMilliseconds:
      return duration_ms(number);
    case Unit::kSeconds:
      return to_string(Duration(number * 1'000'000));
    case Unit::kMillionths:
      return fmt::format("{:g}%", static_cast<double>(number) / 10'000);
    case Unit::kNominal:
      return std::to_string(number);
    case Unit::kPlain:
    case Unit::kPerSecond:
      break;
  }
  return grouped(static_cast<std::uint64_t>(number));
}

std::string joined(const std::vector<std::string>& words) {
  return words.empty() ? "none" : fmt::format("{}", fmt::join(words, ", "));
}

/// Each row as lines of its own, the first cell above the others.
std::string Table::upright() const {
  std::size_t width = 0;
  for (const Column& column : columns_) width = std::max(width, column.title.size());
  std::string out;
  for (const auto& row : rows_) {
    out += row[0] + "\n";
    for (std::size_t i = 1; i < row.size(); ++i)
      if (!row[i].empty()) out += fmt::format("  {:<{}}  {}\n", columns_[i].title, width, row[i]);
  }
  return out;
}

std::string Table::to_string(std::size_t most) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = columns_[i].title.size();
    for (const auto& row : rows_) width = std::max(width, row[i].size());
    widths.push_back(width);
  }
  const bool titled =
      std::ranges::any_of(columns_, [](const Column& c) { return !c.title.empty(); });
  const std::size_t whole = std::accumulate(widths.begin(), widths.end(), (widths.size() - 1) * 2);
  if (titled && most != 0 && whole > most) return upright();
  std::string out;
  const auto line = [&](const auto& cell) {
    std::string text;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) text += "  ";
      text += columns_[i].align == Align::kLeft ? fmt::format("{:<{}}", cell(i), widths[i])
                                                : fmt::format("{:>{}}", cell(i), widths[i]);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  };
  if (titled) line([&](std::size_t i) { return std::string(columns_[i].title); });
  for (const auto& row : rows_) line([&](std::size_t i) { return row[i]; });
  return out;
}

std::size_t terminal_columns(int fd) {
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace conker::ctl
