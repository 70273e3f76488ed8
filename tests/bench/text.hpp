// Parsing of arguments for the programs of the bench.
#pragma once

#include <cstdio>
#include <stdexcept>
#include <string>

#include "tests/bench/peer/socket.hpp"

namespace conker::bench {

/// Parses "10.77.0.1:9000"; throws std::invalid_argument.
inline sockaddr_in target(const std::string& text) {
  const std::size_t colon = text.find(':');
  unsigned port = 0;
  char end = 0;
  if (colon == std::string::npos ||
      std::sscanf(text.c_str() + colon + 1, "%5u%c", &port, &end) != 1 || port == 0 ||
      port > 65535) {
    throw std::invalid_argument(text + ": not ADDRESS:PORT");
  }
  return peer::endpoint(text.substr(0, colon), static_cast<std::uint16_t>(port));
}

}  // namespace conker::bench
