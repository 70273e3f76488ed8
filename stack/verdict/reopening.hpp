// Whether a peer lets a four-tuple be opened again whose connection has just ended in order (RFC
// 6191; RFC 9293, 3.6.1 and 3.10.7.4): it may be in TIME-WAIT, but the SYN's number is beyond all
// of the connection before.
//
// One SYN proves nothing: it may be lost, or refused for want of room. A rule is told, once, where
// so many SYNs fared badly that open a four-tuple again, and none of as many that open a fresh one
// meanwhile.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "stack/verdict/rules.hpp"

namespace conker::verdict {

class Reopenings {
 public:
  /// What a SYN opens.
  enum class Opens : std::uint8_t {
    kFresh,  // a four-tuple that was not seen before
    kAgain,  // one whose connection has ended in order, with a number beyond all that we sent
    kOther,  // one of which less is known
  };
  /// What became of it.
  enum class Outcome : std::uint8_t {
    kRefused,     // answered by a RST
    kUnanswered,  // sent again, without any answer
    kKept,        // answered by an ACK, as in TIME-WAIT, also after our RST
    kOpened,
  };

  /// `told`: how many must have fared so, and how many fresh ones have been opened since the first
  /// of them was sent.
  explicit Reopenings(std::uint32_t told) : told_(told) {}

  /// How many fresh ones have been opened so far.
  std::uint32_t opened() const { return opened_; }
  /// `opened_before`: opened(), when the SYN was sent first.
  std::optional<Broken> add(Opens opens, Outcome outcome, std::uint32_t opened_before);

 private:
  struct Count {
    std::uint32_t again = 0, fresh = 0;
    std::uint32_t opened_before = 0;  // of the first of `again`
    bool told = false;
  };

  std::uint32_t told_, opened_ = 0;  // fresh ones
  std::array<Count, 3> counts_{};    // by Outcome, but for kOpened
};

}  // namespace conker::verdict
