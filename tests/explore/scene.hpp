// A scene: how large the stack is, how everything begins, and what may happen from there.
#pragma once

#include <string>
#include <vector>

#include "stack/settings.hpp"
#include "tests/explore/actions.hpp"

namespace conker::explore {

/// Bytes in a chunk, in a segment with data, and in what the application sends at once: all the
/// same, so that queues have few lengths.
inline constexpr std::uint32_t kPiece = 128;
inline constexpr std::uint32_t kMostSlots = 3;
inline constexpr std::uint32_t kMostTuples = 3;

struct Scene {
  std::string name;
  std::string about;
  Capacities capacities;
  Settings settings;
  std::uint32_t tuples = 1;
  std::uint32_t backlog = 1;
  std::uint32_t half_open = 1;
  /// Whole turns: behind every action all events are taken, then output(), then reap(), as an
  /// embedder must. Otherwise each of these is an action like any other.
  bool whole_turns = false;
  std::vector<Action> prologue;
  std::vector<Action> alphabet;
};

/// All there are, in the order in which they are looked at.
const std::vector<Scene>& scenes();
/// Null if there is none of that name.
const Scene* find_scene(const std::string& name);

}  // namespace conker::explore
