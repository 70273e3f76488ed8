// RFC 9293, 3.10.7 (SEGMENT ARRIVES) with RFC 5961 for segments without data, as a table: the
// state, the flags, the place in the window and the ACK field; then the answer, the next state and
// the counters.
//
// A cell of the matrix is described by the first row that covers it, so the order of the rows is
// the order of the RFC's steps, and a row may rely on those above it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "stack/base/counters.hpp"
#include "stack/tcp/types.hpp"

namespace conker::test::matrix {

/// The state of a four-tuple when a segment arrives for it.
enum class Start : std::uint8_t {
  kClosed,  // both sides have sent FIN; the application has yet to close
  kListen,
  kSynSent,
  kHalfOpen,     // SYN-RECEIVED after a passive open: a half-open record
  kSynReceived,  // SYN-RECEIVED after a simultaneous open: a connection
  kEstablished,  // with a byte in flight
  kFinWait1,
  kFinWait2,
  kCloseWait,  // with a byte in flight
  kClosing,
  kLastAck,
  kTimeWait,          // after an active open
  kTimeWaitListened,  // after a passive open, with the listener still there
  kDestroy,           // aborted in the same turn
  kCount,
};

/// The flags of the segment.
enum class Kind : std::uint8_t { kSyn, kSynAck, kFin, kFinAck, kAck, kRst, kRstAck, kNone, kCount };

/// SEG.SEQ against RCV.NXT and RCV.WND.
enum class Place : std::uint8_t {
  kLeft,       // far before the window
  kJustLeft,   // the last sequence number received: a repetition of the peer's SYN or FIN
  kLeftEdge,   // RCV.NXT
  kInside,     // RCV.NXT + 1: in the window, but not the next
  kRightEdge,  // the last sequence number of the window
  kRight,      // beyond it
  kCount,
};

/// SEG.ACK against SND.UNA and SND.NXT.
enum class Ack : std::uint8_t {
  kAncient,  // more than MAX.SND.WND before SND.UNA (RFC 5961, 5.2)
  kOld,      // SND.UNA - 1
  kUna,
  kNxt,
  kBeyond,  // SND.NXT + 1
  kCount,
};

enum class Answer : std::uint8_t {
  kNothing,
  kAck,         // <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>
  kChallenge,   // the same, and counted as a challenge ACK (RFC 5961)
  kTaken,       // <SEQ=SND.NXT><ACK=SEG.SEQ+SEG.LEN><CTL=ACK>: its SYN or FIN is acknowledged
  kSynAck,      // <SEQ=ISS><ACK=SEG.SEQ+1><CTL=SYN,ACK>
  kSynAckAnew,  // the same with a new ISS
  kReset,       // <SEQ=SEG.ACK><CTL=RST>
  kResetSyn,    // kReset, and behind it the SYN again
  kResetAck,    // <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>
};

/// A set of values of one of the enumerations above.
template <typename E>
struct Set {
  std::uint32_t bits = 0;
  constexpr bool has(E value) const { return (bits >> static_cast<unsigned>(value) & 1) != 0; }
  constexpr Set operator|(Set other) const { return {bits | other.bits}; }
};
template <typename E, typename... Es>
constexpr Set<E> set(E first, Es... rest) {
  return {(1u << static_cast<unsigned>(first)) | (0u | ... | (1u << static_cast<unsigned>(rest)))};
}
template <typename E>
constexpr Set<E> all() {
  return {(1u << static_cast<unsigned>(E::kCount)) - 1};
}

struct Row {
  Set<Start> starts;
  Set<Kind> kinds;
  Set<Place> places;
  Set<Ack> acks;  // without meaning for segments without the ACK bit
  Answer answer;
  std::optional<State> next;   // nothing: the state stays
  Count fate;                  // the counter of the segment
  std::optional<Count> ended;  // the counter of the connection or record that it ended
  std::string_view section;
};

/// The whole matrix.
std::span<const Row> rows();

}  // namespace conker::test::matrix
