// Ephemeral ports, initial sequence numbers and timestamp offsets.
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
  /// Chooses a free local port of settings.first_port to last_port for the tuple, or one in
  /// TIME-WAIT that may be reused; kNoFreePort when a search over 256 ports finds none.
  static PortChoice choose_port(TcpTables& t, FourTuple tuple);
  /// The same for the tuple's own local port; kAddressInUse when it is taken.
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
