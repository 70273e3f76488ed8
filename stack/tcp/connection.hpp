// The control block of a connection (RFC 9293, 3.3.1): state and nothing else.
#pragma once

#include <array>
#include <cstdint>

#include "stack/base/address.hpp"
#include "stack/base/byte_queue.hpp"
#include "stack/base/index_list.hpp"
#include "stack/base/seq.hpp"
#include "stack/base/time.hpp"
#include "stack/tcp/agreement.hpp"
#include "stack/tcp/congestion.hpp"
#include "stack/tcp/duplicate_acks.hpp"
#include "stack/tcp/reassembly.hpp"
#include "stack/tcp/rtt.hpp"
#include "stack/tcp/sack_list.hpp"
#include "stack/tcp/types.hpp"

namespace conker {

/// The timers of a connection; deadlines.cpp tells what each is for.
enum class Timer : std::uint8_t {
  kRetransmit,
  kPersist,
  kConnect,
  kFinWait2,
  kDelayedAck,
  kKeepalive,
  kUserTimeout,
  kLinger
};
inline constexpr unsigned kTimerCount = 8;

/// Why a segment is sent again.
enum class Resend : std::uint8_t { kLost, kTimeout, kProbe };
inline constexpr std::size_t kResendCauses = 3;

struct Connection {
  FourTuple tuple;
  std::uint32_t hash = 0;

  State state = State::kClosed;
  CloseReason reason = CloseReason::kNotClosed;
  std::uint8_t events = 0;  // Event::Bits not yet drained

  bool passive : 1 = false;
  bool hashed : 1 = false;              // segments find it
  bool in_accept_queue : 1 = false;     // its listener's application has not seen it
  bool application_closed : 1 = false;  // close() was called: nobody reads any more
  bool fin_queued : 1 = false;          // after the last byte of the send queue comes our FIN
  bool fin_sent : 1 = false;
  bool fin_acked : 1 = false;
  bool peer_fin_seen : 1 = false;   // at peer_fin, perhaps beyond a hole
  bool wants_writable : 1 = false;  // send() took less than was offered
  bool resend_first : 1 = false;    // one segment from snd_una, whatever the windows say
  bool probe : 1 = false;           // one byte into a closed window
  bool tail_probe : 1 = false;      // one segment, new or the last, to provoke an ACK (RFC 8985, 7)
  bool ecn_echo : 1 = false;  // the peer is told of marks until it has answered (RFC 3168, 6.1.3)
  bool cwr_owed : 1 = false;  // new data says that we have reduced (RFC 3168, 6.1.2)
  bool no_delay : 1 = false;  // small segments do not wait for each other
  bool ack_now : 1 = false;
  bool reset_owed : 1 = false;
  bool rtt_timing : 1 = false;  // a measurement is under way, up to rtt_seq
  bool syn_resent : 1 = false;
  bool keepalive_due : 1 = false;
  bool user_timeout_fixed : 1 = false;  // by the application
  bool may_fragment : 1 = false;       // segments leave without DF: the path MTU is below the least
  bool user_timeout_owed : 1 = false;  // the next segment with room for it tells the peer
  bool syn_hurried : 1 =
      false;  // the SYN went again at once, behind a reset to the peer's old state
  // In which lists it is.
  bool on_dirty : 1 = false;
  bool on_ready : 1 = false;
  bool on_reap : 1 = false;
  bool on_touched : 1 = false;
  bool on_holes : 1 = false;

  std::uint16_t armed = 0;      // bit of each Timer
  std::uint8_t unanswered = 0;  // timeouts and probes in a row without a sign from the peer
  std::uint8_t duplicate_acks_owed = 0;
  std::uint8_t icmp_type =
      0;  // of the last error about what is in flight; 0: none since snd_una moved
  std::uint8_t icmp_code = 0;
  std::uint16_t mss = kDefaultMss;  // the most data that we send in one segment, beside its options

  Agreement agreed;
  std::uint32_t ts_offset = 0;  // of the timestamps that we send
  Mark ts_recent_at;            // when the peer's was taken

