#include "tests/bench/memory/footprint.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <system_error>
#include <vector>

#include "tests/bench/memory/pair.hpp"

namespace conker::bench {
namespace {

// Resident bytes, counted page by page: smaps would mix the storages of both stacks, which may
// share one mapping.
std::size_t resident(std::span<const std::byte> storage) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  std::vector<unsigned char> pages((storage.size() + page - 1) / page);
  auto* begin = const_cast<std::byte*>(storage.data());
  if (::mincore(begin, storage.size(), pages.data()) != 0) {
    throw std::system_error(errno, std::generic_category(), "mincore");
  }
  const auto in_memory =
      std::count_if(pages.begin(), pages.end(), [](unsigned char p) { return (p & 1) != 0; });
  return static_cast<std::size_t>(in_memory) * page;
}

double per_record(std::size_t with, std::size_t without, std::uint32_t records) {
  return static_cast<double>(with - without) / records;
}

template <typename Fill>
Footprint footprint(const StrikeOptions& options, std::uint32_t records, const Capacities& with,
                    const Capacities& without, const Host& (Pair::*which)() const, Fill fill) {
  Pair pair(options);
  const std::span<const std::byte> storage = (pair.*which)().storage();
  const std::size_t before = resident(storage);
  fill(pair);
  const std::size_t after = resident(storage);
  pair.check();
  return {.records = records,
          .bytes_of_tables =
              per_record(Stack::storage_bytes(with), Stack::storage_bytes(without), records),
          .rss_bytes_per_record = per_record(after, before, records),
          .rss_bytes = after};
}

}  // namespace

Footprint footprint_of_connections(std::uint32_t records) {
  const StrikeOptions options{.time_wait = 16, .idle = records};
  const StrikeOptions none{.time_wait = 16};
  return footprint(options, records, Pair::right_capacities(options), Pair::right_capacities(none),
                   &Pair::right, [](Pair& pair) { pair.open_idle(); });
}

Footprint footprint_of_time_wait(std::uint32_t records) {
  const StrikeOptions options{.time_wait = records,
                              .addresses = std::max(records / kPortsOfAnAddress + 1, 16u)};
  StrikeOptions none = options;
  none.time_wait = 16;
  return footprint(options, records, Pair::left_capacities(options), Pair::left_capacities(none),
                   &Pair::left, [](Pair& pair) { pair.fill_time_wait(); });
}

}  // namespace conker::bench
