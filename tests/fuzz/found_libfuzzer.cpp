// Under libFuzzer: one line, and an end that makes it keep the input.
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/found.hpp"

namespace conker::fuzz {

void found(const char* what) {
  std::fprintf(stderr, "found: %s\n", what);
  std::abort();
}

}  // namespace conker::fuzz
