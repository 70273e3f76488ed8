#include "ctl/strike_ending.hpp"

#include <fmt/format.h>

#include "ctl/command.hpp"
#include "ctl/format.hpp"

namespace conker::ctl {

using P = protocol::Strike::Parameters;
using protocol::StopOn;

namespace {

std::string took(std::string_view what, std::optional<std::int64_t> us) {
  return fmt::format("{} {}", what, us ? to_string(Duration(*us)) : "unanswered");
}

/// How long address resolution took, by ARP or neighbour discovery. Nobody is asked while a
/// neighbour's link-layer address is known and it answers.
std::string resolution(const protocol::Look& look, bool ipv6) {
  const bool asked = look.arp_us || look.peer == protocol::PeerIs::kGone;
  const char* const by = ipv6 ? "ND" : "ARP";
  return asked ? took(by, look.arp_us) : fmt::format("{} known", by);
}

}  // namespace

void add_ending(CLI::App& verb, EndingValues& values) {
  verb.add_option("--stop-on", values.stop_on,
                  std::string(protocol::parameter_of(&P::stop_on).help))
      ->type_name("WHAT")
      ->check(CLI::IsMember({"note", "weakness", "fault", "failure", "any"}));
  verb.add_option("--stop-on-rule", values.rule,
                  std::string(protocol::parameter_of(&P::stop_on_rule).help))
      ->type_name("NAME");
  verb.add_option("--look", values.look, help_of(&P::look))
      ->type_name("HOW")
      ->check(CLI::IsMember({"none", "short", "full"}));
  verb.add_flag("--keep-going", values.keep_going,
                "go on though the peer has stopped answering: unless given, a strike ends when as "
                "many cycles as may be in flight, 2 at least, were refused or unanswered one after "
                "another, and none completed for as long as a cycle may take, 5s at least");
}

void take_ending(const EndingValues& values, P& parameters) {
  parameters.stop_on = protocol::choice_named<StopOn>(values.stop_on);
  if (const auto how = protocol::choice_named<protocol::LookHow>(values.look))
    parameters.look = *how;
  parameters.keep_going = values.keep_going;
  if (!values.rule.empty()) parameters.stop_on_rule = values.rule;
}

std::string ending_report(const std::optional<protocol::Stopped>& stopped) {
  if (!stopped) return "";
  const bool asked = stopped->cause != protocol::Stopped::Cause::kWedged;
  return fmt::format("stopped      {}{}\n", asked ? "at " : "", stopped->why);
}

std::string dead_report(const std::optional<protocol::DeadProbed>& dead) {
  if (!dead) return "";
  return fmt::format(
      "the dead     of the last {} connections that we reset the peer still holds {}, has "
      "forgotten {}, does not answer for {}\n",
      dead->probed, dead->held, dead->forgotten, dead->silent);
}

std::string time_wait_report(const std::optional<protocol::TimeWaitProbed>& probed) {
  if (!probed) return "";
  return fmt::format(
      "closed first of {} connections that the peer closed first, {} to {} before, it keeps {} in "
      "TIME-WAIT, has forgotten {}, does not answer for {}\n",
      probed->probed, to_string(probed->newest), to_string(probed->oldest), probed->kept,
      probed->forgotten, probed->silent);
}

std::string looks_report(const std::vector<protocol::Look>& looks, bool ipv6) {
  std::string text;
  for (const protocol::Look& look : looks) {
    const std::string when = look.before               ? "before it"
                             : look.after.count() == 0 ? "after it"
                                                       : to_string(look.after) + " after";
    text += fmt::format("{:<13}{}: {}, {}, {}\n", when, protocol::name_of(look.peer),
                        resolution(look, ipv6), took("ping", look.ping_us),
                        took("open", look.connect_us));
  }
  return text;
}

}  // namespace conker::ctl
