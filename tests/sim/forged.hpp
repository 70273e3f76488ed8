// What somebody off the path forges, who guesses: segments of every shape that RFC 9293, 5961 and
// 7323 refuse, never one that they concede (a RST at RCV.NXT; data in the window with an ACK that
// can be).
#pragma once

#include <cstdint>

#include "stack/base/seq.hpp"
#include "tests/sim/context.hpp"
#include "tests/sim/dice.hpp"
#include "tests/support/segment.hpp"

namespace conker::sim {

/// What a victim has: a connection or a record, and what a forger must know of it to be refused for
/// certain.
struct Mark {
  enum class Record : std::uint8_t { kConnection, kHalfOpen, kTimeWait };
  Record record = Record::kConnection;
  State state = State::kClosed;  // of a connection
  FourTuple tuple;               // local is the victim's
  std::uint32_t snd_una = 0, snd_nxt = 0, rcv_nxt = 0, rcv_wnd = 0;
  std::optional<Seq> peer_end;  // of what the true peer has sent
  bool timestamps = false;
  std::uint32_t peer_timestamp = 0;  // the last that the true peer sent; 0: unknown
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

/// False where no such segment is refused for certain. `numbers`: the forger knows sequence numbers
/// about; otherwise all are far away from the true ones.
bool forge(Shape shape, const Mark& mark, bool numbers, Dice& dice, test::WireSegment& out);

/// An ICMP message to the victim, of any type and code, about a segment of its own. What it quotes
/// is in flight only where that must not matter; a smaller MTU is never about what is in flight
/// (RFC 5927, 7.2). In SYN-SENT nothing in flight is quoted, for that may end the attempt (RFC
/// 5927, 5.2).
test::Bytes forge_icmp(const Mark& mark, bool numbers, Dice& dice);
/// Fragmentation needed, for any MTU, about what was never sent or acknowledged long ago.
test::Bytes forge_too_big(const Mark& mark, Dice& dice);

}  // namespace conker::sim
