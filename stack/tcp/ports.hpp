// Which four-tuple a connection has, and with which numbers it begins.
#pragma once

#include <cstdint>

#include "stack/tcp/tables.hpp"

namespace conker {

class Ports {
 public:
  struct PortChoice {
    Error error = Error::kNoFreePort;
    Port port;
    std::uint32_t hash = 0;
    std::uint32_t time_wait = kNone;  // the record that it replaces
  };
  static PortChoice choose_port(TcpTables& t, FourTuple tuple);
  static PortChoice check_port(const TcpTables& t, const FourTuple& tuple);
  struct InitialSequence {
    Seq iss;
    std::uint32_t ts_offset;  // what is added to our clock
  };
  static InitialSequence initial_sequence(const TcpTables& t, const FourTuple& tuple);
  static std::uint32_t timestamp_offset(const TcpTables& t, const FourTuple& tuple) {
    return initial_sequence(t, tuple).ts_offset;
  }

 private:
  static bool may_reopen(const TcpTables& t, const TimeWait& record);
};

}  // namespace conker
