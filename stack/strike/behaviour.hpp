// The ways in which a strike ends its connections: a row for each, of what it does and when. A new
// way is a name and a row.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace conker {

enum class WayToClose : std::uint8_t {
  kFin,
  kReset,
  kFinWithAck,
  kFinLate,
  kPeerFirst,
  kResetLate,
  kAbortConnecting,
  kHalfClose,
  kDataFin,
  kUnsent,
  kResetUnread,
  kResetOutside,
  kResetInside,
  kSynInside,
  kAckBeyond,
  kFinEarly,
  kFinOverlap,
  kReopen,
  kSynSilence,
  kWindowSmall,
  kWindowShut,
  kAckSilence,
  kSynData,
  kDataToClosed,
  kSimultaneousOpen,
};
inline constexpr std::size_t kWaysToClose = 25;

constexpr std::string_view choices_of(WayToClose) {
  return "fin|rst|fin-with-ack|fin-late|peer-first|rst-late|abort-connecting|half-close|data-fin|"
         "unsent|rst-unread|rst-outside|rst-inside|syn-inside|ack-beyond|fin-early|fin-overlap|"
         "reopen|syn-silence|window-small|window-shut|ack-silence|syn-data|data-to-closed|"
         "simultaneous-open";
}

/// What one cycle does, step by step; behind the last one stands kDone.
struct Behaviour {
  enum class When : std::uint8_t {
    kBegun,          // before the SYN leaves
    kSynSent,        // in the turn after the SYN has left
    kConnected,      // in the turn in which the SYN-ACK came: what is sent rides on its ACK
    kAckSent,        // in the turn after that
    kHeld,           // when it has been established for StrikeRequest::hold
    kData,           // when data of the peer has arrived
    kPeerFin,        // when the peer's FIN has arrived
    kPeerFinOrHeld,  // whichever comes first
    kAnswered,       // when the payload has been answered as StrikeRequest::expect has it
    kDone,           // there is no such step: the end is all that is waited for
  };
  enum class What : std::uint8_t {
    kSend,             // StrikeRequest::payload
    kClose,            // what has arrived is read first, so that a FIN leaves and no RST
    kCloseUnread,      // a RST, when something has arrived
    kReset,            // ABORT: a RST, but in SYN-SENT
    kShutdown,         // our FIN; what the peer sends is still read
    kSendAndShutdown,  // the FIN rides on the payload
    kFillAndClose,     // as much of StrikeRequest::filling as the send queue takes, then the FIN
    kLongFin,          // several segments of payload, and the FIN on the last one
    kGreet,            // the payload, unless the peer has spoken: its ACK shows ESTABLISHED
    // What no connection of the stack does (Strike::Provoker).
    kResetOutside,  // two RSTs, one before the peer's window and one behind it
    kResetInside,   // a RST in the middle of the peer's window
    kSynInside,     // a SYN there
    kAckBeyond,     // an ACK of what the peer has not sent
    kProbe,         // a keepalive probe, which a peer with a connection answers by an ACK
    kFinEarly,      // the end of the payload with the FIN, the beginning left out
    kCarry,         // the SYN carries the payload, in every second cycle (SynData)
    kNarrow,        // windows smaller than they are are told from now on (NarrowWindows)
    kSmall,         // they stay small; a payload that is longer
    kShut,          // no more than the first one; a payload that is longer
    kWiden,         // they are told as they are
    kMute,          // ACKs that bring nothing else do not leave from now on (UnheardAcks)
    kFinRest,       // the beginning, and the whole again
    kFinOverlap,    // the beginning, and the whole with the FIN
    kForsake,       // nothing any more, not even the last ACK of the handshake
  };
  struct Step {
    When when = When::kDone;
    What what = What::kClose;
  };
  /// Whether it is what no connection of the stack does.
  static constexpr bool is_raw(What what) { return what >= What::kResetOutside; }
  /// Whether the connection is not being closed yet after it.
  static constexpr bool keeps_open(What what) {
    return what == What::kSend || what == What::kGreet || (is_raw(what) && what < What::kFinRest);
  }

  static constexpr std::size_t kSteps = 5;
  std::array<Step, kSteps + 1> steps;
  // How the connection may end for the cycle to count as completed.
  bool closes;  // both FINs were acknowledged
  bool resets;  // we reset it
  // Whether a later cycle opens from the same address and port (Origins).
  bool reopens = false;
  // Whether a RST of the peer completes the cycle, too, once the first step is done.
  bool provokes_reset = false;
  // Whether our SYN crosses the one by which the peer opens it (Crossings).
  bool crosses = false;
};

