// TCP (RFC 9293): tables of connections, half-open handshakes, TIME-WAIT and listeners, and what is
// done to them, in seven storeys (README.md). lifetime.cpp is the only place where states change
// and connections are freed.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/arena.hpp"
#include "stack/base/chunk_pool.hpp"
#include "stack/base/counters.hpp"
#include "stack/base/index_list.hpp"
#include "stack/base/result.hpp"
#include "stack/base/siphash.hpp"
#include "stack/base/timer_wheel.hpp"
#include "stack/net/network.hpp"
#include "stack/settings.hpp"
#include "stack/tcp/connection.hpp"
#include "stack/tcp/connection_table.hpp"
#include "stack/tcp/half_open.hpp"
#include "stack/tcp/listener.hpp"
#include "stack/tcp/recovery.hpp"
#include "stack/tcp/syn_cookies.hpp"
#include "stack/tcp/time_wait.hpp"
#include "stack/tcp/transitions.hpp"
#include "stack/tcp/types.hpp"
#include "stack/wire/tcp.hpp"

namespace conker {

/// What the walk over all tables found.
struct TcpAudit {
  std::uint64_t live = 0;
  std::uint64_t half_open = 0, time_wait = 0, listeners = 0;
  ChunkCounts chunks_held{};
  const char* fault = nullptr;
};

class Tcp {
 public:
  Tcp(Arena& arena, const Capacities& capacities, const Settings& settings, const Entropy& entropy,
      Counters& counters, ChunkPool& chunks, TimerWheel& wheel, Network& network);

  /// Timers that the wheel must have room for.
  static std::uint32_t timer_count(const Capacities& capacities) {
    return capacities.connections + capacities.half_open;
  }

  void use(CongestionAlgorithm algorithm, const CongestionControl& control) {
    controls_[static_cast<std::size_t>(algorithm)] = &control;
  }
  void use(const Recovery& recovery) {
    sack_recovery_ = &recovery;
    chunks_.open(Use::kScoreboard);
  }
  void use(Cookies& cookies) { cookies_ = &cookies; }

  // ---- A turn ----
  void begin(Instant now);
  void segment_arrives(const PacketIn& packet);
  /// A search for this four-tuple follows soon: what it reads first is on its way. (Inline, since
  /// gcc 12 takes a call that only prefetches for one without effect.)
  [[gnu::always_inline]] void expect(const FourTuple& tuple) const {
    const std::uint32_t hash = hash_of(demux_key_, tuple);
    index_.prefetch(hash);
    if (time_wait_.size() != 0) time_wait_.prefetch(hash);
  }
  void unreachable(const Unreachable& message);
  void timers();
  bool next_event(Event& event);
  void output();
  void reap();
  Instant next_deadline() const;
  bool wants_output() const { return fresh_dirty_; }
  bool has_news() const { return !ready_.empty() || !ready_listeners_.empty(); }

  // ---- Calls of the application; stack.hpp says what they do ----
  Result<ConnectionId> connect(const ConnectRequest& request);
  Result<ListenerId> listen(const ListenRequest& request);
  Error unlisten(ListenerId id);
  Result<ConnectionId> accept(ListenerId id);
  Result<std::uint32_t> send(ConnectionId id, std::span<const std::byte> bytes);
  Result<std::uint32_t> peek(ConnectionId id, std::span<std::span<const std::byte>> out) const;
  Error consume(ConnectionId id, std::uint32_t n);
  Result<std::uint32_t> receive(ConnectionId id, std::span<std::byte> out);
  Error shutdown(ConnectionId id);
  Error close(ConnectionId id);
  Error close(ConnectionId id, Duration bound);
  Error abort(ConnectionId id);
  Error set_keepalive(ConnectionId id, const Keepalive& keepalive);
  Error set_user_timeout(ConnectionId id, Duration timeout);
  Error set_token(ConnectionId id, Token token);
  Error set_no_delay(ConnectionId id, bool no_delay);

  // ---- Questions ----
  bool info(ConnectionId id, ConnectionInfo& out) const;
  TcpAudit audit() const;
  std::uint32_t connection_count() const { return connections_.size(); }
  std::uint32_t half_open_count() const { return half_open_.size(); }
  std::uint32_t time_wait_count() const { return time_wait_.size(); }
  std::uint32_t listener_count() const { return listeners_.size(); }

