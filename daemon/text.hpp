// Makes to_string() of the stack and of the protocol visible in the daemon's namespace.
#pragma once

#include <string>
#include <utility>

#include "protocol/text.hpp"
#include "stack/base/time.hpp"

namespace conker::daemon {

using conker::to_string;

/// "2.0 ms".
inline std::string to_string(Duration duration) {
  StringPrinter out;
  out << duration;
  return std::move(out).text();
}

}  // namespace conker::daemon
