// Every order of a scene's actions, the short ones first.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/explore/checks.hpp"
#include "tests/explore/visited.hpp"
#include "tests/explore/world.hpp"

namespace conker::explore {

using Clock = std::chrono::steady_clock;

/// Something is wrong, and the shortest way there.
struct Finding {
  std::string what;
  std::vector<Action> path;  // behind the prologue
};

/// Breadth first, so that what is found is found by a shortest path. A state is kept as the action
/// that led to it and the state that it came from; its bytes are made again by going there, which
/// costs little because states are visited in the order in which their parents were.
class Search {
 public:
  struct Options {
    std::uint32_t depth = 1000;  // actions behind the prologue, at most
    std::uint32_t seed = 0;      // of the order of actions; 0: as the scene has them
    unsigned hash_bits = 64;     // of the key by which states are found
    std::size_t most_states = 1u << 23;
    bool compare_twins =
        false;  // hold the fingerprint to its word: states that share one go on alike
  };

  Search(const Scene& scene, const Options& options);

  /// Goes on until then, until everything is exhausted, or until something is found.
  void work(Clock::time_point until);
  /// Nothing is left to do: exhausted, at the depth that was asked for, full, or something was
  /// found.
  bool done() const { return finding_ || exhausted() || full_; }
  /// Every state that can be reached was reached, with no bound on depth.
  bool closed() const { return !finding_ && exhausted() && !cut_; }
  /// Every order of so many actions has been tried.
  std::uint32_t depth() const { return level_; }

  const std::optional<Finding>& finding() const { return finding_; }
  const Scene& scene() const { return world_.scene(); }
  const Coverage& coverage() const { return coverage_; }
  std::uint64_t states() const { return visited_.size(); }
  std::uint64_t actions() const { return actions_; }
  std::uint64_t leaves() const { return nodes_.size() - next_; }
  std::uint64_t homes() const { return homes_; }
  std::uint64_t collisions() const { return visited_.collisions(); }
  /// The same for two runs that did the same.
  std::uint64_t digest() const { return digest_; }
  bool full() const { return full_; }
  std::size_t snapshot_bytes() const { return world_.snapshot_bytes(); }
  /// It is the stack that works, not the search.
  bool in_stack() const { return in_stack_; }
  /// The way to what was being tried last, for when the stack does not come back from it.
  std::vector<Action> last_path() const;

 private:
  struct Node {
    std::uint32_t parent;
    std::uint32_t action;  // of the alphabet
  };

  bool exhausted() const { return next_ == nodes_.size(); }
  void begin();
  void expand(std::uint32_t node);
  void go_to(std::uint32_t node);
  bool try_action(std::uint32_t node, std::uint32_t action);
  bool like_its_twin(const Fingerprint& state);
  bool goes_home(std::uint32_t node, std::uint32_t action, const Fingerprint& state);
  void found(const char* what, std::uint32_t node, std::uint32_t action);
  std::vector<Action> path_to(std::uint32_t node) const;
  std::byte* snapshot(std::size_t depth) {
    return snapshots_.data() + depth * world_.snapshot_bytes();
  }

  Options options_;
  World world_;
  std::vector<Action> alphabet_;
  Visited visited_;
  Coverage coverage_;
  std::vector<Node> nodes_;  // in the order in which they were found: level by level
  std::uint32_t next_ = 0;   // the first that has not been expanded
  std::uint32_t level_ = 0;  // of the nodes that are being expanded
  std::uint32_t level_end_ = 0;
  bool cut_ = false;   // states at the greatest depth were not expanded
  bool full_ = false;  // no more states can be kept
  std::optional<Finding> finding_;

  std::vector<std::uint32_t> way_;    // nodes from the beginning to where the world is
  std::vector<std::byte> snapshots_;  // of each of them
  std::vector<std::byte> here_;       // before going home
  std::vector<std::uint32_t> missing_, possible_;

  std::unordered_map<std::uint64_t, std::uint64_t> twins_;  // a state's check, and what follows it

  std::uint64_t actions_ = 0, homes_ = 0, digest_ = 0;
  std::uint32_t trying_node_ = 0, trying_action_ = 0;
  bool in_stack_ = false;
};

}  // namespace conker::explore