  /// Each calls f(info) for every record there is. f must not call the stack.
  template <typename F>
  void for_each_connection(F&& f) const {
    for (std::uint32_t slot = 0; slot < connections_.end(); ++slot) {
      if (connections_.live(slot)) f(info_of(slot));
    }
  }
  template <typename F>
  void for_each_half_open(F&& f) const {
    half_open_.for_each([&](std::uint32_t, const HalfOpen& r) {
      f(HalfOpenInfo{r.tuple, now_ - r.created, r.retransmits});
    });
  }
  template <typename F>
  void for_each_time_wait(F&& f) const {
    time_wait_.for_each([&](const TimeWait& r) {
      f(TimeWaitInfo{r.tuple.whole(), r.ends.instant(now_) - now_});
    });
  }
  template <typename F>
  void for_each_listener(F&& f) const {
    for (std::uint32_t slot = 0; slot < listeners_.end(); ++slot) {
      if (!listeners_.live(slot)) continue;
      const Listener& l = listeners_[slot];
      f(ListenerInfo{listeners_.id(slot), l.local, l.half_open.size(), l.accept_queue.size(),
                     l.half_open_cap, l.backlog, l.token});
    }
  }
  /// The last state changes of all connections, oldest first.
  template <typename F>
  void for_each_transition(F&& f) const {
    transitions_.for_each(f);
  }

  /// The tables and lists themselves, for those who look for what is wrong with them.
  struct Tables {
    const ConnectionTable& connections;
    const HalfOpenTable& half_open;
    const TimeWaitTable& time_wait;
    const ListenerTable& listeners;
    const TimerWheel& wheel;
    std::uint32_t dirty, ready, reap, ready_listeners;  // the first of each list
    bool fresh_dirty, table_starved, pool_starved;
    std::uint32_t wake_next;  // slot, of those that the pool starved
    std::uint32_t holes;      // the first with data beyond a hole, the oldest
    bool pool_exhausted;
    Instant relieve_at;
  };
  Tables tables() const {
    return {connections_,  half_open_,     time_wait_,
            listeners_,    wheel_,         dirty_.head(),
            ready_.head(), reap_.head(),   ready_listeners_.head(),
            fresh_dirty_,  table_starved_, starved_ != 0,
            wake_next_,    holes_.head(),  pool_exhausted_,
            relieve_at_};
  }

 private:
  // Seven storeys, each with its files; no file calls one above it (README.md, "The storeys").

  // ---- 1: deadlines.cpp. One place arms, and refuses in Destroy ----
  void arm(std::uint32_t slot, Timer timer, Duration in);
  void disarm(Connection& c, Timer timer);
  Duration rto(const Connection& c) const;
  std::uint32_t half_open_timer_id(std::uint32_t index) const {
    return connections_.capacity() + index;
  }

  // ---- 1: ports.cpp. Four-tuples and initial sequence numbers ----
  struct Choice {
    Error error = Error::kNoFreePort;
    Port port;
    std::uint32_t hash = 0;
    std::uint32_t time_wait = kNone;  // the record that it replaces
  };
  Choice choose_port(FourTuple tuple);
  Choice check_port(const FourTuple& tuple) const;
  bool may_reopen(const TimeWait& record) const;
  struct Beginning {
    Seq iss;
    std::uint32_t ts_offset;  // what is added to our clock
  };
  Beginning beginning_of(const FourTuple& tuple) const;
  std::uint32_t timestamp_offset(const FourTuple& tuple) const {
    return beginning_of(tuple).ts_offset;
  }
  TcpTimestamps timestamps_now(std::uint32_t offset, std::uint32_t echo) const {
    return {Tick::floor(now_).value() + offset, echo};
  }
  /// The connection that segments of this four-tuple are for; kNone when there is none.
  std::uint32_t find(std::uint32_t hash, const FourTuple& tuple) const {
    return index_.find(hash, [&](std::uint32_t slot) { return connections_.is(slot, tuple); });
  }

  // ---- 1: limits.cpp. What a connection may hold and send now ----
  std::uint32_t send_limit(const Connection& c) const;
  std::uint32_t receive_limit(const Connection& c) const;
  std::uint32_t out_of_order_limit(const Connection& c) const;
  bool window_opens(const Connection& c, std::uint32_t limit, std::uint32_t segments) const;
  std::uint32_t first_window() const {
    return std::min<std::uint32_t>(settings_.receive_buffer, 65535);
  }
  std::uint32_t usable_window(const Connection& c, std::uint32_t offset) const;
  std::uint16_t our_mss(const FourTuple& tuple) const;
  std::uint16_t send_mss(const FourTuple& tuple, const NegotiatedOptions& negotiated) const;
  /// Data that lies in the pieces of one frame, wherever in a chunk it begins.
  std::uint32_t data_in_pieces() const {
    return static_cast<std::uint32_t>(pieces_.size() - 2) * chunks_.chunk_bytes();
  }
  const CongestionControl& control(const Connection& c) const;
  const Recovery& recovery(const Connection& c) const;
  Recovery::Context context(const Connection& c) const {
    return {chunks_, counters_, control(c), now_, rto(c)};
  }

