// The rules for a host's segments, each with its RFC section, and the findings about segments that
// break one.
#pragma once

#include <cstdint>

#include "stack/base/address.hpp"
#include "stack/base/seq.hpp"

namespace conker::verdict {

enum class Rule : std::uint8_t {
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
  kSackNotPermitted,
  kSackBlockEmpty,
  kSackOfTheUnsent,
  kTimestampsNotNegotiated,
  kTimestampGoesBack,
  kWindowShrinks,
};
inline constexpr std::size_t kRules = 22;

/// The authority of a rule. Only kMust is a fault of any TCP.
enum class Strength : std::uint8_t {
  kMust,     // a MUST of the RFC, or a consequence of its procedures
  kShould,   // a SHOULD of the RFC
  kPromise,  // allowed by the RFC, but not done by conker or another sensible TCP
};

struct RuleInfo {
  Rule rule;
  Strength strength;
  const char* section;  // "RFC 9293, 3.4"
  const char* text;     // what is wrong, in plain words
  const char* unit;     // the unit of Finding::expected and Finding::seen
};
const RuleInfo& info_of(Rule rule);

/// A violation of a rule.
struct Finding {
  Rule rule;
  FourTuple tuple;                       // `local` is the host that broke it
  std::uint64_t segment = 0;             // number of the segment, counted from 1 in the order given
  Seq seq;                               // its sequence number
  std::uint32_t length = 0;              // SEG.LEN
  std::uint32_t expected = 0, seen = 0;  // in the rule's unit: the nearest valid value; sent
};

}  // namespace conker::verdict
