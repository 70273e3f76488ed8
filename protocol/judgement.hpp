// How a strike is judged: the limits that are given, and the verdict with its findings. Not in
// strike.hpp, which the firmware uses: texts and lists need memory.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/ending.hpp"
#include "protocol/history.hpp"
#include "protocol/ladder.hpp"
#include "protocol/look.hpp"
#include "protocol/passive.hpp"
#include "protocol/payload.hpp"
#include "protocol/strike.hpp"
#include "protocol/text.hpp"
#include "protocol/visit.hpp"
#include "stack/link/fault.hpp"
#include "stack/verdict/rules.hpp"

namespace conker::verdict {

constexpr std::string_view choices_of(Severity) {
  return "note|weakness|fault";
}

}  // namespace conker::verdict

namespace conker::protocol {

/// Whether so many of so many are more than a share in millionths.
constexpr bool exceeds(std::uint64_t part, std::uint64_t whole, std::uint64_t ppm) {
  return static_cast<double>(part) * 1e6 > static_cast<double>(ppm) * static_cast<double>(whole);
}

enum class Verdict : std::uint8_t { kPass, kFail, kInconclusive };
constexpr std::string_view choices_of(Verdict) {
  return "pass|fail|inconclusive";
}

struct Strike {
  static constexpr std::string_view kName = kStrikeName;
  static constexpr std::string_view kHelp =
      "Open and close connections to a target as fast as it bears, and judge its TCP";
  static constexpr Descriptor kDescriptor = Descriptor::kToDaemonIfAsked;
  static constexpr std::array kCodes{Code::kNotAllowed, Code::kBusy, Code::kTimedOut};

  struct Parameters : StrikeParameters<std::string> {
    std::optional<std::uint32_t> concurrency_auto, max_opening, ramp_ms;
    std::optional<std::string> mix;
    static constexpr std::uint32_t kMaxPayload = 65'536;
    /// More than the window of most peers.
    static constexpr std::array<std::byte, 262'144> kFilling{};

    std::uint32_t hold_ms = 50, payload = 1, connect_timeout_ms = 5'000, close_timeout_ms = 5'000;
    verdict::Severity fail_on = verdict::Severity::kWeakness;
    std::uint32_t max_failed_ppm = 0, max_retransmits_ppm = 1'000'000;
    std::optional<std::uint32_t> max_connect_p99_us, max_close_p99_us;
    std::optional<StopOn> stop_on;
    std::optional<std::string> stop_on_rule;
    LookHow look = LookHow::kShort;
    Expect expect = Expect::kNothing;
    bool passive = false, keep_going = false, unjudged = false, evidence = false, journal = false;
    std::optional<std::uint32_t> from_port;
    std::uint64_t resumed_cycles = 0, resumed_ms = 0;

