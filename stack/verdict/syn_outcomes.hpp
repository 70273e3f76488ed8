// What becomes of SYNs that are not like those of every client: whether a peer lets a four-tuple be
// opened again whose connection has just ended in order (RFC 6191; RFC 9293, 3.6.1 and 3.10.7.4),
// since it may be in TIME-WAIT, but the SYN's number is beyond all of the connection before; and
// whether it bears data in a SYN (RFC 9293, 3.10.7.2).
//
// One SYN proves nothing: it may be lost, or refused for want of room. A rule is told, once, where
// so many SYNs of a kind fared badly, and none of as many plain ones of fresh four-tuples
// meanwhile.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "stack/verdict/rules.hpp"

namespace conker::verdict {

class SynOutcomes {
 public:
  enum class Kind : std::uint8_t {
    kAgain,     // of a four-tuple whose connection has ended in order, beyond all that we sent
    kWithData,  // of a four-tuple that was not seen before, with data
    kFresh,     // of one, without
    kOther,     // of a four-tuple of which less is known
  };
  enum class Outcome : std::uint8_t {
    kRefused,     // answered by a RST
    kUnanswered,  // sent again, without any answer
    kKept,        // answered by an ACK, as in TIME-WAIT, also after our RST
    kOpened,
  };

  /// `reused`: the four-tuple was seen before; `again`: it may be opened again.
  static constexpr Kind kind_of(bool reused, bool again, bool data) {
    if (data) return reused ? Kind::kOther : Kind::kWithData;
    return again ? Kind::kAgain : reused ? Kind::kOther : Kind::kFresh;
  }

  /// `told`: how many must have fared so, and how many fresh ones have been opened since the first
  /// of them was sent.
  explicit SynOutcomes(std::uint32_t told) : told_(told) {}

  /// How many fresh ones have been opened so far.
  std::uint32_t opened() const { return opened_; }
  /// `opened_before`: opened(), when the SYN was sent first.
  std::optional<Broken> add(Kind kind, Outcome outcome, std::uint32_t opened_before);

 private:
  struct Count {
    std::uint32_t fared = 0;
    std::uint32_t opened_before = 0;  // of the first of them
    bool told = false;
  };

  std::uint32_t told_, opened_ = 0;               // fresh ones
  std::array<std::uint32_t, 3> fresh_{};          // that fared badly, by Outcome
  std::array<std::array<Count, 3>, 2> counts_{};  // by Kind that has rules, and Outcome
};

}  // namespace conker::verdict
