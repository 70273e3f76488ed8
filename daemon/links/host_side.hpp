// The host's side of a TAP device, where the configuration says what it is to be.
#pragma once

#include <cstdint>
#include <string>

#include "config/config.hpp"

namespace conker::daemon {

/// Sets the addresses of the host, the MTU and the transmit queue of a device, and brings it up.
/// Throws std::runtime_error: one line, with advice.
void set_up_host_side(const std::string& link, const std::string& device, std::uint16_t mtu,
                      const config::PerFamily<Prefix>& addresses);

}  // namespace conker::daemon
