// The control block of a connection (RFC 9293, 3.3.1), which is the sum of its parts: state,
// without behaviour. Code that copies, compares or walks a whole part (compact.cpp, tests/explore)
// names its members one by one, so that it does not compile with a new member before it handles it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "stack/base/address.hpp"
#include "stack/base/byte_queue.hpp"
#include "stack/base/index_list.hpp"
#include "stack/base/time.hpp"
#include "stack/settings.hpp"
#include "stack/tcp/congestion.hpp"
#include "stack/tcp/duplicate_acks.hpp"
#include "stack/tcp/negotiated_options.hpp"
#include "stack/tcp/out_of_order_queue.hpp"
#include "stack/tcp/receive_sequence.hpp"
#include "stack/tcp/rtt.hpp"
#include "stack/tcp/sack_list.hpp"
#include "stack/tcp/send_sequence.hpp"
#include "stack/tcp/timers.hpp"
#include "stack/tcp/types.hpp"

namespace conker {

/// What the next segments carry, and which segments are to be sent at once.
struct Pending {
  bool ack : 1 = false;
  bool reset : 1 = false;            // the last segment of a connection in Destroy
  bool fast_retransmit : 1 = false;  // one segment from SND.UNA, whatever the windows say
  bool window_probe : 1 = false;     // one byte into a closed window
  bool tail_probe : 1 = false;  // one segment, new or the last, to provoke an ACK (RFC 8985, 7)
  bool keepalive : 1 = false;
  bool user_timeout : 1 = false;  // the next segment with room for it tells the peer
  bool cwr : 1 = false;           // the next new data has CWR (RFC 3168, 6.1.2)
  bool ecn_echo : 1 = false;      // ACKs have ECE until the peer sends CWR (RFC 3168, 6.1.3)
  std::uint8_t duplicate_acks = 0;

  constexpr bool operator==(const Pending&) const = default;
};

/// The lists that the connection is in.
struct Listed {
  bool index : 1 = false;         // segments find it
  bool accept_queue : 1 = false;  // waits for accept()
  bool dirty : 1 = false;
  bool ready : 1 = false;
  bool reap : 1 = false;
  bool active : 1 = false;
  bool holes : 1 = false;

  constexpr bool operator==(const Listed&) const = default;
};

/// The links of these lists.
struct Lists {
  std::uint32_t dirty_next = kNone;
  std::uint32_t ready_next = kNone;
  std::uint32_t reap_next = kNone;
  std::uint32_t active_next = kNone;
  std::uint32_t holes_next = kNone;
  std::uint32_t holes_previous = kNone;
  std::uint32_t accept_next = kNone;
  std::uint32_t accept_previous = kNone;
  std::uint32_t listener = kNone;  // slot, while in its accept queue
};

/// What the application has asked for, and what it is told.
struct Application {
  Token token{};  // its own, given back with every event
  CongestionAlgorithm congestion = CongestionAlgorithm::kNewReno;
  std::uint8_t events = 0;          // Event::Bits not yet drained
  bool passive : 1 = false;         // it listened, and did not connect
  bool no_delay : 1 = false;        // small segments do not wait for each other
  bool closed : 1 = false;          // close() was called: nothing is read any more
  bool wants_writable : 1 = false;  // send() took less than was offered
};

/// The timestamps of both sides (RFC 7323); TS.Recent is among the negotiated options.
struct Timestamps {
  std::uint32_t offset = 0;  // of those that we send, from our clock
  Mark recent_at;            // when TS.Recent was taken
};

/// Round trips that are measured without SACK, one at a time.
struct RttTiming {
  Instant began{};
  Seq end;                        // of the segment that is timed
  std::uint16_t of_receiver = 0;  // ticks, by the peer's last data; 0: nothing is known
  bool running = false;

