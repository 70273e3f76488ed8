// Checks frames that the stack sent. Written independently of stack/wire.
#pragma once

#include <cstddef>
#include <span>

#include "stack/base/address.hpp"

namespace conker::fuzz {

/// Calls found() for a frame that a host must not send: wrong lengths or checksums, or another
/// sender than `ours`. Of TCP it checks the lengths only; the decoder in tests/support checks the
/// rest.
void check_sent(std::span<const std::byte> frame, const MacAddress& ours, std::size_t mtu);

}  // namespace conker::fuzz
