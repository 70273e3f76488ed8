// Target: the firmware's command line.
#include "firmware/app/command.hpp"

#include <array>
#include <string_view>

#include "tests/fuzz/found.hpp"

namespace conker::fuzz {

void run(Input input) {
  const std::string_view line(reinterpret_cast<const char*>(input.data()), input.size());
  app::Command command;
  std::array<char, 120> room;
  std::string_view complaint;
  if (!app::parse_command(line, command, room, complaint)) {
    check(!complaint.empty() && complaint.size() <= room.size(),
          "a command is refused without a word");
    return;
  }
  check(command.ip.length <= 32, "a prefix length above 32");
  check(!command.mac || !command.mac->is_group(), "a group address of our own");
  if (command.verb == app::Verb::kStrike) {
    check(command.strike.target.port.value != 0, "a strike at port 0");
    check(command.strike.concurrency > 0, "a strike with nothing in flight");
    check(command.strike.cycles != 0 || command.strike.duration.count() != 0,
          "a strike without an end");
    check(command.strike.duration.count() >= 0, "a strike that lasts less than nothing");
  }
}

}  // namespace conker::fuzz