  // ---- 1: held.cpp. What it holds of the pool beside its queues ----
  void begin_flight(Connection& c);
  bool end_flight(Connection& c);
  void forget_out_of_order(std::uint32_t slot);
  void list_hole(std::uint32_t slot);
  std::uint32_t gather(Connection& c, Seq sequence, std::uint32_t& length);

  // ---- 2: emit.cpp. One segment onto the network ----
  Sent send_segment(Connection& c, Seq sequence, std::uint32_t length, std::uint8_t flags);
  Sent send_pure_ack(Connection& c);
  Seq bare_sequence(const Connection& c) const;
  Sent send_bare(const FourTuple& tuple, const TcpSegment& segment);
  void send_reset(const FourTuple& tuple, const TcpSegment& to);
  Sent send_packet(const FourTuple& tuple, const TcpSegment& segment, PacketOut& packet);
  void mark_for_ecn(const Connection& c, bool new_data, TcpSegment& segment,
                    PacketOut& packet) const;
  std::uint16_t advertise(Connection& c);
  void report(const Connection& c, std::uint32_t length, TcpSegment& segment) const;
  void on_ack_sent(Connection& c, const TcpSegment& segment);
  std::uint16_t advertised_user_timeout(const Connection* c) const;

  // ---- 3: lifetime.cpp. The only place where states change and connections are freed ----
  std::uint32_t make_connection(const FourTuple& tuple, std::uint32_t hash);
  bool change_state(std::uint32_t slot, State to, Cause cause);
  void destroy(std::uint32_t slot, CloseReason reason, Cause cause);
  void reset_and_destroy(std::uint32_t slot, CloseReason reason, Cause cause);
  void enter_time_wait(std::uint32_t slot, Cause cause);
  void finish_closed(std::uint32_t slot, Cause cause);
  void unhash(std::uint32_t slot);
  // Whatever happens to a connection may leave it with nothing to do; that is looked at when the
  // turn ends.
  void mark_active(std::uint32_t slot, Connection& c) {
    if (c.state != State::kEstablished || c.listed.active) return;
    c.listed.active = true;
    active_.push(connections_, slot);
  }
  void compact_idle();
  void offer_to_reaper(std::uint32_t slot);
  void free(std::uint32_t slot);
  void mark_dirty(std::uint32_t slot);
  void post(std::uint32_t slot, std::uint8_t bits);
  void post(Listener& listener, std::uint32_t slot);
  void count_end(CloseReason reason);

  // ---- 4: receive.cpp. Data that arrives, and the window as the application reads ----
  void process_text(std::uint32_t slot, const TcpSegment& segment);
  void keep_beyond_hole(std::uint32_t slot, Seq sequence, std::span<const std::byte> bytes);
  std::uint32_t take_in(Connection& c, std::span<const std::byte> bytes);
  void settle_hole(std::uint32_t slot);
  void process_fin(std::uint32_t slot);
  void queue_text_of_syn(std::uint32_t slot, const TcpSegment& syn);
  void take_text_of_syn(std::uint32_t slot);
  bool ack_may_wait(Connection& c, const TcpSegment& segment) const;
  void note_heard(Connection& c);
  void note_duplicate(Connection& c, Seq left, Seq right);
  void note_round_trip(Connection& c, const TcpSegment& segment) const;
  void tune_window(Connection& c, std::uint32_t read);
  void note_consumed(std::uint32_t slot, std::uint32_t n);

  // ---- 4: pool.cpp. What connections that need a chunk get from others ----
  bool make_room(Use use);
  bool discard_oldest_hole();
  std::uint32_t stalled_for(const Connection& c) const;
  void relieve_pool();
  bool has_room(const Connection& c) const;
  void tell_of_room(std::uint32_t slot);
  bool may_wake_starved() const;
  void wake_starved();

