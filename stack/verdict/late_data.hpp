// What a peer makes of data that comes after its FIN: one whose application has closed answers by a
// RST, since nobody will read the data (RFC 9293, 3.6.1, SHLD-3; RFC 2525, 2.16). One that has only
// shut down its sending half takes the data, and rightly so.
//
// Which of the two an application has done is not seen on the wire. So a rule is told, once, where
// so many connections took such data and none of all was reset for it.
#pragma once

#include <cstdint>
#include <optional>

#include "stack/base/seq.hpp"
#include "stack/verdict/habit.hpp"
#include "stack/verdict/rules.hpp"

namespace conker::verdict {

/// Of one connection.
struct LateData {
  bool sent = false;  // after the peer's FIN had come
  Seq at;             // its first byte

  void on_sent(Seq first) {
    if (!sent) at = first;
    sent = true;
  }
};

/// Of all connections with the peer.
class LateDataTally {
 public:
  /// `told`: how many must have taken it.
  explicit LateDataTally(std::uint32_t told) : told_(told) {}

  /// The peer has reset the connection.
  void reset(const LateData& data) {
    if (data.sent) static_cast<void>(taken_.add(true, told_));
  }
  /// We have reset it, and the peer has not. `una`: SND.UNA.
  std::optional<Broken> outlived(const LateData& data, Seq una) {
    if (!data.sent || una <= data.at || !taken_.add(false, told_)) return std::nullopt;
    return Broken{Rule::kDataAfterCloseTaken, 0, taken_.wrong()};
  }

 private:
  std::uint32_t told_;
  Habit taken_;
};

}  // namespace conker::verdict
