// The initial sequence numbers that a host chooses, in the order of its connections: whether they
// come again, and whether they can be guessed (RFC 9293, 3.4.1; RFC 6528).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "stack/base/address.hpp"
#include "stack/base/seq.hpp"
#include "stack/verdict/isn_sequence.hpp"
#include "stack/verdict/rules.hpp"

namespace conker::verdict {

class IsnHistory {
 public:
  /// The ISN of the next connection, which has this local end. Of the three rules only the first
  /// one broken is told, once: who breaks one often breaks the others, too.
  std::optional<Broken> add(const Endpoint& ours, Seq isn);
  /// Allocated.
  std::size_t bytes() const { return known_.capacity() * sizeof(Known); }

 private:
  // Of the last kRemembered that are chosen at random three are equal less than once in 10^9
  // connections.
  static constexpr std::uint32_t kReturnsTold = 3;
  static constexpr std::size_t kRemembered = 1 << 16;

  struct Known {
    std::uint32_t value = 0, count = 0;
    std::uint32_t at = 0;  // the last connection that had it
  };

  std::optional<Broken> remember(Seq isn);

  IsnSequence sequence_;
  std::vector<Known> known_ = std::vector<Known>(kRemembered);
  std::uint32_t connections_ = 0;
  bool told_ = false;
};

}  // namespace conker::verdict
