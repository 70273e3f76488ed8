// UART0: 115200 baud, 8 bits, no parity, one stop bit.
#pragma once

#include <string_view>

namespace conker::chip {

/// To be called after the clock runs at full speed.
void uart_start();
/// Writes a text; waits while the transmitter is full. A line feed becomes carriage return and line
/// feed.
void uart_write(std::string_view text);
/// Waits until all characters are sent.
void uart_flush();

}  // namespace conker::chip
