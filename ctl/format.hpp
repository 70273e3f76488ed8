// Numbers and tables as text for people.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "protocol/visit.hpp"
#include "stack/base/time.hpp"

namespace conker::ctl {

/// "12,345".
std::string grouped(std::uint64_t number);
/// The same of a number that is not negative, rounded: a rate.
std::string rounded(double number);
/// "1.5 KiB", "3.2 MiB".
std::string bytes_to_string(std::uint64_t bytes);
/// "850 us", "12.3 ms", "4.2 s", "3 min 20 s", "2 h 5 min", "3 d 4 h".
std::string to_string(Duration duration);
inline std::string duration_us(std::int64_t us) {
  return to_string(Duration(us));
}
inline std::string duration_ms(std::int64_t ms) {
  return to_string(Duration(ms * 1000));
}

/// A number with its unit: "1.5 KiB", "12.3 ms", "0.25%", "12,345".
std::string in_unit(std::int64_t number, Unit unit);

/// A member as text; "-" when it is absent.
template <typename T>
std::string cell(const T& value, Unit unit) {
  if constexpr (protocol::kIsOptional<T>) {
    return value ? cell(*value, unit) : "-";
  } else if constexpr (std::is_same_v<T, bool>) {
    return value ? "yes" : "no";
  } else if constexpr (std::is_same_v<T, Duration>) {
    return to_string(value);
  } else if constexpr (std::is_integral_v<T>) {
    return in_unit(static_cast<std::int64_t>(value), unit);
  } else if constexpr (protocol::Choice<T>) {
    return std::string(protocol::name_of(value));
  } else {
    return value;
  }
}

/// "a, b"; "none" for an empty list.
std::string joined(const std::vector<std::string>& words);

/// The columns of the terminal that a descriptor is; 0 where it is none, or does not know.
std::size_t terminal_columns(int fd);

/// A table whose columns are as wide as their longest cell, two spaces apart. Text is aligned left,
/// numbers right.
class Table {
 public:
  enum class Align : bool { kLeft, kRight };
  struct Column {
    std::string_view title;
    Align align = Align::kLeft;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// Adds a row with one cell for each column.
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }
  /// The table with its titles, unless all are empty; every line ends with a newline. One that is
  /// wider than `most` columns has a line for each cell instead of one for each row; 0: however
  /// wide.
  std::string to_string(std::size_t most = terminal_columns(STDOUT_FILENO)) const;

 private:
  std::string upright() const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

namespace detail {
template <typename T>
constexpr bool is_number() {
  return protocol::type_of<T>() == protocol::Type::kInteger;
}
}  // namespace detail

/// The columns of a structure: its members with titles (About::column).
template <typename Row>
std::vector<Table::Column> columns_of() {
  std::vector<Table::Column> columns;
  const Row row{};
  Row::visit(row, [&]<typename T>(std::string_view, const T&, const About& about) {
    if (about.column.empty()) return;
    const bool left = !detail::is_number<T>() || about.unit == Unit::kMillionths;
    columns.push_back({about.column, left ? Table::Align::kLeft : Table::Align::kRight});
  });
  return columns;
}
template <typename Row>
std::vector<std::string> cells_of(const Row& row) {
  std::vector<std::string> cells;
  Row::visit(row, [&](std::string_view, const auto& value, const About& about) {
    if (!about.column.empty()) cells.push_back(cell(value, about.unit));
  });
  return cells;
}
template <typename Row>
Table table_of(const std::vector<Row>& rows) {
  Table table(columns_of<Row>());
  for (const Row& row : rows) table.add(cells_of(row));
  return table;
}

}  // namespace conker::ctl
