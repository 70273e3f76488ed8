// The transition diagram of RFC 9293, figure 5, as data, with the lifetime that surrounds it.
#pragma once

#include <array>
#include <cstdint>

#include "stack/tcp/types.hpp"

namespace conker {

constexpr std::uint16_t state_bit(State state) {
  return static_cast<std::uint16_t>(1u << static_cast<unsigned>(state));
}

template <typename... States>
constexpr std::uint16_t states(States... all) {
  return static_cast<std::uint16_t>((0u | ... | state_bit(all)));
}

/// The states that may follow each. Passive opens begin as half-open records (SYN-RECEIVED), which
/// are not connections: a connection made from one starts in Closed and becomes Established at
/// once. A listener is no connection, either. A FIN that arrives with the ACK of the FIN sent
/// passes through FIN-WAIT-2: the ACK is processed first. Every state of a connection may go to
/// Destroy, none leaves it.
inline constexpr std::array<std::uint16_t, kStateCount> kFollowers{{
    /* Closed      */ states(State::kSynSent, State::kEstablished, State::kDestroy),
    /* Listen      */ 0,
    /* SynSent     */ states(State::kSynReceived, State::kEstablished, State::kDestroy),
    /* SynReceived */ states(State::kEstablished, State::kDestroy),
    /* Established */ states(State::kFinWait1, State::kCloseWait, State::kDestroy),
    /* FinWait1    */ states(State::kFinWait2, State::kClosing, State::kDestroy),
    /* FinWait2    */ states(State::kTimeWait, State::kDestroy),
    /* CloseWait   */ states(State::kLastAck, State::kDestroy),
    /* Closing     */ states(State::kTimeWait, State::kDestroy),
    /* LastAck     */ states(State::kClosed, State::kDestroy),
    /* TimeWait    */ states(State::kDestroy),
    /* Destroy     */ 0,
}};

constexpr bool may_follow(State from, State to) {
  return (kFollowers[static_cast<unsigned>(from)] & state_bit(to)) != 0;
}

/// Synchronized states, in which segments are checked against the window.
inline constexpr std::uint16_t kSynchronized =
    states(State::kEstablished, State::kFinWait1, State::kFinWait2, State::kCloseWait,
           State::kClosing, State::kLastAck);
/// States in which data may still arrive.
inline constexpr std::uint16_t kReceiving =
    states(State::kEstablished, State::kFinWait1, State::kFinWait2);
/// States in which the peer's FIN has been received.
inline constexpr std::uint16_t kFinReceived =
    states(State::kCloseWait, State::kClosing, State::kLastAck, State::kTimeWait);
/// States in which our FIN is queued, sent or acknowledged.
inline constexpr std::uint16_t kFinishing =
    states(State::kFinWait1, State::kFinWait2, State::kClosing, State::kLastAck, State::kTimeWait);

constexpr bool in_state(State state, std::uint16_t set) {
  return (state_bit(state) & set) != 0;
}

}  // namespace conker
