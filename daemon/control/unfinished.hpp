// What a target makes of the handshakes that a strike leaves unfinished.
#pragma once

#include <cstdint>
#include <optional>

#include "protocol/history.hpp"
#include "stack/base/time.hpp"
#include "stack/strike/unfinished.hpp"
#include "stack/verdict/judge.hpp"

namespace conker::daemon {

/// That the target never sends a SYN-ACK again: where so many have been watched for
/// Unfinished::kLongEnough, and none of all has come again. Nothing otherwise.
inline constexpr std::uint32_t kLeastWatched = 16;
std::optional<verdict::Judge::Found> syn_ack_once(const Unfinished& unfinished,
                                                  const verdict::Judge& judge, Instant now);

/// Nothing where none was left so.
std::optional<protocol::StrikeTimeline::Unfinished> unfinished_of(const Unfinished& unfinished);

}  // namespace conker::daemon
