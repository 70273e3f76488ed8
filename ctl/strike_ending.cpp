#include "ctl/strike_ending.hpp"

#include <fmt/format.h>

#include "ctl/command.hpp"

namespace conker::ctl {

using P = protocol::Strike::Parameters;
using protocol::StopOn;

void add_ending(CLI::App& verb, EndingValues& values) {
  verb.add_option("--stop-on", values.stop_on,
                  std::string(protocol::parameter_of(&P::stop_on).help))
      ->type_name("WHAT")
      ->check(CLI::IsMember({"note", "weakness", "fault", "failure", "any"}));
  verb.add_option("--stop-on-rule", values.rule,
                  std::string(protocol::parameter_of(&P::stop_on_rule).help))
      ->type_name("NAME");
  verb.add_flag("--keep-going", values.keep_going,
                "go on though the peer has stopped answering: unless given, a strike ends when as "
                "many cycles as may be in flight, 2 at least, were refused or unanswered one after "
                "another, and none completed for as long as a cycle may take, 5s at least");
}

void take_ending(const EndingValues& values, P& parameters) {
  if (const auto chosen = find_choice(choices_of(StopOn{}), values.stop_on))
    parameters.stop_on = static_cast<StopOn>(*chosen);
  parameters.keep_going = values.keep_going;
  if (!values.rule.empty()) parameters.stop_on_rule = values.rule;
}

std::string ending_report(const std::optional<protocol::Stopped>& stopped) {
  if (!stopped) return "";
  const bool asked = stopped->cause != protocol::Stopped::Cause::kWedged;
  return fmt::format("stopped      {}{}\n", asked ? "at " : "", stopped->why);
}

}  // namespace conker::ctl
