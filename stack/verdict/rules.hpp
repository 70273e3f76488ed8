// The rules for a host's segments, each with its RFC section, and the findings about segments that
// break one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "stack/base/address.hpp"
#include "stack/base/seq.hpp"

namespace conker::verdict {

enum class Rule : std::uint8_t {
  // Sequence space, options and windows (conversations.hpp).
  kAckMissing,
  kNeverOpened,
  kDataInSyn,
  kSynWithFin,
  kSynAckOfNoSyn,
  kAckOfNoSyn,
  kAckOfTheUnsent,
  kAckGoesBack,
  kSequenceGap,
  kDataAtSyn,
  kDataAfterFin,
  kFinMoved,
  kDataBeforeWindow,
  kDataBeyondWindow,
  kSegmentOverMss,
  kOtherData,
  kResendDiffers,
  kSackNotPermitted,
  kSackBlockEmpty,
  kSackOfTheUnsent,
  kTimestampsNotNegotiated,
  kTimestampGoesBack,
  kWindowShrinks,
  // What a segment must be answered with, and when (exchanges.hpp).
  kOtherPort,
  kSynUnanswered,
  kDataUnanswered,
  kFinUnanswered,
  kAnsweredLate,
  kSynAckOtherIsn,
  kSynAckTwice,
  kSynAckAcknowledged,
  kSentTwice,
  kSentAcknowledged,
  kResetSequence,
  kResetOfSyn,
  kResetOfFin,
  kSaysMoreAfterReset,
  kHeldAfterReset,
  // What we provoke it with (provocation.hpp).
  kResetOutsideObeyed,
  kResetInsideObeyed,
  kResetUnchallenged,
  kSynObeyed,
  kSynUnchallenged,
  kUnsentAckTaken,
  // When a four-tuple is opened again, and when a SYN carries data (syn_outcomes.hpp).
  kReopenRefused,
  kReopenUnanswered,
  kReopenKept,
  kSynDataRefused,
  kSynDataUnanswered,
  // When our SYN crosses the peer's.
  kSimultaneousOpenRefused,
  // When a handshake is left unfinished (stack/strike/unfinished.hpp).
  kSynAckOnce,
  // When our window was closed.
  kWindowStuck,
  // When we acknowledge nothing (retransmissions.hpp).
  kRtoNotBackedOff,
  kSegmentsAtTimeout,
  // What it makes of what we send (exchanges.hpp).
  kAboveSequenceDropped,
  kStretchAcks,
  kKeepaliveEarly,
  // When it has closed (late_data.hpp; daemon/control/time_wait_probe.hpp).
  kDataAfterCloseTaken,
  kTimeWaitForgotten,
  // Initial sequence numbers (isn.hpp).
  kIsnRepeats,
  kIsnReturns,
  kIsnPredictable,
  // Identifications of packets (ip_ids.hpp).
  kIpIdPredictable,
  // The frame (judge.hpp).
  kBadLength,
  kBadIpChecksum,
  kBadTcpChecksum,
  kBadOptions,
  kPaddingLeak,
  // What the application sends back (the strike compares it).
  kEchoDiffers,
  kEchoBeyond,
  kEchoShort,
};
inline constexpr std::size_t kRules = static_cast<std::size_t>(Rule::kEchoShort) + 1;

/// The authority of a rule.
enum class Strength : std::uint8_t {
  kMust,     // a MUST of the RFC, or a consequence of its procedures
  kShould,   // a SHOULD of the RFC, or what its procedures ask of a host that is not short of room
  kPromise,  // allowed by the RFC, but not done by conker or another sensible TCP
};

/// What a broken rule means for whoever relies on the host.
enum class Severity : std::uint8_t { kNote, kWeakness, kFault };
/// "fault", "weakness", "note".
const char* to_string(Severity severity);

struct RuleInfo {
  Rule rule;
  Strength strength;
  const char* name;     // for scripts: "ack-of-the-unsent"
  const char* section;  // "RFC 9293, 3.4"
  const char* text;     // what is wrong, in plain words
  const char* unit;     // the unit of Finding::expected and Finding::seen

  constexpr Severity severity() const {
    return strength == Strength::kMust     ? Severity::kFault
           : strength == Strength::kShould ? Severity::kWeakness
                                           : Severity::kNote;
  }
};
const RuleInfo& info_of(Rule rule);
/// The rule that has this name; nothing where none has.
std::optional<Rule> rule_named(std::string_view name);

/// A broken rule and its figures, without host and segment.
struct Broken {
  Rule rule;
  std::uint32_t expected, seen;  // in the rule's unit: the nearest valid value; sent
};

/// A violation of a rule.
struct Finding {
  Rule rule;
  FourTuple tuple;                       // `local` is the host that broke it
  std::uint64_t segment = 0;             // number of the segment, counted from 1 in the order given
  Seq seq;                               // its sequence number
  std::uint32_t length = 0;              // SEG.LEN
  std::uint32_t expected = 0, seen = 0;  // in the rule's unit: the nearest valid value; sent
  std::optional<std::uint32_t> offset{};  // in the payload, where the rule is about one
};

struct Segment;
/// The finding that its sender broke a rule by this segment, the n-th in the order given.
Finding finding_of(const Broken& broken, const Segment& segment, std::uint64_t number);

}  // namespace conker::verdict
