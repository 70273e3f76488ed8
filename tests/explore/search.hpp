// Breadth-first search through all orders of a scene's actions.
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

/// A violation, and the shortest path to it.
struct Finding {
  std::string what;
  std::vector<Action> path;  // after the prologue
};

/// Searches breadth first, so that a finding has a shortest path. A state is kept as the action
/// that led to it and the index of its parent; its bytes are recomputed by performing the path's
/// actions, which costs little because states are expanded in the order of their parents.
class Search {
 public:
  struct Options {
    std::uint32_t depth = 1000;  // most actions after the prologue
    std::uint32_t seed = 0;      // shuffles the actions; 0: in the scene's order
    unsigned hash_bits = 64;     // of the key by which states are found
    std::size_t most_states = 1u << 23;
    bool compare_twins =
        false;  // verify that states with the same fingerprint have the same successors
  };

  Search(const Scene& scene, const Options& options);

  /// Works until the given time, until the search is exhausted, or until there is a finding.
  void work(Clock::time_point until);
  /// Whether the search is over: exhausted, at its depth limit, out of memory, or with a finding.
  bool done() const { return finding_ || exhausted() || full_; }
  /// Whether every reachable state was reached, with no limit of depth.
  bool closed() const { return !finding_ && exhausted() && !cut_; }
  /// The depth up to which every order of actions was tried.
  std::uint32_t depth() const { return level_; }

  const std::optional<Finding>& finding() const { return finding_; }
  const Scene& scene() const { return world_.scene(); }
  const Coverage& coverage() const { return coverage_; }
  std::uint64_t states() const { return visited_.size(); }
  std::uint64_t actions() const { return actions_; }
  std::uint64_t leaves() const { return nodes_.size() - next_; }
  std::uint64_t quiesced() const { return quiesced_; }
  std::uint64_t collisions() const { return visited_.collisions(); }
  /// A digest of the search: equal for two equal runs.
  std::uint64_t digest() const { return digest_; }
  bool full() const { return full_; }
  std::size_t snapshot_bytes() const { return world_.snapshot_bytes(); }
  /// Whether the stack is running, and not the search.
  bool in_stack() const { return in_stack_; }
  /// The path of the last action, for the watchdog.
  std::vector<Action> last_path() const;

 private:
  struct Node {
    std::uint32_t parent;
    std::uint32_t action;  // index in the alphabet
  };

  bool exhausted() const { return next_ == nodes_.size(); }
  void begin();
  void expand(std::uint32_t node);
  void go_to(std::uint32_t node);
  bool try_action(std::uint32_t node, std::uint32_t action);
  bool like_its_twin(const Fingerprint& state);
  bool quiesces(std::uint32_t node, std::uint32_t action, const Fingerprint& state);
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
  std::vector<Node> nodes_;  // in breadth-first order
  std::uint32_t next_ = 0;   // the first that is not expanded
  std::uint32_t level_ = 0;  // depth of the nodes that are being expanded
  std::uint32_t level_end_ = 0;
  bool cut_ = false;   // states at the depth limit were not expanded
  bool full_ = false;  // out of memory for states
  std::optional<Finding> finding_;

  std::vector<std::uint32_t> way_;    // nodes from the root to the world's present state
  std::vector<std::byte> snapshots_;  // of each of them
  std::vector<std::byte> here_;       // before quiescing
  std::vector<std::uint32_t> missing_, possible_;

  std::unordered_map<std::uint64_t, std::uint64_t> twins_;  // check, and digest of successors

  std::uint64_t actions_ = 0, quiesced_ = 0, digest_ = 0;
  std::uint32_t trying_node_ = 0, trying_action_ = 0;
  bool in_stack_ = false;
};

}  // namespace conker::explore
