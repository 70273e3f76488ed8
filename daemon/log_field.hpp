// Fields that the journal keeps beside the text of a log entry.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace conker::daemon {

/// A field of every log entry that is made while the object lives, which the journal keeps beside
/// the text: `journalctl CONKER_STRIKE=7`. Objects end in the reverse order of their beginnings.
class LogField {
 public:
  /// The fields of an entry that is made now, each a line `NAME=value`.
  static const std::string& lines();

  /// `name` is of letters, digits and _; `value` is one line.
  LogField(std::string_view name, std::string value);
  ~LogField();
  LogField(const LogField&) = delete;
  LogField& operator=(const LogField&) = delete;

 private:
  std::size_t before_;  // bytes of the lines without it
};

}  // namespace conker::daemon
