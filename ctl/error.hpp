// Failures of a command.
#pragma once

#include <stdexcept>
#include <string>

#include "protocol/verb.hpp"

namespace conker::ctl {

// The CLI uses the names of the control protocol.
using namespace protocol;

/// One line for people, with its exit code.
class Failure : public std::runtime_error {
 public:
  Failure(Exit exit, const std::string& message) : std::runtime_error(message), exit_(exit) {}
  Exit exit() const { return exit_; }

 private:
  Exit exit_;
};

}  // namespace conker::ctl
