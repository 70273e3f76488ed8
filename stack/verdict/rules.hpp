// The rules that a host's segments are held against, each with the section of the RFC that it comes
// from, and what is said of a segment that breaks one.
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

/// Who says so. Only the first is a fault of any TCP.
enum class Strength : std::uint8_t {
  kMust,     // a MUST of the RFC, or what follows from its procedures
  kShould,   // a SHOULD of the RFC
  kPromise,  // allowed by the RFC, and nothing that conker or a TCP of good sense does
};

struct RuleInfo {
  Rule rule;
  Strength strength;
  const char* section;  // "RFC 9293, 3.4"
  const char* text;     // what is wrong, in plain words
  const char* unit;     // what Finding::expected and Finding::seen are
};
const RuleInfo& info_of(Rule rule);

/// A broken rule.
struct Finding {
  Rule rule;
  FourTuple tuple;            // `local` is the host that broke it
  std::uint64_t segment = 0;  // the segment that shows it, counted from 1 in the order given
  Seq seq;                    // where its sequence numbers begin
  std::uint32_t length = 0;   // how many it takes
  std::uint32_t expected = 0, seen = 0;  // in the rule's unit: the nearest that would do, and what
                                         // was sent
};

}  // namespace conker::verdict
