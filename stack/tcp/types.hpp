// What the users of TCP see: ids, states, events, requests and the answers to questions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "stack/base/address.hpp"
#include "stack/base/seq.hpp"
#include "stack/base/time.hpp"
#include "stack/base/token.hpp"
#include "stack/net/icmp_error.hpp"
#include "stack/settings.hpp"
#include "stack/tcp/congestion.hpp"
#include "stack/wire/tcp.hpp"

namespace conker {

/// Names one connection for ever: when the slot is used again, the generation differs and a stale
/// id finds nothing. Generation 0 is never given out, so a default id finds nothing either.
struct ConnectionId {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  constexpr bool operator==(const ConnectionId&) const = default;
};

struct ListenerId {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  constexpr bool operator==(const ListenerId&) const = default;
};

/// The states of RFC 9293, 3.3.2, and Destroy: waiting for the reaper, deaf to everything.
enum class State : std::uint8_t {
  kClosed,
  kListen,
  kSynSent,
  kSynReceived,
  kEstablished,
  kFinWait1,
  kFinWait2,
  kCloseWait,
  kClosing,
  kLastAck,
  kTimeWait,
  kDestroy,
};
inline constexpr int kStateCount = 12;
/// How many there are of each state.
using StateCounts = std::array<std::uint64_t, kStateCount>;

/// As the RFC writes them: "SYN-SENT".
const char* to_string(State state);

/// How a connection ended.
enum class CloseReason : std::uint8_t {
  kNotClosed,
  kClosed,       // both sides sent their FIN and had it acknowledged
  kReset,        // by the peer
  kAborted,      // reset by our own application
  kRefused,      // reset while connecting
  kTimedOut,     // the peer did not answer in time
  kUnreachable,  // ICMP said so while connecting
  kNoResources,  // a table of ours was full when it mattered
};
/// In plain words: "reset by the peer".
const char* to_string(CloseReason reason);

/// What of the peer's stream the application has not consumed.
struct Unread {
  std::uint32_t bytes = 0;
  bool fin_received = false;  // nothing will follow those bytes
};

/// The events of a connection or listener, one mask per drain.
struct Event {
  enum Bits : std::uint8_t {
    kConnected = 1,   // the handshake is done (active open)
    kReadable = 2,    // there are bytes to receive
    kWritable = 4,    // there is room to send again after send() took less than was offered
    kPeerClosed = 8,  // the peer's FIN has arrived: after the bytes there are, no more will come
    kClosed =
        16,  // the last event: `reason` says how it ended. The id is good until the next reap()
    kAcceptable = 32,  // a listener has connections to accept()
  };
  std::uint8_t mask = 0;
  CloseReason reason = CloseReason::kNotClosed;
  Token token{};            // what the application gave at connect() or listen(), or set later
  ConnectionId connection;  // of every event but kAcceptable
  ListenerId listener;      // of kAcceptable

  constexpr bool has(Bits bit) const { return (mask & bit) != 0; }
};

struct ConnectRequest {
  Endpoint remote;
  IpAddress local;      // unspecified: the address of the interface that leads there
  Port local_port;      // 0: any (RFC 6056)
  Duration timeout{0};  // 0: the stack's default
  Token token{};        // given back with every event
  std::optional<CongestionAlgorithm> congestion{};  // none: the stack's default
};

struct ListenRequest {
  Endpoint local;                  // an unspecified address: any of ours
  std::uint32_t backlog = 128;     // connections waiting for accept()
  std::uint32_t half_open = 1024;  // handshakes not yet finished
  Token token{};
  std::optional<CongestionAlgorithm> congestion{};
  std::optional<Keepalive> keepalive{};  // of its connections; none: settings.keepalive
};

/// Times and counters of one connection, in the RFCs' own names.
struct ConnectionInfo {
  ConnectionId id;
  FourTuple tuple;
  State state = State::kClosed;
  CloseReason reason = CloseReason::kNotClosed;
  bool passive = false;  // came through a listener
  bool application_closed = false;
  bool syn_challenged = false;  // our SYN was answered by an ACK of an earlier connection
  Token token{};
  Duration age{0};
  std::uint32_t send_queue = 0;     // bytes not yet acknowledged
  std::uint32_t receive_queue = 0;  // bytes not yet read
  std::uint32_t out_of_order = 0;   // bytes beyond a hole
  Seq iss, irs, snd_una, snd_nxt, rcv_nxt;
  std::uint32_t snd_wnd = 0, rcv_wnd = 0;
  std::uint32_t cwnd = 0, ssthresh = 0;
  CongestionAlgorithm congestion = CongestionAlgorithm::kNewReno;
  bool tracked = false;  // what is out is known segment by segment; the next four are only then
  std::uint32_t pipe = 0, sacked = 0, lost = 0;  // bytes
  bool recovering = false;
  std::uint16_t mss = 0;
  bool rtt_measured = false;
  Duration srtt{0}, rttvar{0}, rto{0};
  std::uint32_t retransmits = 0;
  std::uint16_t resent_lost = 0, resent_timeout = 0,
                resent_probe = 0;  // of these; each stops at 65535
  std::uint64_t bytes_sent = 0, bytes_received = 0;
  // What both SYNs negotiated.
  bool window_scaling = false, timestamps = false, sack = false, ecn = false;
  std::uint8_t snd_wscale = 0, rcv_wscale = 0;
  TcpTimestamps next_timestamps;  // of a segment that is sent now; meaningless without the option
  // Receiving.
  std::uint32_t receive_limit = 0;  // bytes that the window may grow to now
  std::uint16_t rcv_mss = 0;        // the most data that one segment of the peer had
  std::uint8_t quick_acks = 0;      // segments from now on whose ACK does not wait
  std::uint8_t sack_count = 0;
  std::array<SackBlock, TcpSegment::kMaxSackBlocks>
      sack_blocks{};  // what ACKs tell of, the latest first
  // Silent peers.
  Keepalive keepalive{.idle = Duration(0), .interval = Duration(0), .count = 0};
  std::uint8_t keepalive_unanswered = 0;
  Duration user_timeout{0};                           // 0: none
  std::optional<IcmpError> last_icmp{};               // since the peer last acknowledged something
  Instant opened_at{}, established_at{}, ended_at{};  // epoch where it has not happened
  // Deadlines; kNever when not armed.
  Instant retransmit_at = kNever, persist_at = kNever, connect_timeout_at = kNever,
          fin_wait_2_at = kNever;
  Instant delayed_ack_at = kNever, keepalive_at = kNever, user_timeout_at = kNever,
          linger_at = kNever;
  Instant asked_at{};  // when all this was so

