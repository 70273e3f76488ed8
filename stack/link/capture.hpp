// A link that writes down every frame that passes, as a pcap file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/link/link.hpp"

namespace conker {

/// Where a capture goes. write() gets whole pieces of the file in order; false ends the capture
/// (disk full).
class CaptureSink {
 public:
  virtual bool write(std::span<const std::byte> bytes) = 0;

 protected:
  ~CaptureSink() = default;
};

class CaptureLink final : public Link {
 public:
  explicit CaptureLink(Link& below) : below_(below) {}

  /// Begins a capture: writes the file header. `epoch_us` is added to every time stamp
  /// (microseconds since 1970 at Instant 0). False when the sink does not even take the header.
  bool start(CaptureSink& sink, std::int64_t epoch_us);
  void stop() { sink_ = nullptr; }
  bool active() const { return sink_ != nullptr; }
  std::uint64_t frames() const { return frames_; }

  std::size_t receive(std::span<FrameIn> batch, Instant now) override;
  bool send(const FrameOut& frame, Instant now) override;
  void flush(Instant now) override { below_.flush(now); }
  std::uint32_t segmentation() const override { return below_.segmentation(); }
  void coalesce(bool wanted) override { below_.coalesce(wanted); }
  Instant next_deadline() const override { return below_.next_deadline(); }

 private:
  void record(std::span<const std::span<const std::byte>> parts, Instant now);

  Link& below_;
  CaptureSink* sink_ = nullptr;
  std::int64_t epoch_us_ = 0;
  std::uint64_t frames_ = 0;
};

}  // namespace conker
