// Whether a frame that the stack sent is one that a host may send. Written apart from stack/wire on
// purpose.
#pragma once

#include <cstddef>
#include <span>

#include "stack/base/address.hpp"

namespace conker::fuzz {

/// Says found() about one that is not: wrong lengths or checksums, or a sender that is not us. Of
/// TCP only the lengths; its decoder in tests/support looks at the rest.
void check_sent(std::span<const std::byte> frame, const MacAddress& ours, std::size_t mtu);

}  // namespace conker::fuzz
