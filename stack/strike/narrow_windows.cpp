#include "stack/strike/narrow_windows.hpp"

#include <algorithm>

#include "stack/strike/tcp_head.hpp"
#include "stack/wire/bytes.hpp"
#include "stack/wire/tcp.hpp"

namespace conker {

NarrowWindows::Narrow* NarrowWindows::find(const FourTuple& tuple) {
  Narrow& narrow = place(tuple.local_port);
  return narrow.on && narrow.tuple == tuple.without_zones() ? &narrow : nullptr;
}

void NarrowWindows::open(const FourTuple& tuple) {
  Narrow& narrow = place(tuple.local_port) = Narrow();
  narrow.tuple = tuple.without_zones();
  narrow.on = true;
}

void NarrowWindows::established(const FourTuple& tuple, std::uint8_t scale, bool shut) {
  Narrow* const narrow = find(tuple);
  if (narrow == nullptr) return;
  narrow->established = true;
  narrow->scale = scale;
  narrow->shut = shut;
}

void NarrowWindows::release(const FourTuple& tuple) {
  if (Narrow* const narrow = find(tuple)) narrow->on = false;
}

/// The field of a segment with this acknowledgment number, of which `real` is the true one.
std::uint16_t NarrowWindows::window(Narrow& narrow, std::uint16_t real, Seq ack) {
  const std::uint32_t unit = std::uint32_t{1} << narrow.scale;
  if (!narrow.told || !narrow.shut) narrow.edge = ack + std::max(kWindow, unit);
  narrow.told = true;
  const std::int32_t left = narrow.edge - ack;
  // Rounded up, so that the edge does not go back.
  const std::uint32_t units =
      left <= 0 ? 0 : (static_cast<std::uint32_t>(left) + unit - 1) >> narrow.scale;
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(real, units));
}

FrameOut NarrowWindows::edit(const FrameOut& frame) {
  const auto segment = find_tcp_head(frame);
  if (!segment || frame.parts.size() > parts_.size()) return frame;
  const std::span<const std::byte> head = frame.parts[0];
  Narrow* const narrow = find(segment->tuple);
  if (narrow == nullptr || head.size() > head_.size()) return frame;
  const bool syn = segment->has(TcpFlags::kSyn);
  if (syn && narrow->established) {  // of another connection
    narrow->on = false;
    return frame;
  }
  if (segment->has(TcpFlags::kRst) || (!syn && !narrow->established)) return frame;
  const std::size_t field = segment->tcp + TcpHead::kWindow;
  const std::uint16_t real = get16(head, field);
  const std::uint16_t told =
      syn ? std::min<std::uint16_t>(real, kWindow) : window(*narrow, real, segment->acknowledgment);
  std::ranges::copy(head, head_.begin());
  const std::size_t checksum = segment->tcp + TcpHead::kChecksum;
  replace16(head_, field, told, checksum);
  // With segmentation offload it holds the sum of the pseudo-header.
  if (frame.segment != 0) put16(head_, checksum, get16(head, checksum));
  std::ranges::copy(frame.parts, parts_.begin());
  parts_[0] = std::span(head_).first(head.size());
  return {.parts = std::span(parts_).first(frame.parts.size()), .segment = frame.segment};
}

}  // namespace conker
