// Measures the memory that a stack needs for its records.
#pragma once

#include <cstddef>
#include <cstdint>

namespace conker::bench {

struct Footprint {
  std::uint32_t records = 0;
  double bytes_of_tables = 0;       // storage per record, in all tables that grow with it
  double rss_bytes_per_record = 0;  // of pages that became resident while the records were made
  std::size_t rss_bytes = 0;        // of all of the stack's storage
};

/// Measures established connections of the passive side, with empty queues. Throws
/// std::runtime_error.
Footprint footprint_of_connections(std::uint32_t records);
/// Measures TIME-WAIT records of the side that closes first.
Footprint footprint_of_time_wait(std::uint32_t records);

}  // namespace conker::bench
