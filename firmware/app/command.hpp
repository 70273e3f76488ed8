// The arguments of the image at its start: settings and one command, as words NAME=VALUE.
//
//     ip=10.7.0.2/24 exit=yes strike target=10.7.0.1:9000 cycles=5000 concurrency=8
//
// Settings come first, then a verb of the control protocol with its parameters, by the names that
// the daemon and conkerctl use too.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "firmware/app/crash.hpp"
#include "stack/base/address.hpp"
#include "stack/strike/strike.hpp"

namespace conker::app {

enum class Verb : std::uint8_t {
  kServe,  // no command: only the services
  kStrike,
  kCrash,
};

struct Command {
  Prefix ip{IpAddress::v4(10, 7, 0, 2), 24};
  std::optional<MacAddress> mac;  // not given: the controller's own
  std::optional<IpAddress> gateway;
  bool exit = false;  // end the emulator when the command is done, with its result as exit code
  Verb verb = Verb::kServe;
  StrikeRequest strike;
  Crash crash = Crash::kAssertion;
};

/// Parses the arguments. False when something is wrong: `complaint` is one line about it, written
/// into `buffer`.
bool parse_command(std::string_view line, Command& command, std::span<char> buffer,
                   std::string_view& complaint);

}  // namespace conker::app
