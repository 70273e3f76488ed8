#include "tests/sim/segment_text.hpp"

#include <cstdio>

namespace conker::sim {

std::string to_string(const verdict::Segment& segment) {
  std::string names;
  constexpr const char* kNames[] = {"FIN ", "SYN ", "RST ", "PSH ", "ACK ", "URG ", "ECE ", "CWR "};
  for (unsigned bit = 0; bit < 8; ++bit) {
    if ((segment.flags >> bit & 1) != 0) names += kNames[bit];
  }
  char line[160];
  std::snprintf(line, sizeof line, "%u -> %u  %sseq %u ack %u win %u len %zu",
                segment.source.port.value, segment.destination.port.value, names.c_str(),
                segment.seq.value(), segment.ack.value(), segment.window, segment.data.size());
  std::string out = line;
  if (segment.timestamps) out += " ts " + std::to_string(segment.timestamp);
  if (segment.scale != verdict::Segment::kNoScale)
    out += " wscale " + std::to_string(segment.scale);
  for (std::size_t i = 0; i < segment.block_count; ++i) {
    const auto& [left, right] = segment.blocks[i];
    out += " sack " + std::to_string(left.value()) + "-" + std::to_string(right.value());
  }
  return out;
}

}  // namespace conker::sim
