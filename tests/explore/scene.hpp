// A scene: sizes of the stack, the initial state, and the possible actions.
#pragma once

#include <string>
#include <vector>

#include "stack/settings.hpp"
#include "tests/explore/actions.hpp"

namespace conker::explore {

/// Bytes of a chunk, of a segment with data, and of one send() of the application: all the same, so
/// that queues have few lengths.
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
  /// After every action all events are taken, then output(), then reap(), as an embedder does.
  /// Otherwise each of these is an action of its own.
  bool whole_turns = false;
  std::vector<Action> prologue;
  std::vector<Action> alphabet;
};

/// All scenes, in the order in which they are explored.
const std::vector<Scene>& scenes();
/// The scene of a name; null if there is none.
const Scene* find_scene(const std::string& name);

}  // namespace conker::explore
