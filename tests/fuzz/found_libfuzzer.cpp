// found() under libFuzzer: prints one line and ends in a way that makes libFuzzer keep the input.
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/found.hpp"

namespace conker::fuzz {

void found(const char* what) {
  std::fprintf(stderr, "found: %s\n", what);
  std::abort();
}

}  // namespace conker::fuzz
