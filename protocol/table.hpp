// The verbs of the control protocol: one table, from which the daemon's checks, the CLI's help and
// the printed schema come.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "protocol/verb.hpp"

namespace conker::protocol {

inline constexpr std::array kCodes{
    CodeText{Code::kParse, kExitFailed, "the line is not JSON"},
    CodeText{Code::kInvalidRequest, kExitFailed, "the line is JSON but not a request"},
    CodeText{Code::kUnknownVerb, kExitFailed, "no such verb"},
    CodeText{Code::kInvalidParameters, kExitUsage,
             "a parameter is missing, unknown or makes no sense"},
    CodeText{Code::kInternal, kExitFailed, "the daemon made a mistake"},
    CodeText{Code::kFailed, kExitFailed, "the daemon could not do it"},
    CodeText{Code::kConnectionRefused, kExitConnectionRefused, "the peer refused the connection"},
    CodeText{Code::kTimedOut, kExitTimedOut, "no answer in time"},
    CodeText{Code::kNoSuchConnection, kExitFailed, "the id names no connection"},
    CodeText{Code::kNotAllowed, kExitFailed, "the configuration does not allow it"},
    CodeText{Code::kBusy, kExitFailed, "somebody else is doing that already"},
};

namespace table {

inline constexpr Parameter kId{"id", Type::kString, Need::kRequired,
                               "id of a connection, as open and list print it: SLOT.GENERATION"};
inline constexpr std::array kIdOnly{kId};
inline constexpr std::array kStaleId{Code::kNoSuchConnection};

// ---- The daemon ----

inline constexpr std::array kVersionResult{
    Field{"version", Type::kString, {}, "version of the daemon"},
    Field{"protocol", Type::kInteger, {}, "version of this protocol"},
};
inline constexpr std::array kSchemaResult{
    Field{"protocol", Type::kInteger, {}, "version of this protocol"},
    Field{"verbs", Type::kList, {}, "every verb with its parameters, result and codes"},
    Field{"codes", Type::kList, {}, "every error code, what it means, and the CLI's exit code"},
};
inline constexpr std::array kStatusResult{
    Field{"version", Type::kString, {}, "version of the daemon"},
    Field{"pid", Type::kInteger, {}, "its process"},
    Field{"uptime_s", Type::kNumber, "s", "how long it has been running"},
    Field{
        "links", Type::kList, {}, "name, device, state, mac, mtu, addresses, frames, faults, dhcp"},
    Field{"links.state", Type::kString, {}, "up, down, no carrier (or no peer), or gone"},
    Field{"links.state_s", Type::kNumber, "s", "for how long"},
    Field{"links.dhcp",
          Type::kObject,
          {},
          "state, address, server, router, dns, renew_s, expires_s, link_local; null without DHCP"},
    Field{"gateway",
          Type::kString,
          {},
          "where everything goes that no link reaches; null if nowhere"},
    Field{"dns_servers", Type::kList, {}, "who is asked for names"},
    Field{"routes",
          Type::kList,
          {},
          "to, via (null for neighbours), link, connected (goes with an address)"},
    Field{"doubtful_addresses",
          Type::kList,
          {},
          "address, link, state and rival of those being probed or used by another host too"},
    Field{"tables", Type::kList, {}, "name, used and capacity of each table of the stack"},
    Field{
        "listeners", Type::kList, {}, "port, service, protocol, connections or datagrams accepted"},
    Field{"books",
          Type::kObject,
          {},
          "opened = closed + reset + aborted + timed_out + refused + other + live"},
    Field{"books.balanced", Type::kBoolean, {}, "whether every identity of the stack holds"},
    Field{"books.fault", Type::kString, {}, "the first one that does not; null"},
    Field{"strike", Type::kObject, {}, "the strike that is running; null"},
    Field{"capture", Type::kObject, {}, "the capture that is running; null"},
    Field{"log", Type::kObject, {}, "level; lines_lost, which nobody took from the daemon"},
    Field{"control", Type::kObject, {}, "clients now and what they did"},
};
inline constexpr std::array kStatsResult{
    Field{"counters", Type::kList, {}, "name, value and meaning of every counter of the stack"},
    Field{"links", Type::kList, {}, "name, counters of the device, injected faults"},
};
inline constexpr std::array kLogParameters{
    Parameter{"level",
              Type::kString,
              Need::kRequired,
              "what to log from now on",
              {},
              0,
              0,
              "debug|info|warning|error"},
};
inline constexpr std::array kLogResult{
    Field{"level", Type::kString, {}, "the level now"},
    Field{"previous", Type::kString, {}, "the level before"},
};

// ---- Connections ----

inline constexpr std::array kOpenParameters{
    Parameter{"remote", Type::kString, Need::kRequired, "where to: ADDRESS:PORT or NAME:PORT"},
    Parameter{"local", Type::kString, Need::kOptional,
              "where from: ADDRESS or ADDRESS:PORT of the stack",
              "the address of the link that leads there, any free port"},
    Parameter{"timeout_ms", Type::kInteger, Need::kOptional,
              "how long to wait for the peer (milliseconds)",
              "tcp.connect_timeout of the configuration", 1, 3'600'000},
    Parameter{"hold", Type::kBoolean, Need::kOptional,
              "close the connection when this client goes away", "false: it stays until closed"},
};
inline constexpr std::array kOpenResult{
    Field{"id", Type::kString, {}, "id of the connection"},
    Field{"local", Type::kString, {}, "our end"},
    Field{"remote", Type::kString, {}, "the peer's end"},
    Field{"connect_us", Type::kInteger, "us", "from the SYN to the handshake's end"},
};
inline constexpr std::array kOpenCodes{Code::kConnectionRefused, Code::kTimedOut};
inline constexpr std::array kCloseResult{
    Field{"id", Type::kString, {}, "id of the connection"},
    Field{"state", Type::kString, {}, "its state now"},
};
inline constexpr std::array kListParameters{
    Parameter{"state", Type::kString, Need::kOptional, "only rows in this state", "all", 0, 0,
              "LISTEN|SYN-SENT|SYN-RECEIVED|ESTABLISHED|FIN-WAIT-1|FIN-WAIT-2|CLOSE-WAIT|CLOSING|"
              "LAST-ACK|"
              "TIME-WAIT|DESTROY|CLOSED"},
    Parameter{"offset", Type::kInteger, Need::kOptional, "rows to leave out at the front", "0"},
    Parameter{"limit", Type::kInteger, Need::kOptional, "most rows to answer", "1000", 1, 2000},
};
inline constexpr std::array kListResult{
    Field{"connections",
          Type::kList,
          {},
          "one for each row: listeners, connections, half-open, TIME-WAIT"},
    Field{"connections.id",
          Type::kString,
          {},
          "null for what has none: listeners, half-open, TIME-WAIT"},
    Field{"connections.state", Type::kString, {}, "as RFC 9293 writes it"},
    Field{"connections.local", Type::kString, {}, "our end; * is any address"},
    Field{"connections.remote", Type::kString, {}, "the peer's end; null for listeners"},
    Field{"connections.age_ms", Type::kInteger, "ms",
          "since it was opened; null where nobody knows"},
    Field{"connections.remaining_ms", Type::kInteger, "ms", "of TIME-WAIT; else null"},
    Field{"connections.send_queue", Type::kInteger, "bytes",
          "not yet acknowledged; null for records"},
    Field{"connections.receive_queue", Type::kInteger, "bytes", "not yet read; null for records"},
    Field{"total", Type::kInteger, {}, "rows there are in this state"},
    Field{"next", Type::kInteger, {}, "offset of the next page; null behind the last"},
};
inline constexpr std::array kShowResult{
    Field{"id", Type::kString, {}, "id of the connection"},
    Field{"state", Type::kString, {}, "as RFC 9293 writes it"},
    Field{"owner", Type::kString, {}, "service, control, strike or nobody"},
    Field{"local", Type::kString, {}, "our end"},
    Field{"remote", Type::kString, {}, "the peer's end"},
    Field{"opened_by", Type::kString, {}, "us or peer"},
    Field{"reason", Type::kString, {}, "how it ended; null while it has not"},
    Field{"application_closed", Type::kBoolean, {}, "whether our side has closed it"},
    Field{"age_ms", Type::kInteger, "ms", "since it was opened"},
    Field{"queues", Type::kObject, "bytes", "send, receive, out_of_order"},
    Field{"sequence", Type::kObject, {}, "iss, irs, snd_una, snd_nxt, rcv_nxt"},
    Field{"windows", Type::kObject, "bytes", "snd_wnd, rcv_wnd, cwnd, ssthresh, mss"},
    Field{"rtt", Type::kObject, "us", "srtt, rttvar (null before the first measurement), rto"},
    Field{"options",
          Type::kObject,
          {},
          "window_scale (null where not agreed upon), timestamps, sack, ecn"},
    Field{"receiving", Type::kObject, "bytes",
          "limit of the window, largest segment, quick_acks (segments), sack_blocks"},
    Field{"keepalive", Type::kObject, {}, "idle_ms, interval_ms, count, unanswered; null when off"},
    Field{"user_timeout_ms", Type::kInteger, "ms",
          "how long data may stay unacknowledged; null: no bound"},
    Field{"last_icmp",
          Type::kObject,
          {},
          "error about what is in flight: type, code, from, text; null: none"},
    Field{"retransmits", Type::kInteger, {}, "segments sent again"},
    Field{"retransmits_by_cause", Type::kObject, {}, "of these: lost, timeout, probe"},
    Field{"congestion", Type::kString, {}, "newreno or cubic"},
    Field{"scoreboard", Type::kObject, "bytes",
          "of what is out: pipe, sacked, lost; recovering. null when not kept"},
    Field{"bytes", Type::kObject, "bytes", "sent, received"},
    Field{"timers", Type::kObject, "ms", "until each timer fires; null where not armed"},
    Field{"history",
          Type::kList,
          {},
          "ago_ms, from, to, cause of its last state changes, oldest first"},
};
inline constexpr std::array kAttachParameters{
    kId,
    Parameter{"mode",
              Type::kString,
              Need::kRequired,
              "which way the bytes go",
              {},
              0,
              0,
              "send|recv|both"},
    Parameter{"follow", Type::kBoolean, Need::kOptional, "recv: go on until the peer closes",
              "false: hand over what is there, at least one byte"},
};
inline constexpr std::array kAttachResult{
    Field{"id", Type::kString, {}, "id of the connection"},
    Field{"sent", Type::kInteger, "bytes", "taken from the descriptor into the send queue"},
    Field{"received", Type::kInteger, "bytes", "written to the descriptor"},
    Field{"peer_closed",
          Type::kBoolean,
          {},
          "whether the peer will send no more and all was handed over"},
};
inline constexpr std::array kAttachCodes{Code::kNoSuchConnection, Code::kBusy};

// ---- Services ----

inline constexpr Parameter kPort{"port", Type::kInteger, Need::kRequired, "TCP or UDP port", {},
                                 1,      65535};
inline constexpr Parameter kProtocol{
    "protocol", Type::kString, Need::kOptional, "udp: echo and discard only", "tcp", 0,
    0,          "tcp|udp"};
inline constexpr std::array kListenParameters{
    kPort,
    Parameter{"service",
              Type::kString,
              Need::kRequired,
              "what answers there",
              {},
              0,
              0,
              "echo|discard|daytime|chargen|accept-close"},
    kProtocol,
};
inline constexpr std::array kListenResult{
    Field{"port", Type::kInteger, {}, "the port"},
    Field{"service", Type::kString, {}, "what answers there"},
};
inline constexpr std::array kUnlistenParameters{kPort, kProtocol};
inline constexpr std::array kUnlistenResult{
    Field{"port", Type::kInteger, {}, "the port"},
};

// ---- Ping ----

inline constexpr std::array kPingParameters{
    Parameter{"host", Type::kString, Need::kRequired, "IPv4 address or name"},
    Parameter{"sequence", Type::kInteger, Need::kOptional, "ICMP sequence number", "1", 0, 65535},
    Parameter{"bytes", Type::kInteger, Need::kOptional, "payload", "56", 8, 65507},
    Parameter{"timeout_ms", Type::kInteger, Need::kOptional, "how long to wait (milliseconds)",
              "2000", 1, 60'000},
};
inline constexpr std::array kPingResult{
    Field{"from", Type::kString, {}, "who answered"},
    Field{"sequence", Type::kInteger, {}, "ICMP sequence number"},
    Field{"bytes", Type::kInteger, "bytes", "ICMP message"},
    Field{"ttl", Type::kInteger, {}, "hops left"},
    Field{"rtt_us", Type::kInteger, "us", "round trip"},
};
inline constexpr std::array kPingCodes{Code::kTimedOut};

// ---- UDP and names ----

/// What one call can carry as base64 within kMaxRequestBytes.
inline constexpr std::size_t kMaxDatagramBytes = 48000;
inline constexpr std::array kUdpSendParameters{
    Parameter{"remote", Type::kString, Need::kRequired, "where to: ADDRESS:PORT or NAME:PORT"},
    Parameter{"data", Type::kString, Need::kRequired, "the payload in base64"},
    Parameter{"port", Type::kInteger, Need::kOptional, "our port", "any free one", 1, 65535},
    Parameter{"broadcast", Type::kBoolean, Need::kOptional,
              "the address may be a broadcast address", "false"},
};
inline constexpr std::array kUdpSendResult{
    Field{"remote", Type::kString, {}, "where to, with the address of the name"},
    Field{"port", Type::kInteger, {}, "our port"},
    Field{"bytes", Type::kInteger, "bytes", "of payload"},
};
inline constexpr std::array kUdpListenParameters{
    Parameter{"port", Type::kInteger, Need::kRequired, "UDP port", {}, 1, 65535},
    Parameter{"count", Type::kInteger, Need::kOptional, "datagrams after which to end",
              "0: when this client goes away", 0, INT64_MAX},
    Parameter{"broadcast", Type::kBoolean, Need::kOptional, "hear what is sent to everybody, too",
              "false"},
};
inline constexpr std::array kUdpListenResult{
    Field{"datagrams", Type::kInteger, {}, "told in notifications: from, to, bytes, data (base64)"},
};
inline constexpr std::array kUdpListenCodes{Code::kBusy};
inline constexpr std::array kResolveParameters{
    Parameter{"name", Type::kString, Need::kRequired, "the name of a host"},
};
inline constexpr std::array kResolveResult{
    Field{"name", Type::kString, {}, "as it was asked for"},
    Field{"addresses", Type::kList, {}, "its IPv4 addresses"},
    Field{"valid_s", Type::kInteger, "s", "for how long they hold; null for an address"},
    Field{"cached", Type::kBoolean, {}, "whether no server had to be asked"},
};
inline constexpr std::array kNameCodes{Code::kTimedOut, Code::kBusy};

// ---- Strike ----

inline constexpr std::array kStrikeParameters{
    Parameter{"target", Type::kString, Need::kRequired,
              "whom to strike: ADDRESS:PORT or NAME:PORT, allowed by strike.allow"},
    Parameter{"cycles", Type::kInteger, Need::kOptional, "connections to open and close",
              "no limit; give cycles or duration_ms", 1, INT64_MAX},
    Parameter{"duration_ms", Type::kInteger, Need::kOptional,
              "how long to open new ones (milliseconds)", "no limit; give cycles or duration_ms", 1,
              30LL * 86'400'000},
    Parameter{"concurrency", Type::kInteger, Need::kOptional, "connections in flight at a time",
              "1", 1, (1 << 24) - 1},
    Parameter{"rate", Type::kInteger, Need::kOptional, "connections begun a second, evenly spaced",
              "as fast as the peer bears", 1, 10'000'000},
    Parameter{"close", Type::kString, Need::kOptional, "how to end each one", "fin", 0, 0,
              "fin|rst"},
    Parameter{"seed", Type::kInteger, Need::kOptional,
              "decides the order of the stack's own addresses", "1"},
};
inline constexpr std::array kStrikeResult{
    Field{"target", Type::kString, {}, "whom"},
    Field{"seed", Type::kInteger, {}, "the seed"},
    Field{"cycles", Type::kInteger, {}, "begun"},
    Field{"completed", Type::kInteger, {}, "opened and closed as asked"},
    Field{"failed", Type::kObject, {}, "refused, timed_out, reset, other"},
    Field{"duration_s", Type::kNumber, "s", "from the first SYN to the last end"},
    Field{"cycles_per_second", Type::kNumber, "1/s", "completed, over the whole duration"},
    Field{"connect_us", Type::kObject, "us", "p50, p90, p99, p999, max: SYN to established"},
    Field{"close_us", Type::kObject, "us",
          "p50, p90, p99, p999, max: close to the connection's end"},
    Field{"retransmits", Type::kInteger, {}, "segments sent again"},
    Field{"time_wait", Type::kObject, {}, "evicted, reused: TIME-WAIT records while it ran"},
    Field{"identity",
          Type::kObject,
          {},
          "opened = closed + reset + timed_out + refused + other + live; balanced"},
    Field{"verdict", Type::kString, {}, "good, or what is not"},
};
inline constexpr std::array kStrikeCodes{Code::kNotAllowed, Code::kBusy, Code::kTimedOut};
inline constexpr std::array kStrikeStopResult{
    Field{"stopping", Type::kBoolean, {}, "false when none was running"},
};

// ---- Capture and faults ----

inline constexpr Parameter kLink{"link", Type::kString, Need::kOptional, "name of one link",
                                 "all links"};
inline constexpr std::array kLinkOnly{kLink};
inline constexpr std::array kCaptureStartResult{
    Field{"links", Type::kList, {}, "names of the links captured"},
};
inline constexpr std::array kCaptureStartCodes{Code::kBusy};
inline constexpr std::array kCaptureStopResult{
    Field{"frames", Type::kInteger, {}, "frames captured"},
    Field{"bytes", Type::kInteger, "bytes", "written to the file"},
    Field{"error", Type::kString, {}, "what ended the capture early; null"},
};
inline constexpr std::string_view kInMillionths = "in millionths of the frames of each direction";
inline constexpr std::array kFaultSetParameters{
    Parameter{"loss", Type::kInteger, Need::kOptional, kInMillionths, "as it was", 0, 1'000'000},
    Parameter{"duplicate", Type::kInteger, Need::kOptional, kInMillionths, "as it was", 0,
              1'000'000},
    Parameter{"reorder", Type::kInteger, Need::kOptional, kInMillionths, "as it was", 0, 1'000'000},
    Parameter{"corrupt", Type::kInteger, Need::kOptional, kInMillionths, "as it was", 0, 1'000'000},
    Parameter{"delay_us", Type::kInteger, Need::kOptional, "of every frame (microseconds)",
              "as it was", 0, 10'000'000},
    Parameter{"seed", Type::kInteger, Need::kOptional,
              "the same seed and frames give the same faults", "as it was"},
    kLink,
};
inline constexpr std::array kFaultResult{
    Field{"links", Type::kList, {}, "name and faults of each link that was set"},
};

}  // namespace table

inline constexpr std::array kVerbs{
    Verb{"version", "The version of the daemon and of the protocol", {}, table::kVersionResult},
    Verb{"schema", "This table", {}, table::kSchemaResult},
    Verb{
        "status", "Links, tables, listeners, books and what is going on", {}, table::kStatusResult},
    Verb{"stats", "Every counter and what it means", {}, table::kStatsResult},
    Verb{"log", "Set what the daemon logs", table::kLogParameters, table::kLogResult},
    Verb{"open", "Open a connection and wait until it is established", table::kOpenParameters,
         table::kOpenResult, Descriptor::kNone, table::kOpenCodes},
    Verb{"close", "Close connections: what was sent still goes out, then FIN", table::kIdOnly,
         table::kCloseResult, Descriptor::kNone, table::kStaleId},
    Verb{"abort", "Reset connections at once", table::kIdOnly, table::kCloseResult,
         Descriptor::kNone, table::kStaleId},
    Verb{"list", "Every connection, half-open and TIME-WAIT record, and listener",
         table::kListParameters, table::kListResult},
    Verb{"show", "Everything about one connection, with its last states", table::kIdOnly,
         table::kShowResult, Descriptor::kNone, table::kStaleId},
    Verb{"attach", "The bytes of a connection, on a descriptor", table::kAttachParameters,
         table::kAttachResult, Descriptor::kToClient, table::kAttachCodes},
    Verb{"listen", "Start a service on a port", table::kListenParameters, table::kListenResult},
    Verb{"unlisten", "End the service on a port; its connections go on", table::kUnlistenParameters,
         table::kUnlistenResult},
    Verb{"ping", "Send an ICMP echo request and wait for the answer", table::kPingParameters,
         table::kPingResult, Descriptor::kNone, table::kPingCodes},
    Verb{"udp_send", "Send one UDP datagram", table::kUdpSendParameters, table::kUdpSendResult,
         Descriptor::kNone, table::kNameCodes},
    Verb{"udp_listen", "Tell of every UDP datagram to a port", table::kUdpListenParameters,
         table::kUdpListenResult, Descriptor::kNone, table::kUdpListenCodes},
    Verb{"resolve", "The addresses of a name", table::kResolveParameters, table::kResolveResult,
         Descriptor::kNone, table::kNameCodes},
    Verb{"strike", "Open and close connections to a target as fast as it bears, and report",
         table::kStrikeParameters, table::kStrikeResult, Descriptor::kNone, table::kStrikeCodes},
    Verb{"strike_stop", "End the strike that is running", {}, table::kStrikeStopResult},
    Verb{"capture_start", "Write every frame to a pcap file, whose descriptor goes with the call",
         table::kLinkOnly, table::kCaptureStartResult, Descriptor::kToDaemon,
         table::kCaptureStartCodes},
    Verb{"capture_stop", "End the capture", {}, table::kCaptureStopResult},
    Verb{"fault_set", "Lose, double, reorder, corrupt or delay frames", table::kFaultSetParameters,
         table::kFaultResult},
    Verb{"fault_clear", "No faults any more", table::kLinkOnly, table::kFaultResult},
};

/// Null when there is none of that name.
constexpr const Verb* find_verb(std::string_view name) {
  const auto verb =
      std::find_if(kVerbs.begin(), kVerbs.end(), [&](const Verb& v) { return v.name == name; });
  return verb == kVerbs.end() ? nullptr : &*verb;
}

/// Null when the verb has none of that name.
constexpr const Parameter* find_parameter(const Verb& verb, std::string_view name) {
  const auto parameter = std::find_if(verb.parameters.begin(), verb.parameters.end(),
                                      [&](const Parameter& p) { return p.name == name; });
  return parameter == verb.parameters.end() ? nullptr : &*parameter;
}

/// What holds for an integer that is not given; 0 where the table has words for that, or no such
/// parameter.
constexpr std::int64_t default_integer(const Verb& verb, std::string_view name) {
  const Parameter* parameter = find_parameter(verb, name);
  std::int64_t value = 0;
  if (parameter == nullptr) return value;
  for (const char c : parameter->fallback) {
    if (c < '0' || c > '9') return 0;
    value = value * 10 + (c - '0');
  }
  return value;
}

/// The exit code that goes with an error code of the daemon; kExitFailed for one not in the table.
constexpr Exit exit_for(int code) {
  const auto text = std::find_if(kCodes.begin(), kCodes.end(), [&](const CodeText& c) {
    return static_cast<int>(c.code) == code;
  });
  return text == kCodes.end() ? kExitFailed : text->exit;
}

}  // namespace conker::protocol
