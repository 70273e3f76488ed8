// UART0: 115200 baud, 8 bits, no parity, one stop bit.
#pragma once

#include <string_view>

namespace conker::chip {

/// After the clock runs at its full speed.
void uart_start();
/// Waits while the transmitter is full. A line feed becomes carriage return and line feed.
void uart_write(std::string_view text);
/// Waits until everything has left.
void uart_flush();

}  // namespace conker::chip
