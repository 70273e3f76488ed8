// An observer that writes every frame to a pcap file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/link/observer.hpp"

namespace conker {

/// The destination of a capture. write() gets consecutive pieces of the file; false ends the
/// capture (disk full).
class CaptureSink {
 public:
  virtual bool write(std::span<const std::byte> bytes) = 0;

 protected:
  ~CaptureSink() = default;
};

class Capture final : public FrameObserver {
 public:
  /// Starts a capture: writes the file header. `epoch_us` is added to every time stamp
  /// (microseconds since 1970 at Instant 0). False when the sink does not take the header.
  bool start(CaptureSink& sink, std::int64_t epoch_us);
  void stop() { sink_ = nullptr; }
  bool active() const { return sink_ != nullptr; }
  std::uint64_t frames() const { return frames_; }

  void on_frame(const ObservedFrame& frame, Instant now) override;

 private:
  CaptureSink* sink_ = nullptr;
  std::int64_t epoch_us_ = 0;
  std::uint64_t frames_ = 0;
};

}  // namespace conker
