#include "tests/bench/memory/shards.hpp"

#include <pthread.h>
#include <sched.h>

#include <stdexcept>
#include <string>

namespace conker::bench {

void pin_to_core(std::uint32_t index) {
  cpu_set_t allowed, one;
  CPU_ZERO(&one);
  if (::pthread_getaffinity_np(::pthread_self(), sizeof allowed, &allowed) != 0) CPU_ZERO(&allowed);
  std::uint32_t met = 0;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &allowed) && met++ == index) CPU_SET(core, &one);
  }
  if (CPU_COUNT(&one) == 0 || ::pthread_setaffinity_np(::pthread_self(), sizeof one, &one) != 0) {
    throw std::runtime_error("there are " + std::to_string(CPU_COUNT(&allowed)) +
                             " cores to run on; ask for no more --shards than that");
  }
}

}  // namespace conker::bench
