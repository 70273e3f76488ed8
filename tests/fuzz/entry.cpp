// The entry points for libFuzzer and driver.cpp; the same for every target.
#include <cstdint>
#include <exception>

#include "tests/fuzz/found.hpp"

namespace conker::fuzz {

const char* const kTarget = CONKER_FUZZ_TARGET;
const char* const kCorpus = CONKER_FUZZ_CORPUS;

}  // namespace conker::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    conker::fuzz::run(std::as_bytes(std::span(data, size)));
  } catch (const std::exception& error) {
    conker::fuzz::found(error.what());
  }
  return 0;
}
