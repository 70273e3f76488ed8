// Text output on the serial line.
#pragma once

#include "stack/base/print.hpp"

namespace conker::app {

/// Writes to the serial line.
class Console final : public Printer {
 public:
  void write(std::string_view text) override;
};

}  // namespace conker::app
