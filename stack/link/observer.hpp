// Frame observers: objects that look at the frames of a link without changing them. Captures,
// judges and monitors are observers; a link keeps any number of them in a FrameObservers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/base/chain.hpp"
#include "stack/base/time.hpp"
#include "stack/link/link.hpp"

namespace conker {

enum class Direction : std::uint8_t { kIn, kOut };

/// What a link did with a frame. kPassed: it passed the frame on unchanged; the others are the
/// fault injector's (stack/link/fault.hpp).
enum class FrameFate : std::uint8_t {
  kPassed,
  kLost,
  kDuplicated,
  kReordered,
  kCorrupted,
  kDelayed,
  kNoRoom,  // lost, since the fault injector had no slot for it
};

/// A frame in parts that follow each other on the wire. The list of parts and their bytes are valid
/// only during the call that shows them.
struct ObservedFrame {
  std::span<const std::span<const std::byte>> parts;
  Direction direction = Direction::kIn;
  /// kPartial: the TCP or UDP checksum is not complete, and may never be.
  ChecksumState checksum = ChecksumState::kUnknown;
  FrameFate fate = FrameFate::kPassed;
};

class FrameObserver : public ChainHook<FrameObserver> {
 public:
  /// Called for a frame at `now`. The observer may remove itself, and calls nothing else of the
  /// link or the stack.
  virtual void on_frame(const ObservedFrame& frame, Instant now) = 0;

 protected:
  ~FrameObserver() = default;
};

class FrameObservers : public Chain<FrameObserver> {
 public:
  void tell(const ObservedFrame& frame, Instant now) const {
    for_each([&](FrameObserver& observer) { observer.on_frame(frame, now); });
  }
};

}  // namespace conker
