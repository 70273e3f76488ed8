// What --monitor names: how to see from outside whether a service of the target is still there.
#pragma once

#include <cstdint>
#include <string>

#include "ctl/error.hpp"

namespace conker::ctl {

struct MonitorSpec {
  enum class Kind : std::uint8_t { kPing, kTcp, kHttp, kExec };
  Kind kind = Kind::kPing;
  std::string name;   // as given, with the host
  std::string where;  // kPing: the host; kTcp, kHttp: HOST:PORT; kExec: the command
  std::string path;   // kHttp: from the slash on

  /// Parses ping, ping:HOST, tcp://HOST:PORT, http://HOST[:PORT]/PATH or exec:COMMAND; `target` is
  /// HOST:PORT of the strike. A Failure with kExitUsage for anything else.
  static MonitorSpec parse(const std::string& text, const std::string& target);
};

}  // namespace conker::ctl
