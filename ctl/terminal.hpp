// The terminal at a stream of this process, as terminfo describes it.
#pragma once

#include <string>
#include <string_view>

namespace conker::ctl {

class Terminal {
 public:
  /// Looks whether `fd` is a terminal that terminfo knows, by TERM.
  explicit Terminal(int fd);

  /// Whether a line can be written anew there.
  explicit operator bool() const { return !erase_.empty(); }
  /// Columns now; at least 20.
  std::size_t width() const;
  /// What begins a line anew: carriage return, and the rest erased.
  std::string anew() const { return "\r" + erase_; }
  /// The text in red; as it is without colours, or where NO_COLOR is set (no-color.org).
  std::string red(std::string_view text) const;

 private:
  int fd_;
  std::string erase_, red_, plain_;
};

}  // namespace conker::ctl
