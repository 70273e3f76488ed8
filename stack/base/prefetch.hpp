// Memory that is about to be used, and has not been for long.
#pragma once

#include <cstddef>

namespace conker {

/// Asks the processor to bring an object into its cache, and does not wait for it.
template <typename T>
void prefetch(const T& object) {
  constexpr std::size_t kLine = 64;
  for (std::size_t at = 0; at < sizeof(T); at += kLine)
    __builtin_prefetch(reinterpret_cast<const char*>(&object) + at, 1);
}

}  // namespace conker
