// Numbers and tables as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace conker::ctl {

/// "12,345".
std::string grouped(std::uint64_t number);
/// "1.5 KiB", "3.2 MiB".
std::string bytes_text(std::uint64_t bytes);
/// "850 us", "12.3 ms", "4.2 s", "3 min 20 s", "2 h 5 min", "3 d 4 h".
std::string duration_text(double seconds);
inline std::string duration_us(std::int64_t us) {
  return duration_text(static_cast<double>(us) / 1e6);
}
inline std::string duration_ms(std::int64_t ms) {
  return duration_text(static_cast<double>(ms) / 1e3);
}

/// Columns as wide as their longest cell, two spaces apart. Words go to the left, numbers to the
/// right.
class Table {
 public:
  enum class Align : bool { kLeft, kRight };
  struct Column {
    std::string_view title;
    Align align = Align::kLeft;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// As many cells as there are columns.
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }
  /// With the titles above, unless all are empty; every line ends with a newline.
  std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace conker::ctl