  // Send sequence space.
  Seq iss;
  Seq snd_una;
  Seq snd_nxt;     // the highest ever sent, as the RFC has it
  Seq snd_cursor;  // what is sent next: behind snd_nxt while sending again
  Seq snd_wl1, snd_wl2;
  std::uint32_t snd_wnd = 0;
  std::uint32_t max_snd_wnd = 0;
  // Receive sequence space.
  Seq irs;
  Seq rcv_nxt;
  Seq rcv_adv;   // the right edge of the window as the peer knows it
  Seq last_ack;  // the last ACK that we sent
  Seq peer_fin;
  std::uint32_t rcv_limit = 0;  // the window and what waits for the application have this together
  std::uint32_t round_bytes =
      0;  // read by the application since round_began, which was a round trip ago
  Mark round_began;
  Mark heard_at;                         // when the last acceptable segment came
  std::uint32_t keepalive_idle = 0;      // ticks; 0: no probes
  std::uint32_t keepalive_interval = 0;  // ticks
  std::uint32_t user_timeout = 0;        // ticks; 0: none
  std::uint8_t keepalive_count = 0;
  std::uint8_t keepalive_sent = 0;  // probes since the peer was heard
  std::uint16_t rcv_mss = 0;        // the most data that one segment of the peer had
  std::uint16_t rcv_rtt = 0;        // ticks, by the peer's last data; 0: nothing is known
  std::uint8_t quick_acks = 0;      // segments from now on whose ACK does not wait

  ByteQueue send_queue;     // from snd_una, or from iss + 1 while the SYN is unacknowledged
  ByteQueue receive_queue;  // up to rcv_nxt
  Reassembly out_of_order;
  SackList sack;  // of out_of_order, while agreed.sack

  Rtt rtt;
  Congestion congestion;
  DuplicateAcks duplicates;
  CongestionAlgorithm algorithm = CongestionAlgorithm::kNewReno;
  std::uint32_t log = 0;            // SentLog of what is out; 0: there is none
  Mark last_sent;                   // when data left
  Mark advanced_at;                 // when snd_una moved, or the first byte was queued
  Seq ecn_recover;                  // once a window is reduced for a mark (RFC 3168, 6.1.2)
  Mark mss_reduced_at;              // for the path's sake
  Seq small_end, small_end_before;  // where the last two segments below the MSS ended
  Seq rtt_seq;
  Instant rtt_start{};

  std::array<Tick, kTimerCount> deadlines{};
  Mark challenged_at;
  std::uint32_t icmp_from = 0;  // an IPv4 address

  std::uint32_t cookie = 0;
  std::uint32_t listener = kNone;  // slot, while in its accept queue
  std::uint32_t retransmits = 0;
  std::array<std::uint16_t, kResendCauses>
      resent{};  // of these, by cause; the first SYN's are not counted here
  std::uint32_t dirty_next = kNone;
  std::uint32_t ready_next = kNone;
  std::uint32_t reap_next = kNone;
  std::uint32_t touched_next = kNone;
  std::uint32_t holes_next = kNone;
  std::uint32_t holes_previous = kNone;
  std::uint32_t accept_next = kNone;
  std::uint32_t accept_previous = kNone;

  Instant opened_at{}, established_at{}, ended_at{};
  std::uint64_t bytes_sent = 0, bytes_received = 0;

  /// Bytes that are sent and not acknowledged, FIN and SYN among them (RFC 5681's FlightSize).
  std::uint32_t in_flight() const { return static_cast<std::uint32_t>(snd_nxt - snd_una); }
  /// From snd_una to what is sent next.
  std::uint32_t cursor_offset() const { return static_cast<std::uint32_t>(snd_cursor - snd_una); }
  std::uint32_t rcv_wnd() const { return static_cast<std::uint32_t>(rcv_adv - rcv_nxt); }
  /// What of so many bytes of buffer nothing waits in for the application.
  std::uint32_t receive_room(std::uint32_t limit) const {
    return limit > receive_queue.size() ? limit - receive_queue.size() : 0;
  }
  bool fin_in_flight() const { return fin_sent && !fin_acked; }
  bool is_armed(Timer timer) const { return (armed & (1u << static_cast<unsigned>(timer))) != 0; }
};

}  // namespace conker
