#include "firmware/app/text.hpp"

#include "firmware/chip/uart.hpp"

namespace conker::app {

void Console::write(std::string_view text) {
  chip::uart_write(text);
}

}  // namespace conker::app
