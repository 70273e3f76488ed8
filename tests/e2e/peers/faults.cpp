#include "tests/e2e/peers/faults.hpp"

#include <algorithm>
#include <array>

namespace conker::device {
namespace {

using enum FaultKind;
using verdict::Rule;

constexpr std::array kFaults{
    Fault{kSynUnanswered, "syn-unanswered", "ignores the first SYN", Rule::kSynUnanswered},
    Fault{kSynAckLate, "syn-ack-late", "answers the SYN after 300 ms", Rule::kAnsweredLate},
    Fault{kSilentToSyn, "silent-to-syn", "never answers the SYN", {}, "timed_out"},
    Fault{kResetToSyn, "reset-to-syn", "refuses the SYN by a correct RST", {}, "refused"},
    Fault{kResetOfSyn, "reset-of-syn",
          "answers the first SYN by a RST that does not acknowledge it", Rule::kResetOfSyn},
    Fault{kAckToSyn, "ack-to-syn", "answers the first SYN by an ACK without SYN",
          Rule::kNeverOpened},
    Fault{kOtherPort, "other-port", "sends the first SYN-ACK from the next port", Rule::kOtherPort},
    Fault{kSynAckWrongAck, "syn-ack-wrong-ack", "acknowledges ISS+2 in the first SYN-ACK",
          Rule::kSynAckOfNoSyn},
    Fault{kSynAckBadChecksum, "syn-ack-bad-checksum",
          "sends the first SYN-ACK with a wrong TCP checksum", Rule::kBadTcpChecksum},
    Fault{kSynAckBadIpChecksum, "syn-ack-bad-ip-checksum",
          "sends the first SYN-ACK with a wrong IP header checksum", Rule::kBadIpChecksum},
    Fault{kSynAckBadLength, "syn-ack-bad-length",
          "sends the first SYN-ACK with an IP length beyond the frame", Rule::kBadLength},
    Fault{kSynAckBadOptions, "syn-ack-bad-options",
          "sends the first SYN-ACK with an option longer than the header", Rule::kBadOptions},
    Fault{kSynAckTwice, "syn-ack-twice", "sends the SYN-ACK twice at once", Rule::kSynAckTwice},
    Fault{kSynAckOtherIsn, "syn-ack-other-isn",
          "sends a second SYN-ACK with another initial sequence number", Rule::kSynAckOtherIsn},
    Fault{kSynAckAcknowledged, "syn-ack-acknowledged",
          "sends the SYN-ACK again 400 ms later, though it was acknowledged",
          Rule::kSynAckAcknowledged},
    Fault{kDataInSyn, "data-in-syn", "sends 4 bytes of data in the SYN-ACK", Rule::kDataInSyn},
    Fault{kDataBeforeWindow, "data-before-window",
          "sends data right behind the SYN-ACK, in SYN-RECEIVED", Rule::kDataBeforeWindow},
    Fault{kIsnRepeated, "isn-repeated", "chooses the ISN of the connection before",
          Rule::kIsnRepeats},
    Fault{kIsnConstant, "isn-constant", "chooses an ISN that is always the same",
          Rule::kIsnReturns},
    Fault{kIsnPredictable, "isn-predictable", "chooses ISNs 64,000 apart, in every connection",
          Rule::kIsnPredictable},
    Fault{kFinLostOnce, "fin-lost-once", "ignores the first FIN", Rule::kFinUnanswered},
    Fault{kFinAckLate, "fin-ack-late", "answers the FIN after 300 ms", Rule::kAnsweredLate},
    Fault{kSilentToFin, "silent-to-fin", "never answers the FIN", {}, "timed_out"},
    Fault{kResetToFin, "reset-to-fin", "answers the FIN by a RST", Rule::kResetOfFin, "reset"},
    Fault{kResetOutsideWindow, "reset-outside-window",
          "sends a RST 2^30 beyond the window, and goes on", Rule::kResetSequence},
    Fault{kOldData, "old-data", "sends data from 1,000 bytes before its SYN", Rule::kSequenceGap},
    Fault{kAckOfUnsent, "ack-of-unsent", "acknowledges 1,000 bytes beyond what came",
          Rule::kAckOfTheUnsent},
    Fault{kAckGoesBack, "ack-goes-back",
          "acknowledges the FIN, and in its own FIN only what was before", Rule::kAckGoesBack},
    Fault{kAckMissing, "ack-missing", "sends its first FIN without ACK", Rule::kAckMissing},
    Fault{kFinAtSyn, "fin-at-syn", "sends its first FIN at the sequence number of its SYN",
          Rule::kDataAtSyn},
    Fault{kFinMoved, "fin-moved", "sends its FIN again, one number further on",
          Rule::kDataAfterFin},
    Fault{kFinTwice, "fin-twice", "sends its FIN twice at once", Rule::kSentTwice},
    Fault{kFinAcknowledged, "fin-acknowledged",
          "sends its FIN again 400 ms later, though it was acknowledged", Rule::kSentAcknowledged},
    Fault{kFinBadChecksum, "fin-bad-checksum", "sends its first FIN with a wrong TCP checksum",
          Rule::kBadTcpChecksum},
    Fault{kPaddingLeak, "padding-leak", "pads the frame of its FIN with bytes that are not zero",
          Rule::kPaddingLeak},
    Fault{kTimestamps, "timestamps-not-negotiated", "sends a timestamp option with its FIN",
          Rule::kTimestampsNotNegotiated},
    Fault{kSack, "sack-not-permitted", "sends a SACK option with its FIN", Rule::kSackNotPermitted},
    Fault{kWindowShrinks, "window-shrinks", "takes back all but 1,000 bytes of its window",
          Rule::kWindowShrinks},
    Fault{kDataBeyondWindow, "data-beyond-window", "sends more data than the window permits",
          Rule::kDataBeyondWindow, "other"},
    Fault{kSegmentOverMss, "segment-over-mss", "sends a segment one byte longer than the MSS",
          Rule::kSegmentOverMss, "other"},
    Fault{kSaysMoreAfterReset, "says-more-after-reset",
          "sends FIN, RST, and 400 ms later FIN again", Rule::kSaysMoreAfterReset},
    Fault{kHeldAfterReset, "held-after-reset", "sends an ACK 400 ms after it was reset",
          Rule::kHeldAfterReset, nullptr, "rst"},
    Fault{kResetOutsideObeyed, "reset-outside-obeyed", "ends by a RST outside of its window",
          Rule::kResetOutsideObeyed, "reset", "rst-outside"},
    Fault{kResetInsideObeyed, "reset-inside-obeyed",
          "ends by a RST within its window that is not at RCV.NXT", Rule::kResetInsideObeyed,
          "reset", "rst-inside"},
    Fault{kResetUnchallenged, "reset-unchallenged",
          "never answers a RST within its window that is not at RCV.NXT", Rule::kResetUnchallenged,
          nullptr, "rst-inside"},
    Fault{kSynResets, "syn-resets", "resets an established connection for a SYN", Rule::kSynObeyed,
          "reset", "syn-inside"},
    Fault{kSynRestarts, "syn-restarts", "begins an established connection anew for a SYN",
          Rule::kSynObeyed, "timed_out", "syn-inside"},
    Fault{kSynUnchallenged, "syn-unchallenged", "never answers a SYN of an established connection",
          Rule::kSynUnchallenged, nullptr, "syn-inside"},
    Fault{kUnsentAckResets, "unsent-ack-resets", "resets for an ACK of what it has not sent",
          Rule::kUnsentAckTaken, "reset", "ack-beyond"},
    Fault{kUnsentAckTaken, "unsent-ack-taken", "goes on where an ACK of the unsent says that it is",
          Rule::kUnsentAckTaken, "timed_out", "ack-beyond"},
    Fault{kFinEarlyTaken, "fin-early-taken", "takes a FIN although data before it is missing",
          Rule::kAckOfTheUnsent, "timed_out", "fin-early"},
    Fault{kFinEarlyDeaf,
          "fin-early-deaf",
          "answers nothing after a FIN before its data",
          {},
          "timed_out",
          "fin-early"},
    Fault{kFinEarlyTwice, "fin-early-twice",
          "closes a second time when the FIN comes again with data", Rule::kDataAfterFin, nullptr,
          "fin-early"},
    Fault{kOverlapTwice, "overlap-twice", "counts text twice where segments overlap",
          Rule::kAckOfTheUnsent, "timed_out", "fin-overlap"},
    Fault{kEchoFlips, "echo-flips", "changes one bit of what it echoes", Rule::kEchoDiffers,
          nullptr, "fin", "echo"},
    Fault{kEchoRepeats, "echo-repeats", "echoes the last byte twice", Rule::kEchoBeyond, nullptr,
          "fin", "echo"},
    Fault{kEchoDrops, "echo-drops", "never echoes the last byte", {}, "timed_out", "fin", "echo"},
};

}  // namespace

std::span<const Fault> faults() {
  return kFaults;
}

const Fault* fault_named(std::string_view name) {
  const auto found =
      std::ranges::find(kFaults, name, [](const Fault& f) { return std::string_view(f.name); });
  return found == kFaults.end() ? nullptr : &*found;
}

}  // namespace conker::device
