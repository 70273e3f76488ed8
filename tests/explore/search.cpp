// Breadth-first search through all orders of a scene's actions.
#include "tests/explore/search.hpp"

#include <algorithm>
#include <random>

namespace conker::explore {
namespace {

constexpr std::uint32_t kNoAction = 0xffffffff;
/// States up to this depth are all quiesced (quiesce.cpp), deeper ones only one of so many.
constexpr std::uint32_t kQuiesceAlways = 3;
constexpr std::uint64_t kQuiesceEvery = 16;
constexpr std::array<Action, 2> kWaysToQuiesce{
    {{.verb = Verb::kQuiesceByAbort}, {.verb = Verb::kQuiesceByClosing}}};

}  // namespace

Search::Search(const Scene& scene, const Options& options)
    : options_(options), world_(scene), alphabet_(scene.alphabet), visited_(options.hash_bits) {
  if (options.seed != 0)
    std::shuffle(alphabet_.begin(), alphabet_.end(), std::mt19937(options.seed));
  here_.resize(world_.snapshot_bytes());
  snapshots_.resize(world_.snapshot_bytes());
  begin();
}

void Search::begin() {
  for (const Action& action : world_.scene().prologue) {
    const char* wrong = world_.run(action);
    if (wrong == nullptr) wrong = inspect(world_, coverage_);
    ++actions_;
    if (wrong != nullptr) {
      finding_ = Finding{std::string(wrong) + " (in the prologue)", {}};
      return;
    }
  }
  world_.save(snapshot(0));
  visited_.insert(fingerprint_of(world_));
  nodes_.push_back({0, kNoAction});
  way_.push_back(0);
  level_end_ = 1;
}

void Search::work(Clock::time_point until) {
  for (unsigned n = 0; !done(); ++n) {
    if (n % 16 == 15 && Clock::now() >= until) return;
    if (next_ == level_end_) {
      ++level_;
      level_end_ = static_cast<std::uint32_t>(nodes_.size());
    }
    if (level_ >= options_.depth) {
      cut_ = true;
      level_ = options_.depth;
      next_ = static_cast<std::uint32_t>(nodes_.size());
      return;
    }
    expand(next_);
    if (!finding_ && !full_) ++next_;
  }
}

void Search::go_to(std::uint32_t node) {
  // Collect ancestors up to one whose snapshot is kept.

  missing_.clear();
  std::size_t depth = level_;
  for (std::uint32_t at = node; depth >= way_.size() || way_[depth] != at;
       at = nodes_[at].parent, --depth) {
    missing_.push_back(at);
  }
  way_.resize(depth + 1);
  world_.restore(snapshot(depth));
  for (; !missing_.empty(); missing_.pop_back()) {
    static_cast<void>(world_.run(alphabet_[nodes_[missing_.back()].action]));
    way_.push_back(missing_.back());
    ++depth;
    if (snapshots_.size() < (depth + 1) * world_.snapshot_bytes()) {
      snapshots_.resize((depth + 1) * world_.snapshot_bytes());
    }
    world_.save(snapshot(depth));
  }
}

void Search::expand(std::uint32_t node) {
  go_to(node);
  possible_.clear();
  for (std::uint32_t i = 0; i < alphabet_.size(); ++i) {
    if (world_.possible(alphabet_[i])) possible_.push_back(i);
  }
  bool fresh = true;
  for (const std::uint32_t action : possible_) {
    if (!fresh) world_.restore(snapshot(level_));
    fresh = false;
    if (!try_action(node, action)) return;
  }
}

// Applies one action; false when it finds something or the memory is full.
bool Search::try_action(std::uint32_t node, std::uint32_t action) {
  trying_node_ = node;
  trying_action_ = action;
  ++actions_;
  in_stack_ = true;
  const char* wrong = world_.run(alphabet_[action]);
  if (wrong == nullptr) wrong = inspect(world_, coverage_);
  in_stack_ = false;
  if (wrong != nullptr) {
    found(wrong, node, action);
    return false;
  }
  const Fingerprint state = fingerprint_of(world_);
  digest_ = (digest_ ^ state.check) * 0x9e3779b97f4a7c15u;
  if (options_.compare_twins && !like_its_twin(state)) {
    found("two states that were taken for one go on differently", node, action);
    return false;
  }
  if (!visited_.insert(state)) return true;
  nodes_.push_back({node, action});
  full_ = nodes_.size() >= options_.most_states;
  return quiesces(node, action, state) && !full_;
}

// Whether every action has the same successor in both states.
bool Search::like_its_twin(const Fingerprint& state) {
  world_.save(here_.data());
  std::uint64_t successors = 0;
  for (const Action& action : alphabet_) {
    std::uint64_t next = 0;
    if (world_.possible(action)) {
      static_cast<void>(world_.run(action));
      next = fingerprint_of(world_).check;
      world_.restore(here_.data());
    }
    successors = (successors ^ next) * 0x9e3779b97f4a7c15u;
  }
  return twins_.try_emplace(state.check, successors).first->second == successors;
}

bool Search::quiesces(std::uint32_t node, std::uint32_t action, const Fingerprint& state) {
  if (level_ >= kQuiesceAlways && state.check / 2 % kQuiesceEvery != 0) return true;
  world_.save(here_.data());
  for (const Action& way : kWaysToQuiesce) {
    ++quiesced_;
    in_stack_ = true;
    const char* wrong = world_.run(way);
    in_stack_ = false;
    if (wrong != nullptr) {
      found(wrong, node, action);
      finding_->path.push_back(way);
      return false;
    }
    world_.restore(here_.data());
  }
  return true;
}

void Search::found(const char* what, std::uint32_t node, std::uint32_t action) {
  finding_ = Finding{what, path_to(node)};
  finding_->path.push_back(alphabet_[action]);
}

std::vector<Action> Search::path_to(std::uint32_t node) const {
  std::vector<Action> path;
  for (; node != 0; node = nodes_[node].parent) path.push_back(alphabet_[nodes_[node].action]);
  std::ranges::reverse(path);
  return path;
}

std::vector<Action> Search::last_path() const {
  std::vector<Action> path = path_to(trying_node_);
  path.push_back(alphabet_[trying_action_]);
  return path;
}

}  // namespace conker::explore
