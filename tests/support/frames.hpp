// Bytes in hexadecimal, and a link that records the frames sent on it.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stack/link/link.hpp"

namespace conker::test {

/// Parses "0a 4d 00 01", with blanks anywhere.
inline std::vector<std::byte> hex(std::string_view text) {
  std::string digits;
  std::ranges::copy_if(text, std::back_inserter(digits),
                       [](unsigned char c) { return std::isxdigit(c) != 0; });
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

inline std::string to_hex(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::byte b : bytes) {
    if (!text.empty()) text += ' ';
    text += kDigits[std::to_integer<std::size_t>(b >> 4)];
    text += kDigits[std::to_integer<std::size_t>(b & std::byte{15})];
  }
  return text;
}

inline std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

/// Delivers the frames of `arriving`, records frames sent, and holds the stack to the contract of
/// Link: frames delivered become invalid at the next receive(), and payload parts are read only at
/// flush().
class TestLink final : public Link {
 public:
  struct Arriving {
    std::vector<std::byte> bytes;
    ChecksumState checksum = ChecksumState::kUnknown;
  };

  std::size_t receive(std::span<FrameIn> batch, Instant) override {
    for (auto& frame : given_) std::ranges::fill(frame.bytes, std::byte{0xee});
    given_.clear();
    std::size_t count = 0;
    while (count < batch.size() && !arriving.empty()) {
      given_.push_back(std::move(arriving.front()));
      arriving.pop_front();
      batch[count++] = FrameIn{given_.back().bytes, given_.back().checksum};
    }
    return count;
  }

  bool send(const FrameOut& frame, Instant) override {
    if (busy || room == 0) return false;
    --room;
    Waiting waiting;
    waiting.front.assign(frame.parts[0].begin(), frame.parts[0].end());
    longest_front = std::max(longest_front, frame.parts[0].size());
    waiting.rest.assign(frame.parts.begin() + 1, frame.parts.end());
    waiting_.push_back(std::move(waiting));
    return true;
  }

  void flush(Instant) override {
    for (auto& waiting : waiting_) {
      for (const auto part : waiting.rest)
        waiting.front.insert(waiting.front.end(), part.begin(), part.end());
      sent.push_back(std::move(waiting.front));
    }
    waiting_.clear();
  }

  std::uint32_t segmentation() const override { return cuts; }
  void coalesce(bool wanted) override { coalescing = wanted; }

  std::vector<std::byte> take() {
    if (sent.empty()) return {};
    auto frame = std::move(sent.front());
    sent.pop_front();
    return frame;
  }

  bool busy = false;
  std::size_t room = SIZE_MAX;  // frames it takes until it is busy
  std::size_t longest_front = 0;
  std::uint32_t cuts = 0;
  bool coalescing = true;
  std::deque<Arriving> arriving;
  std::deque<std::vector<std::byte>> sent;

 private:
  struct Waiting {
    std::vector<std::byte> front;
    std::vector<std::span<const std::byte>> rest;
  };
  std::deque<Arriving> given_;
  std::vector<Waiting> waiting_;
};

}  // namespace conker::test