  // ---- 4: liveness.cpp. Keepalive, user timeout ----
  static constexpr Duration kLongestTimeout = 24h * 7;  // well within what ticks can tell apart
  static bool valid(const Keepalive& keepalive);
  static void keep_alive(Connection& c, const Keepalive& keepalive);
  void change_keepalive(std::uint32_t slot, const Keepalive& keepalive);
  void change_user_timeout(std::uint32_t slot, Duration timeout);
  void start_liveness(std::uint32_t slot);
  void keepalive_expired(std::uint32_t slot);
  Sent transmit_keepalive(Connection& c);
  bool waits_for_peer(const Connection& c) const;
  void adopt_user_timeout(Connection& c, std::uint16_t option);
  void guard_user_timeout(std::uint32_t slot);
  bool retransmits_used_up(const Connection& c) const;

  // ---- 4: path_mtu.cpp ----
  void path_mtu_is(std::uint32_t slot, std::uint16_t mtu);
  void suspect_black_hole(std::uint32_t slot);
  void reconsider_path_mtu(Connection& c);
  void shrink_segments(std::uint32_t slot, std::uint16_t mss, Count why);

  // ---- 4: challenge.cpp. Answers to what is refused ----
  bool challenge(std::uint32_t slot);
  void challenge(HalfOpen& record);
  bool may_answer(HalfOpen& record);
  bool allowed(AnswerBudget& budget) const;

  // ---- 5: transmit.cpp. What leaves, once a turn ----
  Sent transmit(std::uint32_t slot);
  Sent transmit_last_words(Connection& c);
  Sent transmit_syn(std::uint32_t slot);
  Sent transmit_data(std::uint32_t slot);
  Sent transmit_out_of_turn(std::uint32_t slot);
  Sent transmit_tail_probe(std::uint32_t slot);
  Sent transmit_lost(std::uint32_t slot);
  Sent transmit_again(std::uint32_t slot, Seq begin, Seq end, Resend why);
  Sent transmit_range(std::uint32_t slot, Seq sequence, std::uint32_t length, bool fin_next,
                      Resend why, Seq& end);
  std::uint32_t frame_data(const Connection& c, std::uint32_t left) const;
  std::uint32_t sendable(const Connection& c, std::uint32_t offset) const;
  bool waits_for_small(const Connection& c, std::uint32_t length) const;
  void rearm_after_output(std::uint32_t slot);

  // ---- 5: established.cpp. What the ACK field does ----
  /// Segments whose ACK does not wait, when the peer's congestion window is small: its initial
  /// window (RFC 6928) and half of the next.
  static constexpr std::uint8_t kQuickAcks = 16;
  void become_established(std::uint32_t slot, const TcpSegment& segment, Cause cause);
  void process_ack(std::uint32_t slot, const TcpSegment& segment);
  void on_ce(Connection& c, const TcpSegment& segment);
  void on_acked(std::uint32_t slot, Seq ack, bool restart_timer);
  void update_send_window(std::uint32_t slot, const TcpSegment& segment);

  // ---- 6: handshake.cpp. Segments that meet no connection ----
  /// What became of such a segment, and the connection that it has made, where it goes on.
  struct Disposition {
    Disposition(Count what) : count(what) {}
    Disposition(Count what, std::uint32_t slot) : count(what), promoted(slot) {}
    Count count;
    std::uint32_t promoted = kNone;
  };
  Disposition meets_no_connection(const FourTuple& tuple, std::uint32_t hash, TcpSegment& segment);
  Count arrives_closed(const FourTuple& tuple, const TcpSegment& segment);
  Disposition arrives_listen(std::uint32_t listener, const FourTuple& tuple, std::uint32_t hash,
                             TcpSegment& segment, std::optional<Seq> beyond);
  Disposition arrives_half_open(std::uint32_t index, const FourTuple& tuple, TcpSegment& segment);
  Disposition arrives_time_wait(std::uint32_t index, const FourTuple& tuple, std::uint32_t hash,
                                TcpSegment& segment);
  bool reopens(const TimeWait& record, const TcpSegment& syn) const;
  Disposition promote(const HalfOpen& record, std::uint32_t index, TcpSegment& segment);
  Count answer_with_cookie(const Listener& listener, const FourTuple& tuple, const TcpSegment& syn);
  Disposition arrives_with_cookie(std::uint32_t listener, const FourTuple& tuple,
                                  std::uint32_t hash, TcpSegment& segment);
  void send_syn_ack(const HalfOpen& record, std::uint32_t timestamp);
  void send_syn_ack(const HalfOpen& record) {
    send_syn_ack(record, timestamps_now(record.ts_offset, 0).value);
  }
  void drop_half_open(std::uint32_t index, Count why);
  void half_open_timer(std::uint32_t index);
  std::uint32_t predecessor(const HalfOpen& record, const TcpSegment& segment) const;
  void end_reopened(const HalfOpen& record);
  Count refuse_at_listener(Listener& listener, const FourTuple& tuple, const TcpSegment& segment);

