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
}

void take_ending(const EndingValues& values, P& parameters) {
  if (const auto chosen = find_choice(choices_of(StopOn{}), values.stop_on))
    parameters.stop_on = static_cast<StopOn>(*chosen);
  if (!values.rule.empty()) parameters.stop_on_rule = values.rule;
}

std::string ending_report(const std::optional<protocol::Stopped>& stopped) {
  return stopped ? fmt::format("stopped      at {}\n", stopped->why) : std::string();
}

}  // namespace conker::ctl
