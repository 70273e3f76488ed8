#include "stack/verdict/rules.hpp"

#include <array>

#include "stack/verdict/segment.hpp"

namespace conker::verdict {
namespace {

using enum Rule;
using enum Strength;

constexpr const char *kFlags = "flags", *kSequence = "sequence number",
                     *kAcknowledgment = "acknowledgment number", *kBytes = "bytes", *kTime = "us",
                     *kSyns = "SYNs";

constexpr std::array<RuleInfo, kRules> kTable{{
    {kAckMissing, kMust, "ack-missing", "RFC 9293, 3.1", "a segment without ACK", kFlags},
    {kNeverOpened, kMust, "never-opened", "RFC 9293, 3.10.7.1",
     "a segment of a connection that was never opened", kFlags},
    {kDataInSyn, kPromise, "data-in-syn", "RFC 9293, 3.5", "data in a SYN", kBytes},
    {kSynWithFin, kPromise, "syn-with-fin", "RFC 9293, 3.5", "SYN and FIN in one segment", kFlags},
    {kSynAckOfNoSyn, kMust, "syn-ack-of-no-syn", "RFC 9293, 3.5",
     "a SYN-ACK for a SYN that never came", kAcknowledgment},
    {kAckOfNoSyn, kMust, "ack-of-no-syn", "RFC 9293, 3.5", "an ACK of a SYN that never came",
     kAcknowledgment},
    {kAckOfTheUnsent, kMust, "ack-of-the-unsent", "RFC 9293, 3.4", "an ACK of what never arrived",
     kAcknowledgment},
    {kAckGoesBack, kMust, "ack-goes-back", "RFC 9293, 3.10.7.4",
     "an ACK that goes back behind an earlier one", kAcknowledgment},
    {kSequenceGap, kMust, "sequence-gap", "RFC 9293, 3.4", "a sequence number that leaves a gap",
     kSequence},
    {kDataAtSyn, kMust, "data-at-syn", "RFC 9293, 3.4", "data at the sequence number of its SYN",
     kSequence},
    {kDataAfterFin, kMust, "data-after-fin", "RFC 9293, 3.6", "data behind its own FIN", kSequence},
    {kFinMoved, kMust, "fin-moved", "RFC 9293, 3.4", "a FIN that has moved", kSequence},
    {kDataBeforeWindow, kMust, "data-before-window", "RFC 9293, 3.8.6",
     "data before the peer has announced a window", kBytes},
    {kDataBeyondWindow, kMust, "data-beyond-window", "RFC 9293, 3.8.6",
     "data beyond the peer's window", kSequence},
    {kSegmentOverMss, kMust, "segment-over-mss", "RFC 9293, 3.7.1",
     "a segment larger than the peer's MSS", kBytes},
    {kOtherData, kMust, "other-data", "RFC 2525, 2.4",
     "a segment with other data than was sent at that place", "byte"},
    {kResendDiffers, kMust, "resend-differs", "RFC 2525, 2.4",
     "data sent again with other bytes than before", "checksum"},
    {kSackNotPermitted, kMust, "sack-not-permitted", "RFC 2018, 4",
     "SACK blocks that were not agreed upon", "blocks"},
    {kSackBlockEmpty, kMust, "sack-block-empty", "RFC 2018, 3", "an empty SACK block", kSequence},
    {kSackOfTheUnsent, kMust, "sack-of-the-unsent", "RFC 2018, 3",
     "a SACK block of what never arrived", kSequence},
    {kTimestampsNotNegotiated, kMust, "timestamps-not-negotiated", "RFC 7323, 3.2",
     "timestamps other than agreed upon", "options"},
    {kTimestampGoesBack, kMust, "timestamp-goes-back", "RFC 7323, 5.4",
     "a timestamp that goes back", "timestamp"},
    {kWindowShrinks, kShould, "window-shrinks", "RFC 9293, 3.8.6", "a window that shrinks",
     kSequence},
    {kOtherPort, kMust, "other-port", "RFC 9293, 3.10.7.4", "an answer from another port", "port"},
    {kSynUnanswered, kShould, "syn-unanswered", "RFC 9293, 3.10.7.2",
     "a SYN was answered only when it was sent again", kTime},
    {kDataUnanswered, kShould, "data-unanswered", "RFC 9293, 3.10.7.4",
     "data was acknowledged only when it was sent again", kTime},
    {kFinUnanswered, kShould, "fin-unanswered", "RFC 9293, 3.10.7.4",
     "a FIN was acknowledged only when it was sent again", kTime},
    {kAnsweredLate, kShould, "answered-late", "RFC 9293, 3.8.6.3",
     "an answer that comes late, though nothing was lost", kTime},
    {kSynAckOtherIsn, kMust, "syn-ack-other-isn", "RFC 9293, 3.5",
     "the SYN-ACK of one handshake again, with another sequence number", kSequence},
    {kSynAckTwice, kShould, "syn-ack-twice", "RFC 6298, 2.1",
     "a SYN-ACK sent again before its retransmission timeout can be over", kTime},
    {kSynAckAcknowledged, kShould, "syn-ack-acknowledged", "RFC 9293, 3.10.7.4",
     "a SYN-ACK sent again though it was acknowledged", kTime},
    {kSentTwice, kShould, "sent-twice", "RFC 6298, 2.4",
     "data or a FIN sent again before a retransmission timeout can be over", kTime},
    {kSentAcknowledged, kShould, "sent-acknowledged", "RFC 9293, 3.10.7.4",
     "data or a FIN sent again though it was acknowledged", kTime},
    {kResetSequence, kMust, "reset-sequence", "RFC 9293, 3.10.7.1",
     "a reset whose sequence number is not the one its receiver waits for", kSequence},
    {kResetOfSyn, kMust, "reset-of-syn", "RFC 9293, 3.10.7.1",
     "a reset that answers a SYN and does not acknowledge it", kAcknowledgment},
    {kResetOfFin, kShould, "reset-of-fin", "RFC 9293, 3.6", "a FIN in order answered by a reset",
     kSequence},
    {kSaysMoreAfterReset, kMust, "says-more-after-reset", "RFC 9293, 3.10.5",
     "a segment of a connection that the host itself has reset", kTime},
    {kHeldAfterReset, kShould, "held-after-reset", "RFC 9293, 3.10.7.4",
     "a segment of a connection that its peer has reset", kTime},
    {kResetOutsideObeyed, kMust, "reset-outside-obeyed", "RFC 9293, 3.10.7.4",
     "a connection that a reset outside of its window has ended: anybody can end it", kSequence},
    {kResetInsideObeyed, kShould, "reset-inside-obeyed", "RFC 5961, 3.2",
     "a connection that a reset within its window, but not at RCV.NXT, has ended", kSequence},
    {kResetUnchallenged, kPromise, "reset-unchallenged", "RFC 5961, 3.2",
     "resets within the window, but not at RCV.NXT, that no challenge ACK answers",
     "challenge ACKs"},
    {kSynObeyed, kShould, "syn-obeyed", "RFC 5961, 4.2",
     "a connection that a SYN within its window has ended or begun anew", kSequence},
    {kSynUnchallenged, kPromise, "syn-unchallenged", "RFC 5961, 4.2",
     "SYNs of established connections that no challenge ACK answers", "challenge ACKs"},
    {kUnsentAckTaken, kMust, "unsent-ack-taken", "RFC 9293, 3.10.7.4",
     "an ACK of what the host has not sent, by which its connection has ended or moved on",
     kAcknowledgment},
    {kReopenRefused, kShould, "reopen-refused", "RFC 6191, 2",
     "SYNs that open the four-tuples of connections that have just ended, all refused by a reset, "
     "though none of a fresh four-tuple was",
     kSyns},
    {kReopenUnanswered, kShould, "reopen-unanswered", "RFC 9293, 3.10.7.4",
     "SYNs that open the four-tuples of connections that have just ended, and are not answered, "
     "not even by an ACK, though all of fresh four-tuples were",
     kSyns},
    {kReopenKept, kPromise, "reopen-kept", "RFC 9293, 3.6.1",
     "four-tuples that have just been closed and are kept in TIME-WAIT against SYN and RST: a "
     "client that opens one again must wait",
     kSyns},
    {kSynDataRefused, kShould, "syn-data-refused", "RFC 9293, 3.10.7.2",
     "SYNs that carry data, all refused by a reset, though none without data was", kSyns},
    {kSynDataUnanswered, kShould, "syn-data-unanswered", "RFC 9293, 3.10.7.2",
     "SYNs that carry data, and are not answered, though all without data were", kSyns},
    {kSimultaneousOpenRefused, kShould, "simultaneous-open-refused", "RFC 9293, 3.5",
     "SYNs that cross those of the host, all of them refused or not answered: it does not bear a "
     "simultaneous open",
     kSyns},
    {kSynAckOnce, kPromise, "syn-ack-once", "RFC 9293, 3.8.1",
     "SYN-ACKs that nothing acknowledges and that are never sent again: where one is lost, its "
     "client must send its SYN again",
     "handshakes"},
    {kWindowStuck, kShould, "window-stuck", "RFC 9293, 3.8.6.1",
     "no more data after a closed window has opened again, though its owner has answered but a "
     "part of what it acknowledged",
     kBytes},
    {kRtoNotBackedOff, kMust, "rto-not-backed-off", "RFC 6298, 5.5",
     "a segment sent again and again without waiting longer each time: many that do so keep a "
     "congested network congested",
     kTime},
    {kSegmentsAtTimeout, kMust, "segments-at-timeout", "RFC 5681, 3.1",
     "more than one full-sized segment sent again at a retransmission timeout", kBytes},
    {kAboveSequenceDropped, kShould, "above-sequence-dropped", "RFC 9293, 3.10.7.4",
     "text that came ahead of a gap and had to be sent again: after each loss all that follows is",
     "segments"},
    {kStretchAcks, kPromise, "stretch-acks", "RFC 9293, 3.8.6.3",
     "never an ACK for every second full-sized segment: its sender's window opens slowly, and in "
     "bursts",
     "segments"},
    {kKeepaliveEarly, kPromise, "keepalive-early", "RFC 9293, 3.8.4",
     "a keepalive probe of a connection that was idle for less than two hours: its application has "
     "asked for that, or its default is wrong",
     "s"},
    {kDataAfterCloseTaken, kPromise, "data-after-close-taken", "RFC 9293, 3.6.1",
     "data taken after the host's own FIN, and never answered by a reset: right only where its "
     "application reads on; where that has closed, the data is lost and its sender never told",
     "connections"},
    {kTimeWaitForgotten, kPromise, "time-wait-forgotten", "RFC 9293, 3.6.1",
     "no connection that the host closed first is in TIME-WAIT, not even the newest: it keeps "
     "none, or has no room; where its last ACK is lost, a FIN is answered by a reset, and old "
     "segments may reach a new connection",
     "connections in TIME-WAIT"},
    {kIsnRepeats, kMust, "isn-repeats", "RFC 9293, 3.4.1",
     "the initial sequence number of the connection before, more than once", "connections"},
    {kIsnReturns, kMust, "isn-returns", "RFC 9293, 3.4.1",
     "one initial sequence number for several connections", "connections"},
    {kIsnPredictable, kShould, "isn-predictable", "RFC 6528, 3",
     "initial sequence numbers that follow from the ones before: of 256 in a row, so many are less "
     "than 2^24 beyond the last",
     "connections"},
    {kIpIdPredictable, kPromise, "ip-id-predictable", "RFC 6274, 3.5",
     "identifications from one counter for all peers: of 256 packets that came after one of "
     "another "
     "connection, so many are close behind it",
     "packets"},
    {kBadLength, kMust, "bad-length", "RFC 791, 3.1", "a packet whose lengths do not fit", kBytes},
    {kBadIpChecksum, kMust, "bad-ip-checksum", "RFC 1122, 3.2.1.2", "a wrong IP header checksum",
     "checksum"},
    {kBadTcpChecksum, kMust, "bad-tcp-checksum", "RFC 9293, 3.1", "a wrong TCP checksum",
     "checksum"},
    {kBadOptions, kMust, "bad-options", "RFC 9293, 3.2",
     "TCP options whose lengths do not fit into the header", kBytes},
    {kPaddingLeak, kPromise, "padding-leak", "RFC 1042",
     "bytes behind the packet that are not zero: memory of the host, perhaps", kBytes},
    {kEchoDiffers, kMust, "echo-differs", "RFC 862",
     "an echo with another byte than was sent at that place", "byte"},
    {kEchoBeyond, kMust, "echo-beyond", "RFC 862", "an echo of more than was sent", kBytes},
    {kEchoShort, kMust, "echo-short", "RFC 862", "a FIN before the end of the echo", kBytes},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRules; ++i) {
    if (kTable[i].rule != static_cast<Rule>(i)) return false;
  }
  return true;
}
static_assert(in_order(), "the table is in the order of the rules");

}  // namespace

const char* to_string(Severity severity) {
  constexpr std::array<const char*, 3> kNames{"note", "weakness", "fault"};
  return kNames[static_cast<std::size_t>(severity)];
}

const RuleInfo& info_of(Rule rule) {
  return kTable[static_cast<std::size_t>(rule)];
}

std::optional<Rule> rule_named(std::string_view name) {
  for (const RuleInfo& info : kTable) {
    if (info.name == name) return info.rule;
  }
  return std::nullopt;
}

Finding finding_of(const Broken& broken, const Segment& segment, std::uint64_t number) {
  return {broken.rule,      segment.of_sender(), number,     segment.seq,
          segment.length(), broken.expected,     broken.seen};
}

}  // namespace conker::verdict
