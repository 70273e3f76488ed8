// How a command ends when it does not end well.
#pragma once

#include <stdexcept>
#include <string>

#include "protocol/verb.hpp"

namespace conker::ctl {

// The CLI is a client of the protocol and speaks in its words.
using namespace protocol;

/// One line for a person, and the exit code that goes with it.
class Failure : public std::runtime_error {
 public:
  Failure(Exit exit, const std::string& message) : std::runtime_error(message), exit_(exit) {}
  Exit exit() const { return exit_; }

 private:
  Exit exit_;
};

}  // namespace conker::ctl
