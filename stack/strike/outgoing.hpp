// The TCP segment of a frame that is about to leave, as far as those need it who edit frames.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "stack/base/address.hpp"
#include "stack/base/seq.hpp"
#include "stack/link/link.hpp"

namespace conker {

struct Outgoing {
  FourTuple tuple;
  std::size_t tcp = 0;  // where its header begins in the first part of the frame
  Seq acknowledgment;
  std::uint8_t flags = 0;  // TcpFlags
  bool text = false;       // the segment has some
};

/// Of a frame of IPv4 whose headers are in its first part, as the stack makes them; nothing where
/// it is another.
std::optional<Outgoing> outgoing(const FrameOut& frame);

}  // namespace conker
