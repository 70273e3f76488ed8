// The link of the stack under test. It copies little, and holds the stack to the contract of Link:
// the list of parts and the first part are valid only during send(), the others until flush().
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <span>

#include "stack/link/link.hpp"
#include "tests/fuzz/found.hpp"

namespace conker::fuzz {

class FuzzLink final : public Link {
 public:
  /// Receives every frame that was sent.
  class Observer {
   public:
    virtual void sent(std::span<const std::byte> frame) = 0;

   protected:
    ~Observer() = default;
  };

  explicit FuzzLink(Observer& observer) : observer_(observer) {}

  /// Sets the frames that receive() returns.
  void arrive(std::span<const FrameIn> frames) { arriving_ = frames; }
  std::size_t receive(std::span<FrameIn> batch, Instant) override {
    const std::size_t count = std::min(batch.size(), arriving_.size());
    std::ranges::copy(arriving_.first(count), batch.begin());
    arriving_ = arriving_.subspan(count);
    return count;
  }

  bool send(const FrameOut& frame, Instant) override {
    if (room == 0 || count_ == waiting_.size()) return false;
    if (room != kNoLimit) --room;
    check(!frame.parts.empty() && frame.parts.size() <= kMostParts && frame.size() <= kMostBytes,
          "a frame longer than the link carries");
    Waiting& waiting = waiting_[count_++];
    check(frame.parts[0].size() <= waiting.front.size(),
          "a frame whose headers are longer than any");
    std::memcpy(waiting.front.data(), frame.parts[0].data(), frame.parts[0].size());
    waiting.front_size = frame.parts[0].size();
    waiting.rest_count = frame.parts.size() - 1;
    std::ranges::copy(frame.parts.subspan(1), waiting.rest.begin());
    return true;
  }

  void flush(Instant) override {
    for (std::size_t i = 0; i < count_; ++i) {
      const Waiting& waiting = waiting_[i];
      std::memcpy(bytes_.data(), waiting.front.data(), waiting.front_size);
      std::size_t size = waiting.front_size;
      for (const auto bytes : std::span(waiting.rest).first(waiting.rest_count)) {
        if (!bytes.empty()) std::memcpy(bytes_.data() + size, bytes.data(), bytes.size());
        size += bytes.size();
      }
      observer_.sent(std::span(bytes_).first(size));
    }
    count_ = 0;
  }

  static constexpr std::size_t kNoLimit = SIZE_MAX;
  std::size_t room = kNoLimit;  // frames it takes until it is busy

  static constexpr std::size_t kMostBytes = 1514;
  static constexpr std::size_t kMostParts = 34;

 private:
  struct Waiting {
    std::array<std::byte, 128> front;
    std::size_t front_size;
    std::array<std::span<const std::byte>, kMostParts - 1> rest;
    std::size_t rest_count;
  };
  Observer& observer_;
  std::span<const FrameIn> arriving_;
  std::array<Waiting, 32> waiting_;
  std::size_t count_ = 0;
  std::array<std::byte, kMostBytes> bytes_;
};

}  // namespace conker::fuzz
