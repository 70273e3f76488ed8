// A look at a received frame ahead of its turn, without checks: for prefetching only.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "stack/base/address.hpp"

namespace conker {

/// The four-tuple of a SYN, as its receiver writes it; nothing for other frames, and for those with
/// IP options.
std::optional<FourTuple> peek_syn(std::span<const std::byte> frame);

}  // namespace conker
