// The firmware's ring of frames, which an interrupt writes and the main loop reads: the only data
// of conker that two flows of control share. Here each is a thread, under the thread sanitizer.
// (The daemon is one thread; tests/e2e/test_lifetime.py checks that.)
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <thread>

#include "firmware/chip/frame_ring.hpp"

namespace {

using conker::FrameIn;
using conker::chip::FrameRing;

constexpr std::uint32_t kFrames = 300'000;

std::uint32_t length_of(std::uint32_t number) {
  return 60 + number * 37 % (FrameRing::kMaxFrame - 59);
}

std::uint32_t number_in(std::span<const std::byte> frame) {
  std::uint32_t number = 0;
  std::memcpy(&number, frame.data() + frame.size() - sizeof number, sizeof number);
  return number;
}

void write_all(FrameRing& ring) {
  for (std::uint32_t number = 0; number < kFrames;) {
    std::uint32_t* room = ring.room();
    if (room == nullptr) {
      std::this_thread::yield();
      continue;
    }
    auto* bytes = reinterpret_cast<std::byte*>(room);
    const std::uint32_t length = length_of(number);
    const auto total = static_cast<std::uint16_t>(length + FrameRing::kOverhead);
    std::memcpy(bytes, &total, sizeof total);
    std::memcpy(bytes + sizeof total + length - sizeof number, &number, sizeof number);
    ring.push();
    ++number;
  }
}

/// The number of the first frame that differs from the one written; kFrames when none does.
std::uint32_t read_all(FrameRing& ring) {
  std::uint32_t number = 0;
  while (number < kFrames) {
    std::array<FrameIn, 8> batch;
    const std::size_t count = ring.peek(batch);
    for (std::size_t i = 0; i < count; ++i, ++number) {
      if (batch[i].bytes.size() != length_of(number) || number_in(batch[i].bytes) != number)
        return number;
    }
    ring.release();
    if (count == 0) std::this_thread::yield();
  }
  return number;
}

}  // namespace

int main() {
  static std::array<std::uint32_t, 1200> words;
  FrameRing ring(words);
  std::thread writer(write_all, std::ref(ring));
  const std::uint32_t read = read_all(ring);
  if (read != kFrames) {
    std::printf("frame %u is not as it was written\n", read);
    std::_Exit(1);  // the writer waits for room
  }
  writer.join();
  std::printf("%u frames from one thread to the other, in order\n", kFrames);
}
