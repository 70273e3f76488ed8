// Text for people, piece by piece and without memory of its own: for a serial line as for a string.
#pragma once

#include <cstdint>
#include <string_view>

#include "stack/base/address.hpp"
#include "stack/base/time.hpp"

namespace conker {

class Printer {
 public:
  /// Where the pieces go.
  virtual void write(std::string_view text) = 0;

  Printer& operator<<(std::string_view text);
  /// "12,345".
  Printer& operator<<(std::uint64_t number);
  Printer& operator<<(std::uint32_t number) { return *this << std::uint64_t{number}; }
  /// "850 us", "12.3 ms", "4.2 s", "3 min 20 s", "2 h 5 min", "3 d 4 h". Below zero is 0 us.
  Printer& operator<<(Duration duration);
  Printer& operator<<(const IpAddress& address);
  Printer& operator<<(const MacAddress& address);
  Printer& operator<<(const Endpoint& endpoint);
  /// Ports are not counts: without the comma.
  Printer& operator<<(Port port);
  /// "12345".
  Printer& plain(std::uint64_t number);

 protected:
  ~Printer() = default;

 private:
  void digits(std::uint64_t number, bool grouped);
};

}  // namespace conker
