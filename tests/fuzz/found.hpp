// The interface of a fuzzing target: it runs one input and calls found() when a check fails. The
// driver decides what that does: libFuzzer (found_libfuzzer.cpp) or driver.cpp.
#pragma once

#include <cstddef>
#include <span>

namespace conker::fuzz {

using Input = std::span<const std::byte>;

/// The target, which one file in targets/ defines. It must be deterministic.
void run(Input input);

/// Name of the target and of its corpus's folder.
extern const char* const kTarget;
extern const char* const kCorpus;

/// Reports a failed check in one plain line, keeps the input and ends the program.
[[noreturn]] void found(const char* what);

inline void check(bool holds, const char* what) {
  if (!holds) found(what);
}

/// Whether a piece lies within the whole: a parser must return bytes of its input only.
inline bool within(Input piece, Input whole) {
  return piece.empty() || (piece.data() >= whole.data() &&
                           piece.data() + piece.size() <= whole.data() + whole.size());
}

}  // namespace conker::fuzz
