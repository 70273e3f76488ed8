// The simulator's own transition diagram: the changes of state, and the possible causes of each.
// Written from RFC 9293, figure 5, and conker's documentation, independently of
// stack/tcp/diagram.hpp.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "stack/tcp/types.hpp"

namespace conker::sim {

struct Edge {
  State from, to;
  std::uint32_t causes;  // bits of Cause
};

/// The edge between two states; null when the diagram has none.
const Edge* find_edge(State from, State to);

/// Changes that were seen: counts of (from, cause, to).
struct Taken {
  static constexpr std::size_t kCauses = 32;
  std::array<std::array<std::array<std::uint64_t, kCauses>, kStateCount>, kStateCount> count{};

  void add(State from, State to, Cause cause) {
    ++count[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)]
           [static_cast<std::size_t>(cause)];
  }
  void add(const Taken& other);
  std::uint32_t distinct() const;
  std::uint32_t edges() const;
  static std::uint32_t edges_there_are();
  std::string edges_not_taken() const;
  std::string triples_not_taken() const;
};

}  // namespace conker::sim
