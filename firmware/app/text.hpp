// Text for a person at the serial line.
#pragma once

#include <cstdint>
#include <string_view>

#include "stack/base/address.hpp"
#include "stack/base/time.hpp"

namespace conker::app {

/// Writes to the serial line, piece by piece.
class Console {
 public:
  Console& operator<<(std::string_view text);
  /// "12,345".
  Console& operator<<(std::uint64_t number);
  Console& operator<<(std::uint32_t number) { return *this << std::uint64_t{number}; }
  /// "850 us", "12.3 ms", "4.2 s", "3 min 20 s": as conkerctl writes them.
  Console& operator<<(Duration duration);
  Console& operator<<(const IpAddress& address);
  Console& operator<<(const MacAddress& address);
  /// Ports are not counts: without the comma.
  Console& operator<<(Port port);

 private:
  void digits(std::uint64_t number, bool grouped);
};

}  // namespace conker::app
