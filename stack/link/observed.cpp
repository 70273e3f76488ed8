#include "stack/link/observed.hpp"

namespace conker {

std::size_t ObservedLink::receive(std::span<FrameIn> batch, Instant now) {
  const std::size_t count = below_.receive(batch, now);
  if (observers_.empty() && editors_.empty()) return count;
  for (FrameIn& frame : batch.first(count)) {
    observers_.tell({std::span(&frame.bytes, 1), Direction::kIn, frame.checksum}, now);
    frame = editors_.edit_received(frame);
  }
  return count;
}

bool ObservedLink::send(const FrameOut& given, Instant now) {
  const FrameOut frame = editors_.edit(given);
  if (frame.parts.empty()) return true;  // an editor has left it out
  if (!below_.send(frame, now)) return false;
  if (observers_.empty()) return true;
  const bool partial = frame.segment != 0;
  observers_.tell(
      {frame.parts, Direction::kOut, partial ? ChecksumState::kPartial : ChecksumState::kUnknown},
      now);
  return true;
}

}  // namespace conker
