#include "tests/unit/tcp_matrix_table.hpp"

#include <array>

#include "stack/tcp/diagram.hpp"

namespace conker::test::matrix {
namespace {

// ---- Sets that the rows use ----

using enum Start;
constexpr auto kNobody = set(kClosed, kDestroy);
constexpr auto kListening = set(kListen);
constexpr auto kConnecting = set(kSynSent);
constexpr auto kPassive = set(kHalfOpen);
constexpr auto kActive = set(kSynReceived);
constexpr auto kReceived = kPassive | kActive;
constexpr auto kOpen = set(kEstablished);
constexpr auto kFw1 = set(kFinWait1);
constexpr auto kFw2 = set(kFinWait2);
constexpr auto kFinWait = kFw1 | kFw2;
constexpr auto kBothClosing = set(kClosing);
constexpr auto kClosingLast = set(kLastAck);
constexpr auto kFinTaken = set(kCloseWait, kClosing, kLastAck);  // the peer's FIN was received
constexpr auto kReopenable = set(kTimeWaitListened);
constexpr auto kWaiting = set(kTimeWait, kTimeWaitListened);
constexpr auto kEvery = all<Start>();

constexpr auto kAnyRst = set(Kind::kRst, Kind::kRstAck);
constexpr auto kAnySyn = set(Kind::kSyn, Kind::kSynAck);
constexpr auto kSyn = set(Kind::kSyn);
constexpr auto kSynAck = set(Kind::kSynAck);
constexpr auto kFinAck = set(Kind::kFinAck);
constexpr auto kPureAck = set(Kind::kAck);
constexpr auto kRst = set(Kind::kRst);
constexpr auto kWithAck = set(Kind::kSynAck, Kind::kFinAck, Kind::kAck, Kind::kRstAck);
constexpr auto kNoAck = set(Kind::kSyn, Kind::kFin, Kind::kRst, Kind::kNone);
constexpr auto kAnything = all<Kind>();

constexpr auto kAnywhere = all<Place>();
constexpr auto kOutside = set(Place::kLeft, Place::kJustLeft, Place::kRight);
constexpr auto kRepeated = set(Place::kJustLeft);
constexpr auto kNext = set(Place::kLeftEdge);
constexpr auto kAhead = set(Place::kInside, Place::kRightEdge);
constexpr auto kBehind = set(Place::kInside, Place::kRightEdge, Place::kRight);

constexpr auto kAnyAck = all<Ack>();
constexpr auto kNew = set(Ack::kNxt);
constexpr auto kNotNew = set(Ack::kAncient, Ack::kOld, Ack::kUna, Ack::kBeyond);
constexpr auto kImpossible = set(Ack::kAncient, Ack::kBeyond);
constexpr auto kAckOfSent = set(Ack::kAncient, Ack::kOld, Ack::kUna, Ack::kNxt);

constexpr auto kStays = std::nullopt;
constexpr auto kNone = std::nullopt;
constexpr auto kDelivered = Count::segments_delivered;
constexpr auto kUnacceptable = Count::drop_segment_unacceptable;
constexpr auto kFlags = Count::drop_segment_flags;
constexpr auto kBadAck = Count::drop_segment_ack;
constexpr auto kBadReset = Count::drop_segment_reset;
constexpr auto kNoConnection = Count::drop_segment_no_connection;

// clang-format off
constexpr std::array kRows{
// ---- 3.10.7.1: CLOSED, and Destroy, whose connection a segment does not find ----
Row{kNobody, kAnyRst, kAnywhere, kAnyAck, Answer::kNothing, kStays, kBadReset, kNone,
    "9293 3.10.7.1: a RST is discarded"},
Row{kNobody, kWithAck, kAnywhere, kAnyAck, Answer::kReset, kStays, kNoConnection, kNone,
    "9293 3.10.7.1: ACK bit on"},
Row{kNobody, kNoAck, kAnywhere, kAnyAck, Answer::kResetAck, kStays, kNoConnection, kNone,
    "9293 3.10.7.1: ACK bit off"},

// ---- 3.10.7.2: LISTEN ----
Row{kListening, kAnyRst, kAnywhere, kAnyAck, Answer::kNothing, kStays, kBadReset, kNone,
    "9293 3.10.7.2, first: a RST cannot be for anything sent from here"},
Row{kListening, kWithAck, kAnywhere, kAnyAck, Answer::kReset, kStays, kNoConnection, kNone,
    "9293 3.10.7.2, second: any ACK is bad"},
Row{kListening, kSyn, kAnywhere, kAnyAck, Answer::kSynAck, State::kSynReceived, kDelivered, kNone,
    "9293 3.10.7.2, third"},
Row{kListening, kNoAck, kAnywhere, kAnyAck, Answer::kNothing, kStays, kFlags, kNone,
    "9293 3.10.7.2, fourth: anything else is dropped"},

// ---- 3.10.7.3: SYN-SENT ----
Row{kConnecting, set(Kind::kRstAck), kAnywhere, kNotNew, Answer::kNothing, kStays, kBadReset, kNone,
    "9293 3.10.7.3, first: an unacceptable ACK, unless the RST bit is set"},
Row{kConnecting, kWithAck, kAnywhere, kNotNew, Answer::kResetSyn, kStays, kBadAck, kNone,
    "9293 3.10.7.3, first: an unacceptable ACK"},
Row{kConnecting, set(Kind::kRstAck), kAnywhere, kNew, Answer::kNothing, State::kClosed, kDelivered, Count::ended_refused,
    "9293 3.10.7.3, second: connection reset, the ACK being acceptable"},
Row{kConnecting, kRst, kAnywhere, kAnyAck, Answer::kNothing, kStays, kBadReset, kNone,
    "9293 3.10.7.3, second: otherwise (no ACK) drop"},
Row{kConnecting, kSynAck, kAnywhere, kNew, Answer::kTaken, State::kEstablished, kDelivered, kNone,
    "9293 3.10.7.3, fourth: our SYN has been acknowledged"},
Row{kConnecting, kSyn, kAnywhere, kAnyAck, Answer::kSynAck, State::kSynReceived, kDelivered, kNone,
    "9293 3.10.7.3, fourth: otherwise enter SYN-RECEIVED"},
Row{kConnecting, kAnything, kAnywhere, kAnyAck, Answer::kNothing, kStays, kFlags, kNone,
    "9293 3.10.7.3, fifth: neither of SYN or RST"},

// ---- 3.10.7.4, segments outside of the window that are not simply refused ----
Row{kPassive, kSyn, kRepeated, kAnyAck, Answer::kSynAck, kStays, kDelivered, kNone,
    "9293 3.10.7.4, first: an ACK in reply; the peer's SYN again shows that ours was lost, so it goes with the ACK"},
Row{kActive, kSynAck, kRepeated, kNew, Answer::kNothing, State::kEstablished, kDelivered, kNone,
    "9293 3.5, figure 7: both opened at once"},
Row{kActive, kSynAck, kRepeated, kNotNew, Answer::kReset, kStays, kBadAck, kNone,
    "9293 3.10.7.4, fifth, SYN-RECEIVED: the ACK is not acceptable"},
Row{kWaiting, kFinAck, kRepeated, kAckOfSent, Answer::kAck, kStays, kDelivered, kNone,
    "9293 3.10.7.4, fifth, TIME-WAIT: a retransmission of the remote FIN is acknowledged"},
Row{kReopenable, kSyn, kBehind, kAnyAck, Answer::kSynAckAnew, State::kSynReceived, kDelivered, kNone,
    "9293 3.6.1, MAY-2 (RFC 1122, 4.2.2.13): a SYN beyond all that the old connection used reopens it; the record stays meanwhile"},

// ---- 3.10.7.4, first: the sequence number ----
Row{kEvery, kAnyRst, kOutside, kAnyAck, Answer::kNothing, kStays, kUnacceptable, kNone,
    "9293 3.10.7.4, first: unacceptable, and the RST bit is set; RFC 5961, 3.2, 1"},
Row{kEvery, kAnySyn, kOutside, kAnyAck, Answer::kChallenge, kStays, kUnacceptable, kNone,
    "RFC 5961, 4.2: a SYN, irrespective of the sequence number"},
Row{kEvery, kAnything, kOutside, kAnyAck, Answer::kAck, kStays, kUnacceptable, kNone,
    "9293 3.10.7.4, first: unacceptable, an acknowledgment is sent in reply"},

// ---- 3.10.7.4, second: the RST bit ----
Row{kEvery, kAnyRst, kAhead, kAnyAck, Answer::kChallenge, kStays, kBadReset, kNone,
    "9293 3.10.7.4, second, 3 (RFC 5961, 3.2): in the window, but not the next"},
Row{kPassive, kAnyRst, kNext, kAnyAck, Answer::kNothing, State::kListen, kDelivered, Count::half_open_reset,
    "9293 3.10.7.4, second, SYN-RECEIVED after a passive open: back to LISTEN"},
Row{kActive, kAnyRst, kNext, kAnyAck, Answer::kNothing, State::kClosed, kDelivered, Count::ended_refused,
    "9293 3.10.7.4, second, SYN-RECEIVED after an active open: refused"},
Row{kReopenable, kAnyRst, kNext, kAnyAck, Answer::kNothing, State::kListen, kDelivered, Count::time_wait_reset,
    "9293 3.10.7.4, second, TIME-WAIT: only the listener is left"},
Row{kWaiting, kAnyRst, kNext, kAnyAck, Answer::kNothing, State::kClosed, kDelivered, Count::time_wait_reset,
    "9293 3.10.7.4, second, TIME-WAIT"},
Row{kEvery, kAnyRst, kNext, kAnyAck, Answer::kNothing, State::kClosed, kDelivered, Count::ended_reset,
    "9293 3.10.7.4, second, 2: exactly the next"},

// ---- 3.10.7.4, fourth: the SYN bit ----
Row{kPassive, kSyn, kNext | kAhead, kAnyAck, Answer::kSynAck, kStays, kDelivered, Count::half_open_replaced,
    "9293 3.10.7.4, fourth, SYN-RECEIVED after a passive open: back to LISTEN, which takes the SYN"},
Row{kEvery, kAnySyn, kNext | kAhead, kAnyAck, Answer::kChallenge, kStays, kFlags, kNone,
    "9293 3.10.7.4, fourth (RFC 5961, 4.2): a SYN in a synchronized state is challenged"},

// ---- 3.10.7.4, fifth: the ACK field ----
Row{kEvery, kNoAck, kNext | kAhead, kAnyAck, Answer::kNothing, kStays, kFlags, kNone,
    "9293 3.10.7.4, fifth: the ACK bit is off"},
Row{kReceived, kWithAck, kNext | kAhead, kNotNew, Answer::kReset, kStays, kBadAck, kNone,
    "9293 3.10.7.4, fifth, SYN-RECEIVED: the ACK is not acceptable"},
Row{kReceived, kPureAck, kNext | kAhead, kNew, Answer::kNothing, State::kEstablished, kDelivered, kNone,
    "9293 3.10.7.4, fifth, SYN-RECEIVED"},
Row{kWaiting, kPureAck, kNext, kAnyAck, Answer::kNothing, kStays, kDelivered, kNone,
    "9293 3.10.7.4, fifth, TIME-WAIT: nothing to acknowledge, or two in TIME-WAIT would talk for ever"},
Row{kWaiting, kPureAck | kFinAck, kNext | kAhead, kAnyAck, Answer::kAck, kStays, kUnacceptable, kNone,
    "9293 3.10.7.4, fifth, TIME-WAIT: beyond the peer's FIN there is nothing"},
Row{kEvery, kWithAck, kNext | kAhead, kImpossible, Answer::kChallenge, kStays, kBadAck, kNone,
    "9293 3.10.7.4, fifth (RFC 5961, 5.2): of what was never sent, or of long ago"},
Row{kBothClosing, kWithAck, kNext | kAhead, kNew, Answer::kNothing, State::kTimeWait, kDelivered, Count::ended_closed,
    "9293 3.10.7.4, fifth, CLOSING: our FIN is acknowledged"},
Row{kClosingLast, kWithAck, kNext | kAhead, kNew, Answer::kNothing, State::kClosed, kDelivered, Count::ended_closed,
    "9293 3.10.7.4, fifth, LAST-ACK: our FIN is acknowledged"},
Row{kFw1, kPureAck, kNext | kAhead, kNew, Answer::kNothing, State::kFinWait2, kDelivered, kNone,
    "9293 3.10.7.4, fifth, FIN-WAIT-1: our FIN is acknowledged"},

// ---- 3.10.7.4, eighth: the FIN bit ----
Row{kReceived, kFinAck, kNext, kNew, Answer::kTaken, State::kCloseWait, kDelivered, kNone,
    "9293 3.10.7.4, fifth, SYN-RECEIVED, and eighth, ESTABLISHED"},
Row{kReceived, kFinAck, kAhead, kNew, Answer::kAck, State::kEstablished, kDelivered, kNone,
    "9293 3.10.7.4, fifth, SYN-RECEIVED; a FIN beyond a hole waits"},
Row{kOpen, kFinAck, kNext, kAnyAck, Answer::kTaken, State::kCloseWait, kDelivered, kNone,
    "9293 3.10.7.4, eighth, ESTABLISHED"},
Row{kFw1, kFinAck, kNext, kNew, Answer::kTaken, State::kTimeWait, kDelivered, Count::ended_closed,
    "9293 3.10.7.4, eighth, FIN-WAIT-1: our FIN has been acknowledged in this segment"},
Row{kFw1, kFinAck, kNext, kNotNew, Answer::kTaken, State::kClosing, kDelivered, kNone,
    "9293 3.10.7.4, eighth, FIN-WAIT-1: otherwise CLOSING"},
Row{kFw1, kFinAck, kAhead, kNew, Answer::kAck, State::kFinWait2, kDelivered, kNone,
    "9293 3.10.7.4, fifth, FIN-WAIT-1; a FIN beyond a hole waits"},
Row{kFw2, kFinAck, kNext, kAnyAck, Answer::kTaken, State::kTimeWait, kDelivered, Count::ended_closed,
    "9293 3.10.7.4, eighth, FIN-WAIT-2"},
Row{kOpen | kFinWait, kFinAck, kAhead, kAnyAck, Answer::kAck, kStays, kDelivered, kNone,
    "9293 3.10.7.4, seventh: what lies beyond a hole is held, and acknowledged where the hole is"},
Row{kFinTaken, kFinAck, kNext | kAhead, kAnyAck, Answer::kAck, kStays, kDelivered, kNone,
    "9293 3.10.7.4, eighth: CLOSE-WAIT, CLOSING and LAST-ACK remain; there is no second FIN to move on to"},
Row{kOpen | kFinWait | kFinTaken, kPureAck, kNext | kAhead, kAnyAck, Answer::kNothing, kStays, kDelivered, kNone,
    "9293 3.10.7.4, fifth: an ACK, perhaps a duplicate; an ACK is never answered"},
};
// clang-format on

}  // namespace

std::span<const Row> rows() {
  return kRows;
}

}  // namespace conker::test::matrix
