#include "ctl/terminal.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "ctl/format.hpp"

// After the others: its macros have common names.
#include <curses.h>
#include <term.h>

namespace conker::ctl {
namespace {

/// A capability as text; empty where the terminal does not have it.
std::string capability(const char* name) {
  const char* const text = ::tigetstr(name);
  // -1: the name is of no string, which is not so here.
  return text == nullptr || text == reinterpret_cast<const char*>(-1) ? "" : text;
}

}  // namespace

Terminal::Terminal(int fd) : fd_(fd) {
  int found = 0;
  if (::isatty(fd) == 0 || ::setupterm(nullptr, fd, &found) != OK) return;
  erase_ = capability("el");
  const char* const no_color = std::getenv("NO_COLOR");
  const std::string colour = capability("setaf");
  if (colour.empty() || (no_color != nullptr && *no_color != '\0')) return;
  red_ = ::tiparm(colour.c_str(), COLOR_RED);
  plain_ = capability("sgr0");
}

std::size_t Terminal::width() const {
  const std::size_t shown = terminal_columns(fd_);
  return shown == 0 ? 80 : std::max<std::size_t>(shown, 20);
}

std::string Terminal::red(std::string_view text) const {
  return red_ + std::string(text) + plain_;
}

}  // namespace conker::ctl
