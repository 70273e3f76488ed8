// A wire in memory, which costs little more than moving the bytes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

#include "daemon/mapping.hpp"
#include "stack/link/link.hpp"

namespace conker::bench {

/// One end of a wire: frames sent at one end are received at the other. Both belong to one thread
/// and take turns, in which each receives all frames: they stay valid until the other end sends
/// again.
class WireEnd final : public Link {
 public:
  /// `frames` is how many small frames may be on their way to this end; a large frame takes the
  /// room of several.
  explicit WireEnd(std::size_t frames) : memory_(frames * kSmall), frames_(frames) {}

  /// Connects the two ends; to be called for each end before the first frame.
  void join(WireEnd& other) { other_ = &other; }

  std::size_t receive(std::span<FrameIn> batch, Instant) override {
    const std::size_t n = std::min(batch.size(), count_ - taken_);
    std::copy_n(frames_.begin() + static_cast<std::ptrdiff_t>(taken_), n, batch.begin());
    taken_ += n;
    return n;
  }

  bool send(const FrameOut& frame, Instant) override { return other_->put(frame); }

 private:
  static constexpr std::size_t kLine = 64;
  static constexpr std::size_t kSmall = 2 * kLine;  // a SYN with all its options

  // Frames follow each other line by line, so that their headers spread over all sets of the cache,
  // and start again at the front as soon as all have been read, where the cache is warm.
  bool put(const FrameOut& frame) {
    if (taken_ == count_) taken_ = count_ = used_ = 0;
    const std::size_t size = frame.size();
    if (count_ == frames_.size() || memory_.bytes().size() - used_ < size) return false;
    std::byte* at = memory_.bytes().data() + used_;
    frames_[count_++] = FrameIn{{at, size}, ChecksumState::kUnknown};
    for (const auto part : frame.parts) {
      std::memcpy(at, part.data(), part.size());
      at += part.size();
    }
    used_ += (size + kLine - 1) / kLine * kLine;
    return true;
  }

  WireEnd* other_ = nullptr;
  daemon::Mapping memory_;
  std::vector<FrameIn> frames_;
  std::size_t used_ = 0;   // bytes
  std::size_t count_ = 0;  // frames on their way
  std::size_t taken_ = 0;  // of these, frames received
};

}  // namespace conker::bench