  // ---- 7: arrival.cpp. SEGMENT ARRIVES (RFC 9293, 3.10.7). Each says what became of the segment
  // ----
  Count dispatch(const PacketIn& packet);
  Count arrives_syn_sent(std::uint32_t slot, const TcpSegment& segment);
  Count arrives(std::uint32_t slot, TcpSegment& segment);
  std::optional<Count> refuse_timestamps(std::uint32_t slot, const TcpSegment& segment,
                                         bool unacceptable);
  bool old_duplicate(const Connection& c, const TcpSegment& segment) const;
  void note_timestamp(Connection& c, const TcpSegment& segment);
  bool acceptable(const Connection& c, const TcpSegment& segment) const;
  Count refuse_unacceptable(std::uint32_t slot, const TcpSegment& segment);
  Count arrives_reset(std::uint32_t slot, const TcpSegment& segment);
  void hurry_syn(std::uint32_t slot);

  // ---- 7: expiry.cpp. Deadlines that have come ----
  void connection_timer(std::uint32_t slot);
  void expired(std::uint32_t slot, Timer timer);
  void retransmission_timer(std::uint32_t slot);
  void expire_time_wait();

  // ---- 7: marks.cpp. Time of 32 bits ----
  void keep_marks(Instant now);
  void forget_flights();

  // ---- 7: calls.cpp, info.cpp ----
  Connection* find_live(ConnectionId id);
  void queue_fin(std::uint32_t slot, Cause cause);
  void leave_accept_queue(std::uint32_t slot);
  ConnectionInfo info_of(std::uint32_t slot) const;
  void tell_of_options(const Connection& c, ConnectionInfo& info) const;
  void tell_of_sending(const Connection& c, ConnectionInfo& info) const;
  void tell_of_deadlines(const Connection& c, ConnectionInfo& info) const;

  const Settings& settings_;
  Counters& counters_;
  ChunkPool& chunks_;
  TimerWheel& wheel_;
  Network& network_;
  std::array<const CongestionControl*, kCongestionAlgorithms> controls_{};
  const Recovery* sack_recovery_ = nullptr;
  Instant now_{};

  ConnectionTable connections_;
  TupleIndex index_;
  HalfOpenTable half_open_;
  TimeWaitTable time_wait_;
  ListenerTable listeners_;
  TransitionRing transitions_;
  PacketOut::Pieces pieces_;  // of the frame that is being sent

  IndexQueue<Connection, &Lists::dirty_next> dirty_;
  IndexQueue<Connection, &Lists::ready_next> ready_;
  IndexQueue<Connection, &Lists::reap_next> reap_;
  IndexQueue<Connection, &Lists::active_next> active_;
  IndexList<Connection, &Lists::holes_next, &Lists::holes_previous>
      holes_;  // with data beyond a hole, the oldest first
  IndexQueue<Listener, &Listener::ready_next> ready_listeners_;
  Instant kept_at_{};            // when all marks were brought forward
  std::uint32_t written_ = 0;    // bytes that applications have queued since the last output()
  bool held_back_ = false;       // there was news that next_event() did not tell in this turn
  bool fresh_dirty_ = false;     // something was marked dirty since the last output()
  bool table_starved_ = false;   // a connection was wanted and no slot was free
  bool pool_exhausted_ = false;  // a connection that holds nothing was refused a chunk
  Instant relieve_at_{};         // not before then is it asked again who holds them
  std::uint32_t starved_ =
      0;  // slots to look at: an application could not send for want of a chunk
  std::uint32_t wake_next_ = 0;   // the first of them
  const char* broken_ = nullptr;  // a rule that code of ours broke; the audit tells

  Cookies* cookies_ = nullptr;
  SipKey demux_key_;
  SipKey isn_key_;
  SipKey port_key_;
  std::array<std::uint16_t, 512> port_counters_{};  // RFC 6056, 3.3.4
  AnswerBudget challenges_;                         // of all records together
};

}  // namespace conker
