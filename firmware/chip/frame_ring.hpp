// The ring of received frames: the receive interrupt writes it, the main loop reads it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/link/link.hpp"
#include "stack/wire/ethernet.hpp"

namespace conker::chip {

/// Frames are stored as the receiver delivers them: in words, which begin with the length in bytes
/// of all (2 bytes of length, the frame, 4 bytes of CRC). So the IP header behind the 14 bytes of
/// Ethernet header is aligned, and nothing is copied. No frame is split: one that does not fit at
/// the end is stored at the front.
class FrameRing {
 public:
  static constexpr std::uint32_t kOverhead = 6;  // bytes of length and CRC
  static constexpr std::uint32_t kMaxFrame = kEthernetHeader + kVlanTag * kVlanTags + 1500;
  static constexpr std::uint32_t kMaxWords = (kMaxFrame + kOverhead + 3) / 4;

  explicit constexpr FrameRing(std::span<std::uint32_t> words) : words_(words) {}

  // ---- Called by the writer ----

  /// The place of the next frame of up to kMaxWords; null when there is no room for one.
  std::uint32_t* room() {
    const std::uint32_t read = read_.load(std::memory_order_acquire);
    std::uint32_t write = write_.load(std::memory_order_relaxed);
    // write == read is the empty ring, so one word always stays free.
    if (write >= read) {
      if (words_.size() - write > kMaxWords) return &words_[write];
      if (read <= kMaxWords) return nullptr;
      words_[write] = 0;  // continue at the front
      write_.store(0, std::memory_order_release);
      write = 0;
    }
    return read - write > kMaxWords ? &words_[write] : nullptr;
  }
  /// Completes the frame that was written at room(); its first word holds the length.
  void push() {
    const std::uint32_t write = write_.load(std::memory_order_relaxed);
    write_.store(write + words_of(words_[write]), std::memory_order_release);
  }

  // ---- Called by the reader ----

  /// The oldest frames; valid until release().
  std::size_t peek(std::span<FrameIn> batch) {
    const std::uint32_t write = write_.load(std::memory_order_acquire);
    std::size_t count = 0;
    given_ = read_.load(std::memory_order_relaxed);
    while (count < batch.size() && given_ != write) {
      const std::uint32_t first = words_[given_];
      if (first == 0) {
        given_ = 0;
        continue;
      }
      const auto bytes = std::as_bytes(words_.subspan(given_, words_of(first)));
      batch[count++] =
          FrameIn{bytes.subspan(2, (first & 0xffff) - kOverhead), ChecksumState::kUnknown};
      given_ += words_of(first);
    }
    return count;
  }
  /// Frees the frames that peek() returned last.
  void release() { read_.store(given_, std::memory_order_release); }
  bool empty() const {
    return read_.load(std::memory_order_relaxed) == write_.load(std::memory_order_acquire);
  }

  static constexpr std::uint32_t words_of(std::uint32_t first) {
    return ((first & 0xffff) + 3) / 4;
  }

 private:
  std::span<std::uint32_t> words_;
  std::atomic<std::uint32_t> write_{0}, read_{0};
  std::uint32_t given_ = 0;
};

}  // namespace conker::chip
