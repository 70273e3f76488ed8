#include "ctl/watch_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ctl/error.hpp"

namespace conker::ctl {
namespace {

/// The length of the control sequence (ECMA-48, 5.4) that the bytes begin with; 0 without one.
std::size_t control_sequence(std::string_view bytes) {
  if (!bytes.starts_with("\x1b[")) return 0;
  std::size_t at = 2;
  while (at < bytes.size() && bytes[at] >= 0x20 && bytes[at] <= 0x3f) ++at;
  const bool ends = at < bytes.size() && bytes[at] >= 0x40 && bytes[at] <= 0x7e;
  return ends ? at + 1 : 0;
}

}  // namespace

std::string fit_for_terminal(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    std::size_t length = control_sequence(bytes);
    if (length == 0) {
      length = 1;
      if (byte == '\t') {
        text += ' ';
      } else if (byte >= 0x20 && byte < 0x7f) {
        text += bytes.front();
      } else {
        text += fmt::format("\\x{:02x}", byte);
      }
    }
    bytes.remove_prefix(length);
  }
  return text;
}

void LineSplitter::add(std::string_view bytes, const Line& line) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::size_t room = kMost - begun_.size();
    const std::size_t length = std::min({end, room, bytes.size()});
    begun_ += bytes.substr(0, length);
    bytes.remove_prefix(length);
    const bool ended = bytes.starts_with('\n');
    if (ended) bytes.remove_prefix(1);
    if (!ended && begun_.size() < kMost) return;
    if (begun_.ends_with('\r')) begun_.pop_back();
    line(begun_);
    begun_.clear();
  }
}

void LineSplitter::flush(const Line& line) {
  if (partial()) line(begun_);
  begun_.clear();
}

Pattern::Pattern(std::string_view option, const std::string& text) {
  const int wrong = ::regcomp(&compiled_, text.c_str(), REG_EXTENDED | REG_NOSUB);
  if (wrong == 0) return;
  std::array<char, 200> why{};
  ::regerror(wrong, &compiled_, why.data(), why.size());
  throw Failure(kExitUsage, fmt::format("{} {}: not a regular expression of grep -E: {}", option,
                                        text, why.data()));
}

bool Pattern::matches(const std::string& line) const {
  return ::regexec(&compiled_, line.c_str(), 0, nullptr, 0) == 0;
}

}  // namespace conker::ctl
