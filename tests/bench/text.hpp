// Parsing of arguments for the programs of the bench.
#pragma once

#include <stdexcept>
#include <string>

#include "stack/base/address.hpp"
#include "tests/bench/peer/socket.hpp"

namespace conker::bench {

/// Parses "10.77.0.1:9000"; throws std::invalid_argument.
inline sockaddr_in target(const std::string& text) {
  const auto parsed = HostPort::parse(text);
  if (!parsed) throw std::invalid_argument(text + ": not ADDRESS:PORT");
  return peer::endpoint(std::string(parsed->host), parsed->port.value);
}

}  // namespace conker::bench
