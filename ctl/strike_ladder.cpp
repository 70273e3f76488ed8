#include "ctl/strike_ladder.hpp"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "ctl/error.hpp"
#include "ctl/format.hpp"

namespace conker::ctl {
namespace {

using P = protocol::Strike::Parameters;

constexpr std::string_view kAuto = "auto";

std::uint32_t number_in(const std::string& whole, std::string_view text) {
  const auto& range = protocol::parameter_of(&P::concurrency);
  std::uint32_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [to, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || to != end || number < range.min || number > range.max) {
    throw Failure(kExitUsage, fmt::format("--concurrency {}: give a number from {} to {}, auto, or "
                                          "auto:MAX",
                                          whole, range.min, range.max));
  }
  return number;
}

std::string conclusion(const protocol::LadderClimbed& ladder) {
  if (!ladder.over) return "the strike ended before it was known";
  if (ladder.bears == 0) return "the target does not bear one connection at a time";
  std::string text = fmt::format("the target bears {} at a time", grouped(ladder.bears));
  if (ladder.fails_beyond) {
    const protocol::LadderClimbed::Rung& last = ladder.rungs.back();
    text += last.refused != 0      ? "; beyond that it refuses"
            : last.unanswered != 0 ? "; beyond that it does not answer SYNs"
                                   : "; beyond that cycles fail";
  }
  if (ladder.chosen != ladder.bears)
    text += fmt::format("; more than {} are no faster, and were not used", grouped(ladder.chosen));
  return text;
}

}  // namespace

void take_concurrency(const std::string& text, P& parameters) {
  if (text.empty()) return;
  const std::string_view whole = text;
  if (whole.substr(0, kAuto.size()) != kAuto) {
    parameters.concurrency = number_in(text, whole);
  } else if (whole == kAuto) {
    parameters.concurrency_auto = 0;
  } else if (whole[kAuto.size()] == ':') {
    parameters.concurrency_auto = number_in(text, whole.substr(kAuto.size() + 1));
  } else {
    (void)number_in(text, whole);
  }
}

std::string ladder_report(const std::optional<protocol::LadderClimbed>& ladder) {
  if (!ladder) return "";
  std::string text = fmt::format("bears        {}\n", conclusion(*ladder));
  if (ladder->excused != 0)
    text +=
        fmt::format("             {} refused or unanswered while that was learnt are no fault\n",
                    grouped(ladder->excused));
  text += "ladder       at a time   a second  connect 99%  refused  unanswered  failed\n";
  for (const protocol::LadderClimbed::Rung& rung : ladder->rungs) {
    text += fmt::format("             {:>9}  {:>9}  {:>11}  {:>7}  {:>10}  {:>6}\n",
                        grouped(rung.concurrency), grouped(rung.rate),
                        to_string(Duration(rung.connect_p99)), grouped(rung.refused),
                        grouped(rung.unanswered), grouped(rung.failed));
  }
  return text;
}

}  // namespace conker::ctl
