// The arguments of the image: settings and one command, in the form NAME=VALUE.
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
  kServe,  // no command: the services only
  kStrike,
  kCrash,
};

struct Command {
  Prefix ip{IpAddress::v4(10, 7, 0, 2), 24};
  std::optional<MacAddress> mac;  // nothing: the controller's own address
  std::optional<IpAddress> gateway;
  bool exit = false;  // end the emulator after the command, with its result as exit code
  Verb verb = Verb::kServe;
  StrikeRequest strike;
  Crash crash = Crash::kAssertion;
};

/// Parses the arguments. False on an error: `complaint` is then one line about it, in `buffer`.
bool parse_command(std::string_view line, Command& command, std::span<char> buffer,
                   std::string_view& complaint);

}  // namespace conker::app
