// The initial sequence numbers that a host chooses, in the order of its connections: whether they
// come again, and whether they can be guessed (RFC 9293, 3.4.1; RFC 6528).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "stack/base/address.hpp"
#include "stack/base/seq.hpp"
#include "stack/verdict/rules.hpp"

namespace conker::verdict {

class IsnHistory {
 public:
  /// The ISN of the next connection, which has this local end. Of the three rules only the first
  /// one broken is told, once: who breaks one often breaks the others, too.
  std::optional<Broken> add(const Endpoint& ours, Seq isn);

 private:
  // Numbers chosen at random break a rule by chance less than once in 10^9 connections: a number
  // equals the one before once in 2^32, which is told the second time; three among the last
  // kRemembered are equal less often still.
  static constexpr std::uint32_t kRepeatsTold = 2, kReturnsTold = 3;
  static constexpr std::size_t kRemembered = 1 << 16;
  static constexpr std::uint32_t kWindow = 256, kStep = 1 << 24, kCookiesBack = 8;

  struct Known {
    std::uint32_t value = 0, count = 0;
  };

  std::vector<Known> known_ = std::vector<Known>(kRemembered);
  std::optional<Seq> last_;
  Endpoint last_end_;
  std::uint32_t repeats_ = 0, steps_ = 0, steps_back_ = 0, in_window_ = 0;
  // Of the last kWindow. SYN cookies (RFC 4987, 3.6) have but 24 bits that look random, which go
  // back as often as on, and come again by chance.
  bool has_cookies_ = false;
  bool told_ = false;
};

}  // namespace conker::verdict