    static constexpr void visit(auto& self, auto&& field) {
      StrikeParameters<std::string>::visit(self, field);
      constexpr std::int64_t kDay = 86'400'000;  // milliseconds
      field("passive", self.passive,
            About{.help = "peers open the connections: target is an address of ours, or 0.0.0.0 "
                          "for the first one, and a port; who comes must be allowed by "
                          "strike.allow. Not with what is about opening"});
      field("concurrency_auto", self.concurrency_auto,
            About{.help = "learn how many at a time the target bears, by 1, 2, 4, ... up to this, "
                          "or for 0 up to strike.max_concurrency of the configuration; not with "
                          "rate",
                  .fallback = "as many as concurrency says",
                  .max = (1 << 24) - 1});
      field("max_opening", self.max_opening,
            About{.help = "connections in SYN-SENT at a time",
                  .fallback = "as many as are in flight",
                  .min = 1,
                  .max = (1 << 24) - 1});
      field("ramp_ms", self.ramp_ms,
            About{.help = "how long the rate grows to what rate says, from 0, in proportion to the "
                          "time (milliseconds)",
                  .unit = Unit::kMilliseconds,
                  .fallback = "at once",
                  .min = 1,
                  .max = Pace::kMaxRamp / 1ms});
      field("mix", self.mix,
            About{.help = "several ways to end them, chosen by weights from 1 to 10000, as "
                          "fin=60,rst=20",
                  .fallback = "the one that close says"});
      field("hold_ms", self.hold_ms,
            About{.help = "how long fin-late and rst-late keep a connection, the bound of "
                          "unsent's close and of reopen's wait for the peer's FIN, and between "
                          "the steps of a provocation (milliseconds)",
                  .unit = Unit::kMilliseconds,
                  .max = kDay});
      field("payload", self.payload,
            About{.help = "how much expect, data-fin, rst-unread and provocations send",
                  .unit = Unit::kBytes,
                  .min = 1,
                  .max = kMaxPayload});
      field("expect", self.expect,
            About{.help = "what the target must do with the payload after the handshake, before "
                          "the close: echo it, take it (discard), or take it and close by itself "
                          "(close: with peer-first, reopen); with fin, fin-late, half-close, "
                          "data-fin, peer-first and reopen"});
      field("connect_timeout_ms", self.connect_timeout_ms,
            About{.help = "how long the handshake may take (milliseconds)",
                  .unit = Unit::kMilliseconds,
                  .min = 1,
                  .max = kDay});
      field("close_timeout_ms", self.close_timeout_ms,
            About{.help = "how long closing, or waiting for the peer, may take (milliseconds)",
                  .unit = Unit::kMilliseconds,
                  .min = 1,
                  .max = kDay});
      field("fail_on", self.fail_on,
            About{.help = "findings of this severity and above make the verdict fail"});
      field("max_failed_ppm", self.max_failed_ppm,
            About{.help = "cycles that may fail, of a million begun",
                  .unit = Unit::kMillionths,
                  .max = 1'000'000});
      field("max_retransmits_ppm", self.max_retransmits_ppm,
            About{.help = "segments that may have to be sent again, for a million cycles",
                  .unit = Unit::kMillionths,
                  .max = UINT32_MAX});
      field("max_connect_p99_us", self.max_connect_p99_us,
            About{.help = "how long SYN to established may take for 99 % of the cycles; with a "
                          "rate from when the cycle was due",
                  .unit = Unit::kMicroseconds,
                  .fallback = "no limit",
                  .min = 1,
                  .max = UINT32_MAX});
      field("max_close_p99_us", self.max_close_p99_us,
            About{.help = "how long a close may take for 99 % of the cycles",
                  .unit = Unit::kMicroseconds,
                  .fallback = "no limit",
                  .min = 1,
                  .max = UINT32_MAX});
      field("stop_on", self.stop_on,
            About{.help = "end at the first finding of this severity or above, at the first failed "
                          "cycle (failure), or at either (any)",
                  .fallback = "whatever is found, go on"});
      field("stop_on_rule", self.stop_on_rule,
            About{.help = "end at the first finding of the rule of this name",
                  .fallback = "whatever is found, go on"});
      field("keep_going", self.keep_going,
            About{.help = "go on though the peer has stopped answering"});
      field("unjudged", self.unjudged,
            About{.help =
                      "count cycles only, as fast as the target bears: its TCP is not judged, "
                      "and the verdict is fail or inconclusive. Not with evidence, stop_on_rule"});
      field("look", self.look,
            About{.help = "when to see by a ping and one open how the target is: short: before the "
                          "strike and right after it, and where it is not what it was, 5 and 30 s "
                          "after; full: always then, too"});
      field("evidence", self.evidence,
            About{.help = "write frames around the first findings of each rule to a pcapng file, "
                          "whose descriptor goes with the call"});
      field("journal", self.journal,
            About{.help = "append what is known, as it comes, to a file of JSON lines, whose "
                          "descriptor (O_APPEND) goes with the call, after that of evidence"});
      field("from_port", self.from_port,
            About{.help = "our port of the first cycle; the next ones follow, each that is free, "
                          "within tcp.first_port to last_port of the configuration. Where our "
                          "addresses are several, 65536 more for each round of the ports that "
                          "they had before. 0: other ports than lately",
                  .fallback = "by seed where that is given, otherwise 0",
                  .max = Origins::kRound * Origins::kMaxAddresses - 1});
      field("resumed_cycles", self.resumed_cycles,
            About{.help = "how many earlier parts of this strike did: cycles go on after them"});
      field("resumed_ms", self.resumed_ms,
            About{.help = "how long they took: times go on after them (milliseconds)",
                  .unit = Unit::kMilliseconds,
                  .max = INT64_MAX / 1'000'000});
    }

