// What `conkerctl top` shows, as lines for a screen of some width.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "ctl/client.hpp"

namespace conker::ctl {

/// What is known of a daemon at a moment.
struct TopState {
  protocol::Status::Result status;
  protocol::StrikeList::Result strikes;
};

struct TopLine {
  enum class Look { kPlain, kTitle, kBad };
  std::string text;
  Look look = Look::kPlain;
};

/// The daemon, its connections by state, and its strikes, the running ones first, each with the
/// rules that its target broke. No line is longer than `width`.
std::vector<TopLine> top_lines(const TopState& state, std::size_t width);
/// The same of the running strikes alone, a line for each, for where there is no screen.
std::vector<std::string> top_rows(const TopState& state);

}  // namespace conker::ctl
