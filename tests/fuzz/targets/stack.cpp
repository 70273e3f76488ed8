// Target: the whole stack. Steps say which frames arrive, what the application calls and how time
// passes.
#include "tests/fuzz/records.hpp"
#include "tests/fuzz/stack/world.hpp"

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  return conker::fuzz::mutate_records(data, size, most, seed, conker::fuzz::Head::kBytes);
}

namespace conker::fuzz {

void run(Input input) {
  World world{Head(input)};
  Records records(input, Head::kBytes);
  for (Record r; records.next(r);) world.step(r, records);
  world.quiesce();
}

}  // namespace conker::fuzz