namespace detail {
using When = Behaviour::When;
using What = Behaviour::What;

/// The provocation, then a probe whether the connection has survived it, then the ordinary close.
/// Between them the peer is given time, so that each answer is known from the next; what it answers
/// to the greeting may come later than all of them.
constexpr Behaviour provoked_by(What what) {
  return {{{{When::kHeld, What::kGreet},
            {When::kHeld, what},
            {When::kHeld, What::kProbe},
            {When::kHeld, What::kShutdown},
            {When::kPeerFin, What::kClose}}},
          true,
          false};
}

inline constexpr std::array<Behaviour, kWaysToClose> kBehaviours{{
    /* fin              */ {{{{When::kAckSent, What::kClose}, {}}}, true, false},
    /* rst              */ {{{{When::kConnected, What::kReset}, {}}}, false, true},
    /* fin-with-ack     */ {{{{When::kConnected, What::kClose}, {}}}, true, false},
    /* fin-late         */ {{{{When::kHeld, What::kClose}, {}}}, true, false},
    /* peer-first       */ {{{{When::kPeerFin, What::kClose}, {}}}, true, false},
    /* rst-late         */ {{{{When::kHeld, What::kReset}, {}}}, false, true},
    /* abort-connecting */ {{{{When::kSynSent, What::kReset}, {}}}, false, true},
    /* half-close       */
    {{{{When::kAckSent, What::kShutdown}, {When::kPeerFin, What::kClose}}}, true, false},
    /* data-fin         */
    {{{{When::kAckSent, What::kSendAndShutdown}, {When::kPeerFin, What::kClose}}}, true, false},
    /* unsent           */
    {{{{When::kAckSent, What::kFillAndClose}, {When::kHeld, What::kReset}}}, true, true},
    /* rst-unread       */
    {{{{When::kAckSent, What::kSend}, {When::kData, What::kCloseUnread}}}, false, true},
    /* rst-outside      */ provoked_by(What::kResetOutside),
    /* rst-inside       */ provoked_by(What::kResetInside),
    /* syn-inside       */ provoked_by(What::kSynInside),
    /* ack-beyond       */ provoked_by(What::kAckBeyond),
    /* fin-early        */
    {{{{When::kHeld, What::kFinEarly},
       {When::kHeld, What::kFinRest},
       {When::kPeerFin, What::kClose}}},
     true,
     false},
    /* fin-overlap      */
    {{{{When::kHeld, What::kFinOverlap}, {When::kPeerFin, What::kClose}}}, true, false},
    // TIME-WAIT is the peer's where it closes within `hold`.
    /* reopen           */
    {{{{When::kPeerFinOrHeld, What::kClose}, {}}}, true, false, true},
    /* syn-silence      */ {{{{When::kConnected, What::kForsake}, {}}}, false, true},
    /* window-small     */
    {{{{When::kBegun, What::kNarrow},
       {When::kConnected, What::kSmall},
       {When::kHeld, What::kShutdown},
       {When::kPeerFin, What::kClose}}},
     true,
     false},
    /* window-shut      */
    {{{{When::kBegun, What::kNarrow},
       {When::kConnected, What::kShut},
       {When::kHeld, What::kWiden},
       {When::kHeld, What::kShutdown},
       {When::kPeerFin, What::kClose}}},
     true,
     false},
    /* ack-silence      */
    {{{{When::kAckSent, What::kMute},
       {When::kAckSent, What::kLongFin},
       {When::kPeerFin, What::kClose}}},
     true,
     false},
    /* syn-data         */
    {{{{When::kBegun, What::kCarry},
       {When::kConnected, What::kSend},
       {When::kAckSent, What::kShutdown},
       {When::kPeerFin, What::kClose}}},
     true,
     false},
    // A peer whose application has closed answers the data by a RST.
    /* data-to-closed   */
    {{{{When::kPeerFin, What::kSend}, {When::kHeld, What::kReset}}}, false, true, false, true},
    /* simultaneous-open */
    {{{{When::kAckSent, What::kClose}, {}}}, true, false, false, false, true},
}};
}  // namespace detail

constexpr const Behaviour& behaviour_of(WayToClose way) {
  return detail::kBehaviours[static_cast<std::size_t>(way)];
}

/// Whether the way needs what no connection of the stack does.
constexpr bool provokes(WayToClose way) {
  for (const Behaviour::Step& step : behaviour_of(way).steps) {
    if (Behaviour::is_raw(step.what)) return true;
  }
  return false;
}

/// Whether frames of such a connection are edited (Edits).
constexpr bool edits(WayToClose way) {
  const Behaviour::Step& first = behaviour_of(way).steps[0];
  return first.when == Behaviour::When::kBegun || first.what == Behaviour::What::kMute;
}

/// Whether it opens connections that a peer opens at the same time.
constexpr bool crosses(WayToClose way) {
  return behaviour_of(way).crosses;
}

/// How often each way is taken, in proportion.
struct Mix {
  std::array<std::uint16_t, kWaysToClose> weights{};

  static constexpr Mix only(WayToClose way) {
    Mix mix;
    mix.weights[static_cast<std::size_t>(way)] = 1;
    return mix;
  }
  constexpr std::uint32_t total() const {
    std::uint32_t sum = 0;
    for (const std::uint16_t weight : weights) sum += weight;
    return sum;
  }
  /// Whether one of the ways that are taken is so.
  constexpr bool any_of(auto&& is_so) const {
    for (std::size_t way = 0; way < kWaysToClose; ++way) {
      if (weights[way] != 0 && is_so(static_cast<WayToClose>(way))) return true;
    }
    return false;
  }
  constexpr bool provokes() const {
    return any_of([](WayToClose way) { return conker::provokes(way); });
  }
  constexpr bool edits() const {
    return any_of([](WayToClose way) { return conker::edits(way); });
  }
  constexpr bool crosses() const {
    return any_of([](WayToClose way) { return conker::crosses(way); });
  }
  /// The only way that there is; none when there are several.
  constexpr std::optional<WayToClose> sole() const {
    std::optional<WayToClose> found;
    for (std::size_t way = 0; way < kWaysToClose; ++way) {
      if (weights[way] == 0) continue;
      if (found) return std::nullopt;
      found = static_cast<WayToClose>(way);
    }
    return found;
  }
  /// The way that the n-th of total() shares belongs to.
  constexpr WayToClose at(std::uint32_t n) const {
    std::size_t way = 0;
    while (way + 1 < kWaysToClose && n >= weights[way]) n -= weights[way++];
    return static_cast<WayToClose>(way);
  }
};

}  // namespace conker
