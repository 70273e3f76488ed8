// How a cycle of a strike failed: in which phase, and by what was on the wire.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "stack/tcp/types.hpp"

namespace conker {

enum class StrikePhase : std::uint8_t { kConnecting, kEstablished, kClosing };
inline constexpr std::size_t kStrikePhases = 3;
constexpr std::string_view choices_of(StrikePhase) {
  return "connecting|established|closing";
}

enum class StrikeFailure : std::uint8_t {
  // SYN-SENT
  kSynReset,
  kSynUnanswered,
  kUnreachable,
  kNoResources,
  // ESTABLISHED: before we closed
  kReset,
  kPeerSilent,
  kNoAnswer,
  kPayloadUnanswered,
  // FIN-WAIT-1, FIN-WAIT-2 and after
  kFinReset,
  kFinUnanswered,
  kResetAfterFin,
  kNoFin,
  kDataAfterClose,
  kOther,
};
inline constexpr std::size_t kStrikeFailures = 14;

constexpr std::string_view choices_of(StrikeFailure) {
  return "syn_reset|syn_unanswered|unreachable|no_resources|reset|peer_silent|no_answer|"
         "payload_unanswered|fin_reset|fin_unanswered|reset_after_fin|no_fin|data_after_close|"
         "other";
}

/// The four words that failures are summed up in.
enum class FailedAs : std::uint8_t { kRefused, kTimedOut, kReset, kOther };

constexpr FailedAs failed_as(StrikeFailure failure) {
  switch (failure) {
    case StrikeFailure::kSynReset:
      return FailedAs::kRefused;
    case StrikeFailure::kSynUnanswered:
    case StrikeFailure::kPeerSilent:
    case StrikeFailure::kNoAnswer:
    case StrikeFailure::kPayloadUnanswered:
    case StrikeFailure::kFinUnanswered:
    case StrikeFailure::kNoFin:
      return FailedAs::kTimedOut;
    case StrikeFailure::kReset:
    case StrikeFailure::kFinReset:
    case StrikeFailure::kResetAfterFin:
      return FailedAs::kReset;
    case StrikeFailure::kUnreachable:
    case StrikeFailure::kNoResources:
    case StrikeFailure::kDataAfterClose:
    case StrikeFailure::kOther:
      break;
  }
  return FailedAs::kOther;
}

/// Whether nothing came from the peer that the cycle waited for.
constexpr bool is_silence(StrikeFailure failure) {
  return failed_as(failure) == FailedAs::kTimedOut || failure == StrikeFailure::kUnreachable;
}

/// What failed, of a cycle whose connection ended in `phase` for `reason`. `given_up`: we waited no
/// longer. `fin_acked`: our FIN had been acknowledged.
constexpr StrikeFailure failure_of(StrikePhase phase, CloseReason reason, bool given_up,
                                   bool fin_acked) {
  const bool closing = phase == StrikePhase::kClosing;
  if (given_up || reason == CloseReason::kTimedOut) {
    if (closing) return fin_acked ? StrikeFailure::kNoFin : StrikeFailure::kFinUnanswered;
    if (phase == StrikePhase::kConnecting) return StrikeFailure::kSynUnanswered;
    return given_up ? StrikeFailure::kPeerSilent : StrikeFailure::kNoAnswer;
  }
  switch (reason) {
    case CloseReason::kRefused:
      return StrikeFailure::kSynReset;
    case CloseReason::kReset:
      if (!closing) return StrikeFailure::kReset;
      return fin_acked ? StrikeFailure::kResetAfterFin : StrikeFailure::kFinReset;
    case CloseReason::kUnreachable:
      return StrikeFailure::kUnreachable;
    case CloseReason::kNoResources:
      return StrikeFailure::kNoResources;
    case CloseReason::kAborted:
      return closing ? StrikeFailure::kDataAfterClose : StrikeFailure::kOther;
    default:
      return StrikeFailure::kOther;
  }
}

constexpr StrikePhase phase_of(StrikeFailure failure) {
  if (failure < StrikeFailure::kReset) return StrikePhase::kConnecting;
  return failure < StrikeFailure::kFinReset ? StrikePhase::kEstablished : StrikePhase::kClosing;
}

/// By what was on the wire: "RST to SYN".
constexpr const char* to_string(StrikeFailure failure) {
  switch (failure) {
    case StrikeFailure::kSynReset:
      return "RST to SYN";
    case StrikeFailure::kSynUnanswered:
      return "SYN unanswered";
    case StrikeFailure::kUnreachable:
      return "ICMP unreachable";
    case StrikeFailure::kNoResources:
      return "a table of our stack was full";
    case StrikeFailure::kReset:
      return "RST before our close";
    case StrikeFailure::kPeerSilent:
      return "the peer sent neither data nor FIN";
    case StrikeFailure::kNoAnswer:
      return "data unanswered";
    case StrikeFailure::kPayloadUnanswered:
      return "the payload was not answered as expected";
    case StrikeFailure::kFinReset:
      return "RST to FIN";
    case StrikeFailure::kFinUnanswered:
      return "FIN unanswered (FIN-WAIT-1)";
    case StrikeFailure::kResetAfterFin:
      return "RST after the ACK of our FIN";
    case StrikeFailure::kNoFin:
      return "no FIN of the peer (FIN-WAIT-2)";
    case StrikeFailure::kDataAfterClose:
      return "data after our close";
    case StrikeFailure::kOther:
      break;
  }
  return "other";
}

}  // namespace conker
