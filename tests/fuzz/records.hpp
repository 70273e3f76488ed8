// Inputs that are lists of steps: a head, and records of equal length behind it. A step means the
// same wherever it stands, so that a mutator can move whole steps.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/found.hpp"

namespace conker::fuzz {

/// One step: its kind, and seven bytes of arguments.
struct Record {
  static constexpr std::size_t kBytes = 8;
  std::array<std::uint8_t, kBytes> bytes{};

  std::uint8_t operator[](std::size_t i) const { return bytes[i]; }
  std::uint32_t word16(std::size_t i) const { return std::uint32_t{bytes[i]} << 8 | bytes[i + 1]; }
};

/// The records behind the head, in order; an incomplete one at the end is ignored.
class Records {
 public:
  Records(Input input, std::size_t head)
      : rest_(input.size() < head ? Input() : input.subspan(head)) {}

  bool next(Record& out) {
    if (rest_.size() < Record::kBytes) return false;
    for (std::size_t i = 0; i < Record::kBytes; ++i)
      out.bytes[i] = std::to_integer<std::uint8_t>(rest_[i]);
    rest_ = rest_.subspan(Record::kBytes);
    return true;
  }
  /// The next records as plain bytes; fewer at the end.
  Input take(std::size_t records) {
    const std::size_t n =
        records * Record::kBytes < rest_.size() ? records * Record::kBytes : rest_.size();
    const Input bytes = rest_.first(n);
    rest_ = rest_.subspan(n);
    return bytes;
  }

 private:
  Input rest_;
};

/// Mutates an input in place by whole records, behind `head` bytes; returns its new length.
std::size_t mutate_records(std::uint8_t* data, std::size_t size, std::size_t most,
                           std::uint32_t seed, std::size_t head);

}  // namespace conker::fuzz

/// The generic mutation of bytes, by libFuzzer or by driver.cpp.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);
/// A target of records defines this as mutate_records() with its own head.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed);
