// How much memory a stack takes for what it holds.
#pragma once

#include <cstddef>
#include <cstdint>

namespace conker::bench {

struct Footprint {
  std::uint32_t records = 0;
  double bytes_of_tables = 0;       // of storage for each, in all tables that grow with it
  double rss_bytes_per_record = 0;  // of pages that became resident while they came
  std::size_t rss_bytes = 0;        // of all of the stack's storage
};

/// Of the passive side of established connections, with nothing to send or to read. Throws
/// std::runtime_error.
Footprint footprint_of_connections(std::uint32_t records);
/// Of the side that closes first.
Footprint footprint_of_time_wait(std::uint32_t records);

}  // namespace conker::bench