  Endpoint local() const { return {tuple.local, tuple.local_port}; }
  Endpoint remote() const { return {tuple.remote, tuple.remote_port}; }

  /// The fields that users see, for output only (info_fields.hpp).
  static constexpr void visit(const ConnectionInfo& self, auto&& field);

 private:
  std::optional<const char*> ended() const {
    return reason == CloseReason::kNotClosed ? std::nullopt : std::optional(to_string(reason));
  }
  std::optional<Duration> measured(Duration time) const {
    return rtt_measured ? std::optional(time) : std::nullopt;
  }
  std::optional<std::uint8_t> scale(std::uint8_t shift) const {
    return window_scaling ? std::optional(shift) : std::nullopt;
  }
  /// Left and right edges, as far as there are any.
  struct Ranges {
    std::array<std::array<Seq, 2>, TcpSegment::kMaxSackBlocks> edges{};
    std::size_t count = 0;
    constexpr auto begin() const { return edges.begin(); }
    constexpr auto end() const { return edges.begin() + static_cast<std::ptrdiff_t>(count); }
  };
  Ranges sack_ranges() const {
    Ranges ranges;
    for (; ranges.count < sack_count; ++ranges.count) {
      const SackBlock& block = sack_blocks[ranges.count];
      ranges.edges[ranges.count] = {block.left, block.right};
    }
    return ranges;
  }
  std::optional<Duration> until(Instant deadline) const {
    if (deadline == kNever) return std::nullopt;
    return deadline < asked_at ? Duration(0) : deadline - asked_at;
  }
};

/// A record of a passive handshake under way.
struct HalfOpenInfo {
  FourTuple tuple;
  Duration age{0};
  std::uint32_t retransmits = 0;
};

/// A record of a connection in TIME-WAIT.
struct TimeWaitInfo {
  FourTuple tuple;
  Duration remaining{0};
};

struct ListenerInfo {
  ListenerId id;
  Endpoint local;
  std::uint32_t half_open = 0, accept_queue = 0;  // records now
  std::uint32_t half_open_cap = 0, backlog = 0;
  Token token{};
};

/// What made a state change.
enum class Cause : std::uint8_t {
  kActiveOpen,
  kPassiveOpen,
  kSegmentSyn,
  kSegmentAck,
  kSegmentFin,
  kSegmentReset,
  kClose,
  kShutdown,
  kAbort,
  kConnectTimeout,
  kRetransmitTimeout,
  kFinWait2Timeout,
  kUnreachable,
  kListenerClosed,
  kDataAfterClose,
  kKeepaliveTimeout,
  kUserTimeout,
  kLingerTimeout,
  kPoolExhausted,  // others need the chunks of a connection whose peer stands still
};
const char* to_string(Cause cause);

/// One entry of the bounded ring of state changes.
struct Transition {
  Instant at{};
  ConnectionId id;
  State from = State::kClosed;
  State to = State::kClosed;
  Cause cause = Cause::kActiveOpen;
};

}  // namespace conker
