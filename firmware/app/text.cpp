#include "firmware/app/text.hpp"

#include <array>

#include "firmware/chip/uart.hpp"

namespace conker::app {

Console& Console::operator<<(std::string_view text) {
  chip::uart_write(text);
  return *this;
}

void Console::digits(std::uint64_t number, bool grouped) {
  std::array<char, 27> text;  // 20 digits and 6 commas
  std::size_t at = text.size();
  for (int written = 0;; ++written) {
    if (grouped && written != 0 && written % 3 == 0) text[--at] = ',';
    text[--at] = static_cast<char>('0' + number % 10);
    number /= 10;
    if (number == 0) break;
  }
  chip::uart_write({&text[at], text.size() - at});
}

Console& Console::operator<<(std::uint64_t number) {
  digits(number, true);
  return *this;
}

Console& Console::operator<<(Port port) {
  digits(port.value, false);
  return *this;
}

Console& Console::operator<<(Duration duration) {
  const auto us = static_cast<std::uint64_t>(duration.count() < 0 ? 0 : duration.count());
  const auto with_tenth = [this](std::uint64_t tenths, std::string_view unit) {
    digits(tenths / 10, false);
    *this << ".";
    digits(tenths % 10, false);
    *this << unit;
  };
  if (us < 1'000) {
    digits(us, false);
    *this << " us";
  } else if (us < 1'000'000) {
    with_tenth(us / 100, " ms");
  } else if (us < 60'000'000) {
    with_tenth(us / 100'000, " s");
  } else {
    digits(us / 60'000'000, false);
    *this << " min ";
    digits(us / 1'000'000 % 60, false);
    *this << " s";
  }
  return *this;
}

Console& Console::operator<<(const IpAddress& address) {
  std::array<char, IpAddress::kTextSize> text;
  return *this << address.format(text);
}

Console& Console::operator<<(const MacAddress& address) {
  std::array<char, MacAddress::kTextSize> text;
  return *this << address.format(text);
}

}  // namespace conker::app
