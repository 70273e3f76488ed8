// What a device says on its console, as lines that are safe to show and to search.
#pragma once

#include <regex.h>

#include <functional>
#include <string>
#include <string_view>

namespace conker::ctl {

/// Bytes of a console as printable ASCII: sequences of colours and cursors are left out, every
/// other byte that is not printable becomes \xNN.
std::string fit_for_terminal(std::string_view bytes);

/// Cuts a stream of bytes into lines of kMost bytes at most; a longer one becomes several.
class LineSplitter {
 public:
  static constexpr std::size_t kMost = 512;
  using Line = std::function<void(std::string_view bytes)>;

  /// Hands each line that ends in `bytes` to `line`, without its CR and LF.
  void add(std::string_view bytes, const Line& line);
  /// Hands over what has come of a line without its end.
  void flush(const Line& line);
  bool partial() const { return !begun_.empty(); }

 private:
  std::string begun_;
};

/// A POSIX extended regular expression, as grep -E takes it. Matching takes no longer than the line
/// is long, but for back-references.
class Pattern {
 public:
  /// A Failure with kExitUsage when `text` is not one.
  Pattern(std::string_view option, const std::string& text);
  ~Pattern() { ::regfree(&compiled_); }
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  bool matches(const std::string& line) const;

 private:
  regex_t compiled_{};
};

}  // namespace conker::ctl
