// What can happen to a stack, one thing at a time: a segment of a peer, a call of the application,
// a step of the turn, time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace conker::explore {

/// Segments as a peer may send them. Numbers come from the stack's own tables, so that each is just
/// what its name says in every state.
enum class Kind : std::uint8_t {
  kSyn,  // a new handshake; inside the window of a connection; beyond all that TIME-WAIT remembers
  kSynAgain,    // the SYN of this very connection once more, or an old one
  kSynAck,      // of all that we have sent
  kAck,         // of all that we have sent
  kAckOld,      // of nothing new
  kAckUnsent,   // of what we have not sent yet
  kZeroWindow,  // an ACK of all, and the window is closed
  kData,        // the next bytes
  kDataLong,    // and those behind them
  kDataAhead,   // the bytes behind the next
  kDataOld,     // the last bytes again
  kFin,         // with an ACK of all
  kFinAgain,    // our last ACK did not arrive
  kFinCross,    // with an ACK of nothing new: it has crossed ours
  kFinData,     // with the next bytes
  kFinAhead,    // with the bytes behind the next
  kRst,         // just where it must be believed
  kRstInside,   // in the window, but not at its edge
  kRstOutside,  // before the window
  kNoFlags,     // neither ACK nor anything else
};
inline constexpr unsigned kKindCount = 20;

enum class Verb : std::uint8_t {
  kSegment,      // of a tuple
  kUnreachable,  // ICMP says that the SYN of a tuple did not arrive
  kConnect,      // with a tuple
  kClose,        // and the following: of a slot
  kCloseSoon,    // with a bound
  kAbort,
  kShutdown,
  kSend,
  kReceive,
  kAbortWaiting,  // somebody found the id in the listener's queue
  kCloseWaiting,
  kListen,  // and the following: of nothing in particular
  kUnlisten,
  kAccept,
  kTime,   // up to the next deadline, and what is due
  kEvent,  // one
  kOutput,
  kReap,
  kTurn,           // all events, output, reap
  kLink,           // becomes busy, or free again
  kHomeByAbort,    // the application aborts everything; nothing may be left
  kHomeByClosing,  // it closes everything and the peer is silent; nothing may be left
};
inline constexpr unsigned kVerbCount = 22;

struct Action {
  Verb verb = Verb::kTurn;
  std::uint8_t subject = 0;
  Kind kind = Kind::kSyn;

  constexpr bool operator==(const Action&) const = default;
};

/// As it is written in a replay: "fin-ack 0", "connect 1", "time".
std::string name_of(const Action& action);
/// As it is told in a story: "the peer of 0 sends its FIN".
std::string tell(const Action& action);
/// Actions with commas between them; nothing, and in `unknown` the first that is none.
std::optional<std::vector<Action>> parse_actions(std::string_view text, std::string& unknown);

}  // namespace conker::explore
