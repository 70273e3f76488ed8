// The actions: a segment of a peer, a call of the application, a step of the turn, or the passing
// of time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace conker::explore {

/// The segments that a peer may send. Their numbers come from the stack's own tables, so that each
/// is what its name says in every state.
enum class Kind : std::uint8_t {
  kSyn,  // a new handshake; in the window of a connection; beyond the sequence space of TIME-WAIT
  kSynAgain,    // a duplicate of this connection's SYN, or an old one
  kSynAck,      // acknowledges SND.NXT
  kAck,         // acknowledges SND.NXT
  kAckOld,      // acknowledges SND.UNA
  kAckUnsent,   // acknowledges beyond SND.NXT
  kZeroWindow,  // acknowledges SND.NXT with a window of zero
  kData,        // a segment at RCV.NXT
  kDataLong,    // two segments' data at RCV.NXT
  kDataAhead,   // a segment out of order, one behind RCV.NXT
  kDataOld,     // a segment again that was received
  kFin,         // acknowledges SND.NXT
  kFinAgain,    // a retransmitted FIN: the last ACK was lost
  kFinCross,    // acknowledges SND.UNA: simultaneous close
  kFinData,     // with data at RCV.NXT
  kFinAhead,    // out of order, with data one segment behind RCV.NXT
  kRst,         // at RCV.NXT
  kRstInside,   // in the window, not at RCV.NXT
  kRstOutside,  // before the window
  kNoFlags,     // no flag, not even ACK
};
inline constexpr unsigned kKindCount = 20;

enum class Verb : std::uint8_t {
  kSegment,      // of a tuple
  kUnreachable,  // ICMP unreachable about the SYN of a tuple
  kConnect,      // with a tuple
  kClose,        // this and the following: of a slot
  kCloseSoon,    // with a time limit
  kAbort,
  kShutdown,
  kSend,
  kReceive,
  kAbortWaiting,  // of a connection that waits in the listener's accept queue
  kCloseWaiting,
  kListen,  // this and the following: without an argument
  kUnlisten,
  kAccept,
  kTime,   // up to the next deadline, and what is due then
  kEvent,  // takes one event
  kOutput,
  kReap,
  kTurn,              // takes all events, output, reap
  kLink,              // becomes busy, or free again
  kQuiesceByAbort,    // the application aborts everything; nothing may be left
  kQuiesceByClosing,  // it closes all, and peers are silent; nothing may be left
};
inline constexpr unsigned kVerbCount = 22;

struct Action {
  Verb verb = Verb::kTurn;
  std::uint8_t subject = 0;
  Kind kind = Kind::kSyn;

  constexpr bool operator==(const Action&) const = default;
};

/// The action as replays write it: "fin-ack 0", "connect 1", "time".
std::string name_of(const Action& action);
/// The action as stories write it: "the peer of 0 sends its FIN".
std::string tell(const Action& action);
/// Parses actions separated by commas; nothing, and in `unknown` the first invalid one.
std::optional<std::vector<Action>> parse_actions(std::string_view text, std::string& unknown);

}  // namespace conker::explore
