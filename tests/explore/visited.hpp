// The set of visited states, by their fingerprints.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/explore/fingerprint.hpp"

namespace conker::explore {

/// A hash table with open addressing. States that share a key and differ in their check are kept
/// apart, and counted.
class Visited {
 public:
  /// Keys are cut to `key_bits` bits, up to 64: with few bits, different states share keys.
  explicit Visited(unsigned key_bits)
      : mask_(key_bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << key_bits) - 1),
        places_(1 << 12) {}

  /// Inserts a state; false when it was in the set.
  bool insert(Fingerprint state) {
    state.key &= mask_;
    state.check |= 1;  // zero marks an empty place
    if ((size_ + 1) * 2 > places_.size()) grow();
    bool shared = false;
    for (std::size_t at = place(state.key);; at = (at + 1) & (places_.size() - 1)) {
      Fingerprint& there = places_[at];
      if (there.check == 0) {
        there = state;
        break;
      }
      if (there.key != state.key) continue;
      if (there.check == state.check) return false;
      shared = true;
    }
    ++size_;
    if (shared) ++collisions_;
    return true;
  }

  std::size_t size() const { return size_; }
  /// The number of states whose key another state had before.
  std::uint64_t collisions() const { return collisions_; }

 private:
  std::size_t place(std::uint64_t key) const {
    return static_cast<std::size_t>(key * 0x9e3779b97f4a7c15u >> 20) & (places_.size() - 1);
  }

  void grow() {
    std::vector<Fingerprint> old(places_.size() * 2);
    old.swap(places_);
    for (const Fingerprint& state : old) {
      if (state.check == 0) continue;
      std::size_t at = place(state.key);
      while (places_[at].check != 0) at = (at + 1) & (places_.size() - 1);
      places_[at] = state;
    }
  }

  std::uint64_t mask_;
  std::vector<Fingerprint> places_;
  std::size_t size_ = 0;
  std::uint64_t collisions_ = 0;
};

}  // namespace conker::explore