  void start(Seq segment_end, Instant now) {
    running = true;
    end = segment_end;
    began = now;
  }
  /// Karn's rule (RFC 6298, 3): what is sent again is not measured.
  void stop() { running = false; }
  /// The peer has everything before `ack`: what that measures is a sample; 0 where nothing.
  Duration take(Seq ack, Instant now, Rtt& rtt) {
    if (!running || ack < end) return Duration(0);
    const Duration measured = std::max<Duration>(now - began, 1us);
    rtt.sample(measured);
    running = false;
    return measured;
  }
};

/// The state of loss recovery and ECN (recovery.hpp).
struct RecoveryState {
  DuplicateAcks duplicates;
  std::uint32_t scoreboard = 0;  // handle; 0: there is none
  Mark last_sent;                // when data left
  Mark advanced_at;              // when SND.UNA moved, or the first byte was queued
  Seq ecn_recover;               // once a window is reduced for a mark (RFC 3168, 6.1.2)
};

/// Why a segment is sent again.
enum class Resend : std::uint8_t { kLost, kTimeout, kProbe };
inline constexpr std::size_t kResendCauses = 3;

struct Retransmits {
  std::uint32_t total = 0;
  std::array<std::uint16_t, kResendCauses>
      by_cause{};                         // of these; the first SYN's are not counted here
  std::uint8_t consecutive_timeouts = 0;  // and probes, since the peer last answered
  bool of_syn : 1 = false;
  bool syn_hurried : 1 = false;  // it went again at once, behind a reset to the peer's old state

  void count(Resend why) {
    ++total;
    std::uint16_t& of_this_cause = by_cause[static_cast<std::size_t>(why)];
    if (of_this_cause != 0xffff) ++of_this_cause;
  }
};

/// Path MTU discovery (path_mtu.cpp).
struct PathState {
  Mark mss_reduced_at;              // for the path's sake
  std::uint16_t mss = kDefaultMss;  // the most data that we send in one segment, beside its options
  bool may_fragment = false;        // segments leave without DF: the path MTU is below the least
};

/// Keepalive and user timeout (liveness.cpp).
struct LivenessState {
  Mark heard_at;                   // when the last acceptable segment came
  std::uint32_t idle = 0;          // ticks until a keepalive probe; 0: no probes
  std::uint32_t interval = 0;      // ticks between probes
  std::uint32_t user_timeout = 0;  // ticks; 0: none
  std::uint8_t count = 0;
  std::uint8_t sent = 0;            // probes since the peer was heard
  bool user_timeout_fixed = false;  // by the application
};

struct Accounting {
  Instant opened_at{}, established_at{};
  std::uint64_t bytes_sent = 0, bytes_received = 0;
};

struct Connection {
  // What every segment asks comes first: one or two lines of the cache, and within the reach of the
  // short instructions of a Cortex-M3.
  State state = State::kClosed;
  CloseReason reason = CloseReason::kNotClosed;
  SentFin fin;
  Pending pending;
  Listed listed;
  Application application;
  PathState path;
  std::uint32_t hash = 0;  // of the four-tuple
  FourTuple tuple;
  SendSequence snd;
  ReceiveSequence rcv;

  ByteQueue send_queue;     // from SND.UNA, or from ISS + 1 while the SYN is unacknowledged
  ByteQueue receive_queue;  // up to RCV.NXT
  NegotiatedOptions negotiated;
  Timestamps timestamps;
  ReceiveBuffer buffer;
  LivenessState liveness;
  Congestion congestion;
  RecoveryState recovery;
  Timers timers;
  Retransmits retransmits;
  Rtt rtt;
  RttTiming timing;
  OutOfOrderQueue out_of_order;
  SackList sack;  // of out_of_order, while negotiated.sack

  IcmpError icmp;  // the last about what is in flight; type 0: none since SND.UNA moved
  Accounting accounting;
  Instant ended_at{};
  Mark challenged_at;  // when a challenge ACK was sent (RFC 5961, 7)
  Lists lists;

  /// The retransmission timeout as it stands (RFC 6298).
  Duration rto(const Settings& settings) const {
    constexpr Duration kAfterLostSyn = 3s;  // (5.7)
    const Duration initial = retransmits.of_syn && state != State::kSynSent
                                 ? std::max(kAfterLostSyn, settings.rto_initial)
                                 : settings.rto_initial;
    return rtt.timeout(initial, settings.rto_min, settings.rto_max);
  }
  /// Bytes of the send queue before `ack`, which are neither our SYN nor our FIN.
  std::uint32_t data_before(Seq ack) const {
    const std::uint32_t syn = snd.una == snd.iss ? 1 : 0;
    return std::min(static_cast<std::uint32_t>(ack - snd.una) - syn, send_queue.size());
  }
  /// How many of `limit` bytes of buffer hold no data for the application.
  std::uint32_t receive_room(std::uint32_t limit) const {
    return limit > receive_queue.size() ? limit - receive_queue.size() : 0;
  }
};

// There may be a hundred thousand expanded connections.
static_assert(sizeof(Connection) <= 496);

}  // namespace conker
