// Segments of a blind attacker: all shapes that RFC 9293, 5961 and 7323 refuse, and none that they
// accept (a RST at RCV.NXT; data in the window with a plausible ACK).
#pragma once

#include <cstdint>

#include "stack/base/seq.hpp"
#include "tests/sim/context.hpp"
#include "tests/sim/dice.hpp"
#include "tests/support/segment.hpp"

namespace conker::sim {

/// The victim of a forged segment: a connection or a record, with the numbers that a forger needs
/// so that the segment is refused for certain.
struct Mark {
  enum class Record : std::uint8_t { kConnection, kHalfOpen, kTimeWait };
  Record record = Record::kConnection;
  State state = State::kClosed;  // of a connection
  FourTuple tuple;               // local is the victim's
  std::uint32_t snd_una = 0, snd_nxt = 0, rcv_nxt = 0, rcv_wnd = 0;
  std::optional<Seq> peer_end;  // end of what the genuine peer has sent
  bool timestamps = false;
  std::uint32_t peer_timestamp = 0;  // the last one of the genuine peer; 0: unknown
};

enum class Shape : std::uint8_t {
  kNoFlags,
  kAckOfTheUnsent,
  kAckOfLongAgo,
  kSyn,
  kSynAck,
  kRstInWindow,
  kRstOutside,
  kFinWithoutAck,
  kDataWithBadAck,
  kKeepalive,
  kOldData,
  kBeyondWindow,
};
inline constexpr std::uint32_t kShapes = 12;
const char* to_string(Shape shape);

/// Makes a segment of this shape; false where none is refused for certain. `numbers`: the forger
/// knows approximate sequence numbers; otherwise all are far from the right ones.
bool forge(Shape shape, const Mark& mark, bool numbers, Dice& dice, test::WireSegment& out);

/// An ICMP message to the victim, of any type and code, about a segment of its own. The quoted
/// segment is in flight only where that must not matter; a smaller MTU is never about data in
/// flight (RFC 5927, 7.2). In SYN-SENT nothing in flight is quoted, since it may end the attempt
/// (RFC 5927, 5.2).
test::Bytes forge_icmp(const Mark& mark, bool numbers, Dice& dice);
/// Fragmentation needed, for any MTU, about data never sent or acknowledged long ago.
test::Bytes forge_too_big(const Mark& mark, Dice& dice);

}  // namespace conker::sim
