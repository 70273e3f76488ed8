// Who may open connections to us.
#pragma once

#include "stack/base/address.hpp"

namespace conker {

class Guests {
 public:
  virtual bool admits(const IpAddress& peer) const = 0;

 protected:
  ~Guests() = default;
};

}  // namespace conker