    /// What is wrong with the parameters, in one line; empty when nothing is.
    std::string_view complaint() const {
      if (Mix made; mix && !from_string(*mix, made)) {
        return "strike: mix must be ways to close with weights from 1 to 10000, as "
               "fin=60,rst=20: see close for their names";
      }
      if (passive) {
        if (const auto wrong = passive_complaint(*this); !wrong.empty()) return wrong;
      }
      if (ways().crosses() && (!passive || !ways().sole())) {
        return "strike: simultaneous-open crosses the SYNs of clients that come: give passive "
               "(with "
               "conkerctl, --listen), and no other way";
      }
      if (!fits(expect, ways())) {
        return expect == Expect::kClose
                   ? "strike: expect close is for the ways peer-first and reopen: change close or "
                     "mix"
                   : "strike: expect is for the ways fin, fin-late, half-close, data-fin, "
                     "peer-first and reopen: change close or mix";
      }
      if (concurrency_auto && rate) {
        return "strike: concurrency_auto learns what the target bears, and rate says what it must "
               "bear: give one of them";
      }
      if (unjudged && (evidence || stop_on_rule))
        return "strike: unjudged finds no rule broken: leave out evidence and stop_on_rule";
      if (ramp_ms && !rate) return "strike: ramp_ms needs a rate to grow to: give rate, too";
      return StrikeParameters<std::string>::complaint();
    }
    /// How the cycles are ended; mix must be sensible.
    Mix ways() const {
      Mix made = Mix::only(close);
      if (mix) (void)from_string(*mix, made);
      return made;
    }
    StrikeRequest request(const Endpoint& at) const {
      StrikeRequest made = StrikeParameters<std::string>::request(at);
      made.mix = ways();
      made.expect = expect;
      made.max_opening = max_opening.value_or(0);
      made.ramp = std::chrono::milliseconds(ramp_ms.value_or(0));
      made.hold = std::chrono::milliseconds(hold_ms);
      made.payload = std::span(kFilling).first(payload);
      made.filling = kFilling;
      made.connect_timeout = std::chrono::milliseconds(connect_timeout_ms);
      made.close_timeout = std::chrono::milliseconds(close_timeout_ms);
      return made;
    }
  };

  /// What a strike began with: enough to strike so again.
  struct Begin {
    static constexpr std::string_view kName = "begin";
    std::string version, time;
    Endpoint target;
    std::string link, device;
    Parameters parameters;
    std::optional<FaultSettings> faults;

    static constexpr void visit(auto& self, auto&& field) {
      field("version", self.version, About{.help = "of conkerd"});
      field("time", self.time, About{.help = "of day, UTC"});
      field("target", self.target, About{.help = "whom, as an address"});
      field("link", self.link, About{.help = "that leads to the target"});
      field("device", self.device, About{.help = "of the link"});
      field("parameters", self.parameters, About{.help = "of the strike"});
      field(
          "faults", self.faults,
          About{.help = "set on the link at the begin; null: there is no link", .left_out = true});
    }
  };

  /// One rule that the target broke: how often, and the first segment that did.
  struct Finding {
    std::string rule, severity, section, text;
    std::uint64_t count = 0, inconclusive = 0;
    std::string because;  // why some are inconclusive
    std::uint64_t cycle = 0;
    Duration at{0};
    std::string from, to;
    std::uint32_t sequence = 0, length = 0, expected = 0, seen = 0;
    std::string unit;
    std::optional<std::uint32_t> offset;

    static constexpr void visit(auto& self, auto&& field) {
      field("rule", self.rule, About{.help = "its name"});
      field("severity", self.severity, About{.help = "fault, weakness or note"});
      field("section", self.section, About{.help = "where the rule stands"});
      field("text", self.text, About{.help = "what is wrong"});
      field("count", self.count, About{.help = "connections in which it was broken"});
      field("inconclusive", self.inconclusive,
            About{.help = "of them: our own side may have been the cause"});
      field("because", self.because, About{.help = "how; empty where none are inconclusive"});
      field("cycle", self.cycle, About{.help = "the first: in which cycle, from 1"});
      field("at_s", self.at, About{.help = "when, from the begin", .unit = Unit::kSeconds});
      field("from", self.from, About{.help = "who sent the segment"});
      field("to", self.to, About{.help = "to which of our addresses and ports"});
      field("sequence", self.sequence, About{.help = "SEG.SEQ", .unit = Unit::kNominal});
      field("length", self.length, About{.help = "SEG.LEN"});
      field("expected", self.expected,
            About{.help = "the nearest valid value, in `unit`", .unit = Unit::kNominal});
      field("seen", self.seen, About{.help = "the value it had", .unit = Unit::kNominal});
      field("unit", self.unit, About{.help = "of expected and seen"});
      field("offset", self.offset,
            About{.help = "where in the payload of the cycle; null where the rule is about none",
                  .unit = Unit::kNominal});
    }
  };

