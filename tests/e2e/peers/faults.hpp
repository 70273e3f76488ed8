// The faults of the device: each breaks one rule of TCP, and is found by one rule of the judge or
// as one kind of failure of the strike.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "stack/verdict/rules.hpp"

namespace conker::device {

enum class FaultKind : std::uint8_t {
  kNone,
  // In answer to a SYN.
  kSynUnanswered,
  kSynAckLate,
  kSilentToSyn,
  kResetToSyn,
  kResetOfSyn,
  kAckToSyn,
  kOtherPort,
  kSynAckWrongAck,
  kSynAckBadChecksum,
  kSynAckBadIpChecksum,
  kSynAckBadLength,
  kSynAckBadOptions,
  kSynAckTwice,
  kSynAckOtherIsn,
  kSynAckAcknowledged,
  kDataInSyn,
  kDataBeforeWindow,
  kIsnRepeated,
  kIsnConstant,
  kIsnPredictable,
  kIpIdPredictable,
  // In answer to a FIN.
  kFinLostOnce,
  kFinAckLate,
  kSilentToFin,
  kResetToFin,
  kResetOutsideWindow,
  kOldData,
  kAckOfUnsent,
  kAckGoesBack,
  kAckMissing,
  kFinAtSyn,
  kFinMoved,
  kFinTwice,
  kFinAcknowledged,
  kFinBadChecksum,
  kPaddingLeak,
  kTimestamps,
  kSack,
  kWindowShrinks,
  kDataBeyondWindow,
  kSegmentOverMss,
  kSaysMoreAfterReset,
  // In answer to a RST.
  kHeldAfterReset,
  // When it is provoked.
  kResetOutsideObeyed,
  kResetInsideObeyed,
  kResetUnchallenged,
  kSynResets,
  kSynRestarts,
  kSynAborts,
  kSynUnchallenged,
  kUnsentAckResets,
  kUnsentAckTaken,
  // By a FIN before its data, and data that overlaps.
  kFinEarlyTaken,
  kFinEarlyDeaf,
  kFinEarlyTwice,
  kOverlapTwice,
  // By a SYN of a four-tuple whose connection has just ended.
  kReopenRefused,
  kReopenUnanswered,
  kReopenKept,
  // In answer to a SYN that carries data.
  kSynDataRefused,
  kSynDataUnanswered,
  kSynDataAckBeyond,
  // By handshakes that do not complete.
  kHalfOpenKept,
  // When it echoes, and the window is small or shut.
  kWindowIgnored,
  kWindowStuck,
  // When nobody acknowledges what it sends.
  kRtoConstant,
  kSegmentsAtTimeout,
  // In how it takes what comes.
  kAboveSequenceDropped,
  kStretchAcks,
  kKeepaliveEarly,
  // When it closes first.
  kDataAfterCloseTaken,
  kTimeWaitForgotten,
  // When it echoes.
  kEchoFlips,
  kEchoResent,
  kEchoRepeats,
  kEchoDrops,
};

struct Fault {
  FaultKind kind;
  const char* name;  // for the command line: "fin-lost-once"
  const char* text;  // what the device does wrong
  /// The rule that it breaks; none where only cycles fail.
  std::optional<verdict::Rule> rule;
  /// The kind of failure of the strike's cycles ("refused", "reset", "timed_out", "other"); null
  /// where they complete.
  const char* failure = nullptr;
  /// How the strike must close.
  const char* close = "fin";
  /// What the strike must expect of its payload; the device echoes for "echo".
  const char* expect = "none";
  /// Only what is asked after the strike shows it.
  bool probed = false;
};

std::span<const Fault> faults();
/// Null where none has that name.
const Fault* fault_named(std::string_view name);

}  // namespace conker::device
