// What a fuzzing target is made of: it runs one input, and says found() when a check fails. What
// that does is decided by whoever drives it: libFuzzer (found_libfuzzer.cpp) or our own loop
// (driver.cpp).
#pragma once

#include <cstddef>
#include <span>

namespace conker::fuzz {

using Input = std::span<const std::byte>;

/// The target: one file in targets/ defines it. It must behave the same each time for the same
/// input.
void run(Input input);

/// Its name, and the folder of its corpus.
extern const char* const kTarget;
extern const char* const kCorpus;

/// Something is wrong, in one plain line. The input is kept and the program ends.
[[noreturn]] void found(const char* what);

inline void check(bool holds, const char* what) {
  if (!holds) found(what);
}

/// Whether a piece lies within the whole: what a parser hands out must come from what it was given.
inline bool within(Input piece, Input whole) {
  return piece.empty() || (piece.data() >= whole.data() &&
                           piece.data() + piece.size() <= whole.data() + whole.size());
}

}  // namespace conker::fuzz
