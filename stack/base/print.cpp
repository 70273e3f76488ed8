#include "stack/base/print.hpp"

#include <array>

namespace conker {

Printer& Printer::operator<<(std::string_view text) {
  write(text);
  return *this;
}

void Printer::digits(std::uint64_t number, bool grouped) {
  std::array<char, 27> text;  // 20 digits and 6 commas
  std::size_t at = text.size();
  for (int written = 0;; ++written) {
    if (grouped && written != 0 && written % 3 == 0) text[--at] = ',';
    text[--at] = static_cast<char>('0' + number % 10);
    number /= 10;
    if (number == 0) break;
  }
  write({&text[at], text.size() - at});
}

Printer& Printer::operator<<(std::uint64_t number) {
  digits(number, true);
  return *this;
}

Printer& Printer::plain(std::uint64_t number) {
  digits(number, false);
  return *this;
}

Printer& Printer::operator<<(Port port) {
  return plain(port.value);
}

Printer& Printer::operator<<(Duration duration) {
  const auto us = static_cast<std::uint64_t>(duration.count() < 0 ? 0 : duration.count());
  const auto with_tenth = [this](std::uint64_t tenths, std::string_view unit) {
    plain(tenths / 10) << ".";
    plain(tenths % 10) << unit;
  };
  const auto two = [this](std::uint64_t large, std::string_view unit, std::uint64_t small,
                          std::string_view small_unit) {
    plain(large) << unit;
    plain(small) << small_unit;
  };
  const std::uint64_t s = us / 1'000'000;
  if (us < 1'000) {
    plain(us) << " us";
  } else if (us < 1'000'000) {
    with_tenth((us + 50) / 100, " ms");
  } else if (s < 60) {
    with_tenth((us + 50'000) / 100'000, " s");
  } else if (s < 3600) {
    two(s / 60, " min ", s % 60, " s");
  } else if (s < 86400) {
    two(s / 3600, " h ", s % 3600 / 60, " min");
  } else {
    two(s / 86400, " d ", s % 86400 / 3600, " h");
  }
  return *this;
}

Printer& Printer::operator<<(const IpAddress& address) {
  std::array<char, IpAddress::kTextSize> text;
  return *this << address.to_string(text);
}

Printer& Printer::operator<<(const MacAddress& address) {
  std::array<char, MacAddress::kTextSize> text;
  return *this << address.to_string(text);
}

Printer& Printer::operator<<(const Endpoint& endpoint) {
  std::array<char, Endpoint::kTextSize> text;
  return *this << endpoint.to_string(text);
}

}  // namespace conker
