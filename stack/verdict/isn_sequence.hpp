// Whether each initial sequence number of a host can be told from the one before (RFC 9293, 3.4.1;
// RFC 6528). What has room for more asks IsnHistory (isn.hpp).
#pragma once

#include <cstdint>
#include <optional>

#include "stack/base/address.hpp"
#include "stack/base/seq.hpp"
#include "stack/verdict/rules.hpp"

namespace conker::verdict {

class IsnSequence {
 public:
  /// The ISN of the next connection, which has this end of ours.
  std::optional<Broken> add(const Endpoint& ours, Seq isn);
  /// Whether the last ones seemed to be SYN cookies (RFC 4987, 3.6), which have but 24 bits that
  /// look random: these go back as often as on, and come again by chance.
  bool has_cookies() const { return has_cookies_; }

 private:
  // Numbers chosen at random break a rule by chance less than once in 10^9 connections: a number
  // equals the one before once in 2^32, which is told the second time.
  static constexpr std::uint32_t kRepeatsTold = 2;
  static constexpr std::uint32_t kWindow = 256, kStep = 1 << 24, kCookiesBack = 8;

  std::optional<Seq> last_;
  Endpoint last_end_;
  std::uint32_t repeats_ = 0, steps_ = 0, steps_back_ = 0, in_window_ = 0;
  bool has_cookies_ = false;
};

}  // namespace conker::verdict
