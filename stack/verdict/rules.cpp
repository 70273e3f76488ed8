#include "stack/verdict/rules.hpp"

#include <array>

namespace conker::verdict {
namespace {

using enum Rule;
using enum Strength;

constexpr const char *kFlags = "flags", *kSequence = "sequence number",
                     *kAcknowledgment = "acknowledgment number", *kBytes = "bytes";

constexpr std::array<RuleInfo, kRules> kTable{{
    {kAckMissing, kMust, "RFC 9293, 3.1", "a segment without ACK", kFlags},
    {kNeverOpened, kMust, "RFC 9293, 3.10.7.1", "a segment of a connection that was never opened",
     kFlags},
    {kDataInSyn, kPromise, "RFC 9293, 3.5", "data in a SYN", kBytes},
    {kSynWithFin, kPromise, "RFC 9293, 3.5", "SYN and FIN in one segment", kFlags},
    {kSynAckOfNoSyn, kMust, "RFC 9293, 3.5", "a SYN-ACK for a SYN that never came",
     kAcknowledgment},
    {kAckOfNoSyn, kMust, "RFC 9293, 3.5", "an ACK of a SYN that never came", kAcknowledgment},
    {kAckOfTheUnsent, kMust, "RFC 9293, 3.4", "an ACK of what never arrived", kAcknowledgment},
    {kAckGoesBack, kMust, "RFC 9293, 3.10.7.4", "an ACK that goes back behind an earlier one",
     kAcknowledgment},
    {kSequenceGap, kMust, "RFC 9293, 3.4", "a sequence number that leaves a gap", kSequence},
    {kDataAtSyn, kMust, "RFC 9293, 3.4", "data at the sequence number of its SYN", kSequence},
    {kDataAfterFin, kMust, "RFC 9293, 3.6", "data behind its own FIN", kSequence},
    {kFinMoved, kMust, "RFC 9293, 3.4", "a FIN that has moved", kSequence},
    {kDataBeforeWindow, kMust, "RFC 9293, 3.8.6", "data before the peer has announced a window",
     kBytes},
    {kDataBeyondWindow, kMust, "RFC 9293, 3.8.6", "data beyond the peer's window", kSequence},
    {kSegmentOverMss, kMust, "RFC 9293, 3.7.1", "a segment larger than the peer's MSS", kBytes},
    {kOtherData, kMust, "RFC 2525, 2.4", "a segment with other data than was sent at that place",
     "byte"},
    {kSackNotPermitted, kMust, "RFC 2018, 4", "SACK blocks that were not agreed upon", "blocks"},
    {kSackBlockEmpty, kMust, "RFC 2018, 3", "an empty SACK block", kSequence},
    {kSackOfTheUnsent, kMust, "RFC 2018, 3", "a SACK block of what never arrived", kSequence},
    {kTimestampsNotNegotiated, kMust, "RFC 7323, 3.2", "timestamps other than agreed upon",
     "options"},
    {kTimestampGoesBack, kMust, "RFC 7323, 5.4", "a timestamp that goes back", "timestamp"},
    {kWindowShrinks, kShould, "RFC 9293, 3.8.6", "a window that shrinks", kSequence},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRules; ++i) {
    if (kTable[i].rule != static_cast<Rule>(i)) return false;
  }
  return true;
}
static_assert(in_order(), "the table is in the order of the rules");

}  // namespace

const RuleInfo& info_of(Rule rule) {
  return kTable[static_cast<std::size_t>(rule)];
}

}  // namespace conker::verdict