  /// What has been written to the file of evidence.
  struct Evidence {
    std::uint64_t findings = 0, frames = 0, bytes = 0;
    std::optional<std::string> error;

    static constexpr void visit(auto& self, auto&& field) {
      field("findings", self.findings, About{.help = "findings whose frames are in the file"});
      field("frames", self.frames, About{.help = "frames in the file"});
      field("bytes", self.bytes, About{.help = "size of the file", .unit = Unit::kBytes});
      field("error", self.error, About{.help = "what ended it before the strike did; null"});
    }
  };

  /// What has been appended to the journal.
  struct Journal {
    std::uint64_t lines = 0, lost = 0;
    Duration incomplete_from{0};
    std::optional<std::string> error;

    static constexpr void visit(auto& self, auto&& field) {
      field("lines", self.lines, About{.help = "that this strike appended"});
      field("lost", self.lost, About{.help = "lines that the file did not take"});
      field("incomplete_from_s", self.incomplete_from,
            About{.help = "when the first was lost, from the begin", .unit = Unit::kSeconds});
      field("error", self.error, About{.help = "why; null"});
    }
  };

  struct Result {
    Verdict verdict = Verdict::kInconclusive;
    std::string why;
    std::optional<Stopped> stopped;
    StrikeSummary summary;
    StrikeTimeline timeline;
    std::vector<Look> looks;
    std::optional<LadderClimbed> ladder;
    std::optional<DeadProbed> dead;
    std::optional<TimeWaitProbed> time_wait_probed;
    std::optional<PayloadsSent> payloads;
    std::uint64_t judged = 0;
    std::optional<std::uint64_t> judge_bytes, closed_first;
    std::vector<Finding> findings;
    std::optional<Evidence> evidence;
    std::optional<Journal> journal;
    std::optional<Begin> begin;

    static constexpr void visit(auto& self, auto&& field) {
      field("verdict", self.verdict, About{.help = "of the target's TCP"});
      field("why", self.why, About{.help = "the reason, in one line"});
      field("stopped", self.stopped,
            About{.help = "what ended it before its time, as asked or by itself; null"});
      StrikeSummary::visit(self.summary, field);
      StrikeTimeline::visit(self.timeline, field);
      field("ladder", self.ladder,
            About{.help = "how many at a time the target bears; null: concurrency_auto is not "
                          "given"});
      field("looks", self.looks,
            About{.help = "how the target was before the strike and after it"});
      field(
          "dead", self.dead,
          About{.help = "what became of the last connections that we reset; null: there are none, "
                        "or look is none"});
      field("time_wait_probed", self.time_wait_probed,
            About{.help = "whether the target keeps the connections that it closed first in "
                          "TIME-WAIT; null: there are none, or look is none",
                  .left_out = true});
      field("payloads", self.payloads,
            About{.help = "what was sent before the closes, and what came back; null where nothing "
                          "was expected"});
      field("judged", self.judged, About{.help = "segments of the target that were judged"});
      field("judge_bytes", self.judge_bytes,
            About{.help = "memory that the judge took; null: an earlier version's, or unjudged",
                  .unit = Unit::kBytes,
                  .left_out = true});
      field("closed_first", self.closed_first,
            About{.help = "connections that the target closed before it had our FIN, and may keep "
                          "in TIME-WAIT; null: an earlier version's, or unjudged",
                  .left_out = true});
      field("findings", self.findings, About{.help = "rules that it broke, the worst first"});
      field("evidence", self.evidence, About{.help = "frames of findings, if asked for; null"});
      field("journal", self.journal, About{.help = "its file, if asked for; null"});
      field("begin", self.begin,
            About{.help = "what it began with, for a replay; null: an earlier version's",
                  .left_out = true});
    }
  };
};

}  // namespace conker::protocol
