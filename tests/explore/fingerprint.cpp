// The fingerprint of a state: two states with the same fingerprint have the same successors.
//
// It has states, flags, armed timers and the time left to them, lengths of queues, every list in
// its order, and distances between sequence numbers. It leaves out, since no successor depends on
// it:
//   - absolute time, initial sequence numbers, counters, the ring of transitions, samples of the
//     round-trip time (the scenes keep the timeout constant);
//   - queued bytes, and the order of free records and chunks, which are alike;
//   - generations above 3: a slot that was used three times is like one that was used more often.
// A distance is cut off where a larger one makes no difference any more; each cut says why.
#include "tests/explore/fingerprint.hpp"

#include <algorithm>
#include <bit>

#include "stack/tcp/diagram.hpp"
#include "stack/tcp/scoreboard.hpp"
#include "stack/tcp/tcp.hpp"

namespace conker::explore {
namespace {

/// Hashes numbers to 128 bits, by two lanes that mix in different ways, so that they do not collide
/// together.
class Digest {
 public:
  void add(std::uint64_t n) {
    a_ = std::rotl((a_ ^ n) * 0x9e3779b97f4a7c15u, 29);
    b_ = (std::rotl(b_, 23) + n) * 0xd6e8feb86659fd93u;
    b_ ^= b_ >> 32;
  }
  Fingerprint finish() const { return {final_mix(a_), final_mix(b_)}; }

 private:
  static std::uint64_t final_mix(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
  }

  std::uint64_t a_ = 0x243f6a8885a308d3u, b_ = 0x13198a2e03707344u;
};

/// A signed distance, cut off on both sides.
std::uint64_t cut(std::int64_t distance, std::int64_t most) {
  return static_cast<std::uint64_t>(std::clamp(distance, -most, most) + most);
}

/// Names every member of a connection, so that a new one does not compile until it is decided
/// whether the Reader below reads it. Members on which no successor depends are called `left_out`,
/// with a number.
[[maybe_unused]] void every_member(const Connection& c) {
  [[maybe_unused]] const auto& [state, reason, fin, pending, listed, application, path, left_out1,
                                tuple, snd, rcv, send_queue, receive_queue, negotiated, left_out2,
                                buffer, liveness, congestion, recovery, timers, retransmits, rtt,
                                timing, out_of_order, sack, left_out3, left_out4, left_out5,
                                challenged_at, lists] = c;
  [[maybe_unused]] const auto& [queued, sent, acked] = fin;
  [[maybe_unused]] const auto& [ack, reset, fast_retransmit, window_probe, tail_probe, keepalive,
                                left_out6, left_out7, left_out8, duplicate_acks] = pending;
  [[maybe_unused]] const auto& [index, accept_queue, dirty, ready, reap, left_out9, holes] = listed;
  [[maybe_unused]] const auto& [left_out10, left_out11, events, passive, no_delay, closed,
                                wants_writable] = application;
  [[maybe_unused]] const auto& [dirty_next, ready_next, reap_next, left_out12, holes_next,
                                holes_previous, accept_next, accept_previous, listener] = lists;
  [[maybe_unused]] const auto& [una, nxt, cursor, wl1, wl2, iss, wnd, max_wnd, small_end,
                                small_end_before] = snd;
  [[maybe_unused]] const auto& [irs, rcv_nxt, adv, last_ack, fin_at, left_out13, left_out14,
                                fin_seen] = rcv;
  [[maybe_unused]] const auto& [left_out15, left_out16, left_out17] = buffer;
  [[maybe_unused]] const auto& [heard_at, idle, left_out18, left_out19, left_out20, probes,
                                left_out21] = liveness;
  [[maybe_unused]] const auto& [left_out22, left_out23, left_out24, left_out25] = timing;
  [[maybe_unused]] const auto& [cwnd, ssthresh, memory] = congestion;
  [[maybe_unused]] const auto& [duplicates, scoreboard, last_sent, advanced_at, left_out26] =
      recovery;
  [[maybe_unused]] const auto& [left_out27, left_out28, left_out29] = path;
  [[maybe_unused]] const auto& [deadlines, armed] = timers;
  [[maybe_unused]] const auto& [left_out30, left_out31, consecutive_timeouts, left_out32,
                                syn_hurried] = retransmits;
}

class Reader {
 public:
  explicit Reader(const World& world)
      : world_(world),
        stack_(world.stack()),
        t_(stack_.tcp().tables()),
        now_(Tick::floor(stack_.now())) {}

  Fingerprint read() {
    add_ledger();
    // Timers are armed in whole ticks, so the rest of the present tick counts.
    d_.add(static_cast<std::uint64_t>((stack_.now() - now_.instant(stack_.now())).count()));
    d_.add(bits({t_.fresh_dirty, t_.waiting_for_slot, t_.waiting_for_buffers != 0}));
    d_.add(t_.wake_next);
    add_budget();
    d_.add(t_.connections.end() | t_.half_open.size() << 8 | t_.time_wait.size() << 16);
    for (std::uint32_t slot = 0; slot < t_.connections.end(); ++slot) add_slot(slot);
    std::uint64_t free = 1;
    t_.connections.for_each_free(
        [&](std::uint32_t slot) { return (free = free << 4 | slot) >> 32 == 0; });
    d_.add(free);
    add_list<&Lists::dirty_next>(t_.connections, t_.dirty.head());
    add_list<&Lists::ready_next>(t_.connections, t_.ready.head());
    add_list<&Lists::reap_next>(t_.connections, t_.reap.head());
    add_list<&Lists::holes_next>(t_.connections, t_.holes.head());
    for (std::uint32_t slot = 0; slot < t_.listeners.end(); ++slot) add_listener(slot);
    add_list<&Listener::ready_next>(t_.listeners, t_.ready_listeners.head());
    d_.add(t_.time_wait.span());
    t_.time_wait.for_each([this](const TimeWait& record) {
      d_.add(peer_of(record.tuple));
      d_.add(cut(record.ends - now_, 1 << 20) << 1 |
             (record.answered && record.since_sent(now_) < kChallengeEvery ? 1 : 0));
    });
    return d_.finish();
  }

 private:
  static std::uint64_t bits(std::initializer_list<bool> flags) {
    std::uint64_t all = 1;
    for (const bool flag : flags) all = all << 1 | (flag ? 1 : 0);
    return all;
  }

  void add_ledger() {
    const Ledger& ledger = world_.ledger();
    d_.add(bits({ledger.listening, ledger.link_busy, ledger.held[0].open, ledger.held[1].open,
                 ledger.held[2].open}) |
           std::uint64_t{ledger.peers_met} << 8);
  }

  // The chunks held by each use, which limit the others; the floors are those of the scene.
  void add_budget() {
    std::uint64_t held = 1;
    for (std::size_t use = 0; use < kUses; ++use)
      held = held << 8 | stack_.chunks().held(static_cast<Use>(use));
    d_.add(held);
    d_.add(bits({t_.pool_exhausted}) << 32 |
           cut(std::max(t_.relieve_at - stack_.now(), Duration(0)).count(), 1 << 20));
  }

  // A timer: whether it is armed, the time left, and its place among those of the same moment.
  void add_timer(std::uint32_t timer) {
    if (!t_.wheel.armed(timer)) return d_.add(0);
    std::uint64_t behind = t_.wheel.behind(timer);  // counted from one
    if (behind > t_.connections.capacity()) {
      const auto index = static_cast<std::uint32_t>(behind - 1 - t_.connections.capacity());
      behind = 16 + peer_of(t_.half_open[index].tuple);
    }
    d_.add(1 + cut(t_.wheel.deadline(timer) - now_, 1 << 20) + (behind << 32));
  }

  template <auto Next, typename Table>
  void add_list(const Table& table, std::uint32_t head) {
    std::uint64_t all = 1;
    unsigned length = 0;
    for (std::uint32_t at = head; at != kNone && length < 8;
         at = link_of<Next>(table[at]), ++length)
      all = all << 4 | (at + 1);
    d_.add(all);
  }

  void add_slot(std::uint32_t slot) {
    const bool live = t_.connections.live(slot);
    d_.add(std::min<std::uint32_t>(t_.connections.id(slot).generation, 3) * 2 + (live ? 1 : 0));
    if (!live) return;
    const Connection& c = t_.connections[slot];
    d_.add(peer_of(c.tuple) | std::uint64_t{static_cast<unsigned>(c.state)} << 8 |
           std::uint64_t{static_cast<unsigned>(c.reason)} << 16 |
           std::uint64_t{c.application.events} << 24);
    d_.add(bits({c.listed.index, c.listed.accept_queue, c.application.closed, c.pending.ack,
                 c.pending.reset, c.listed.dirty, c.listed.ready, c.listed.reap}));
    if (c.state == State::kDestroy) return;
    const bool connecting = in_state(c.state, states(State::kSynSent, State::kSynReceived));
    d_.add(bits({c.application.passive, c.fin.queued, c.fin.sent, c.fin.acked, c.rcv.fin_seen,
                 c.application.wants_writable, c.pending.fast_retransmit, c.pending.window_probe,
                 c.pending.tail_probe, c.application.no_delay, c.pending.keepalive,
                 c.recovery.duplicates.recovering(), c.snd.una == c.snd.iss, challenged(c),
                 c.retransmits.syn_hurried, !connecting && c.snd.small_end_before > c.snd.una,
                 !connecting && c.snd.small_end > c.snd.una}) |
           std::uint64_t{c.retransmits.consecutive_timeouts} << 40 |
           std::uint64_t{c.liveness.sent} << 48 |
           std::uint64_t{c.recovery.duplicates.extra_segments()} << 56);
    add_timers(slot, c);
    add_numbers(c, connecting);
    // The connection stalled for longest is given up first when the budget is used up.
    if (!c.send_queue.empty()) d_.add(cut(c.recovery.advanced_at.age(now_), 1 << 20));
    if (c.negotiated.sack) add_repair(c);
    d_.add(c.send_queue.size() | std::uint64_t{c.receive_queue.size()} << 16 |
           std::uint64_t{c.out_of_order.bytes(stack_.chunks())} << 32 |
           std::uint64_t{c.out_of_order.chunks()} << 48 |
           std::uint64_t{c.receive_queue.chunks(stack_.chunks())} << 52 |
           std::uint64_t{c.send_queue.chunks(stack_.chunks())} << 56);
  }

  // Whether one more challenge ACK is sent now. The time since the last one makes no difference
  // before the limit's period is over, and no scene runs that long.
  bool challenged(const Connection& c) const { return c.challenged_at.age(now_) < 500; }

  void add_timers(std::uint32_t slot, const Connection& c) {
    d_.add(c.timers.armed);
    add_timer(slot);
    for (unsigned i = 0; i < kTimerCount; ++i) {
      if (c.timers.is_armed(static_cast<Timer>(i)))
        d_.add(cut(c.timers.deadlines[i] - now_, 1 << 20));
    }
    // The time of the last segment matters to keepalive only.
    if (c.liveness.idle != 0) d_.add(cut(c.liveness.heard_at.age(now_), 64));
  }

  void add_numbers(const Connection& c, bool connecting) {
    // All data to send fits into two segments, so a larger window makes no difference.
    constexpr std::uint32_t kWide = 4 * kPiece;
    d_.add(cut(c.snd.nxt - c.snd.una, 4095) | cut(c.snd.cursor - c.snd.una, 4095) << 16 |
           cut(c.rcv.adv - c.rcv.nxt, 4095) << 32 | cut(c.rcv.last_ack - c.rcv.nxt, 511) << 48);
    if (connecting) return;
    // Segments come from one piece before rcv_nxt on, and are compared with the last that moved the
    // window.
    d_.add(cut(c.snd.wl1 - c.rcv.nxt, 2 * kPiece) | cut(c.snd.wl2 - c.snd.una, 2 * kPiece) << 16 |
           std::uint64_t{std::min(c.snd.wnd, kWide)} << 32 |
           std::uint64_t{std::min(c.snd.max_wnd, kWide)} << 48);
    d_.add(std::min(c.congestion.ssthresh, kWide));
    d_.add(std::min(c.congestion.cwnd, kWide) | std::uint64_t{c.pending.duplicate_acks} << 16 |
           std::uint64_t{std::min(c.congestion.memory[0], kWide)} << 48 |
           (c.rcv.fin_seen ? cut(c.rcv.fin - c.rcv.nxt, 4095) << 32 : 0));
  }

  // Views take mutable tables; the Reader changes nothing.
  ChunkPool& chunks() const { return const_cast<ChunkPool&>(stack_.chunks()); }

  // The place of the last byte in its chunk, which decides whether more fits, where a chunk is more
  // than one piece.
  std::uint32_t tail(const ByteQueue& queue) const {
    if (queue.empty()) return 0;
    std::array<std::span<const std::byte>, 8> pieces;
    std::uint32_t length = queue.size();
    const auto last = pieces[queue.gather(stack_.chunks(), 0, length, pieces) - 1];
    const auto at =
        static_cast<std::uint32_t>(last.data() + last.size() - 1 - chunks().storage(0).data());
    return at % stack_.chunks().chunk_bytes() + 1;
  }

  // The state of each segment in flight, and of the round trips by which losses are found.
  void add_repair(const Connection& c) {
    const auto distance = [&](Seq to, Seq from) { d_.add(cut(to - from, 4095)); };
    d_.add(static_cast<std::uint64_t>(c.rtt.srtt().count()) << 32 | c.rtt.least());
    d_.add(static_cast<std::uint64_t>(c.rtt.rttvar().count()) << 32 | (c.rtt.measured() ? 2 : 0) |
           (c.sack.empty() ? 1 : 0));
    for (const SackBlock& block : c.sack.blocks()) {
      distance(block.left, c.rcv.nxt);
      distance(block.right, c.rcv.nxt);
    }
    d_.add(cut(c.recovery.last_sent.age(now_), 64));
    d_.add(tail(c.send_queue) | std::uint64_t{tail(c.receive_queue)} << 32);
    if (c.recovery.scoreboard == 0) return;
    Scoreboard scoreboard(chunks(), c.recovery.scoreboard);
    const Flight& f = scoreboard.flight();
    const auto now = static_cast<std::uint32_t>(stack_.now().time_since_epoch().count());
    d_.add(f.pipe | std::uint64_t{f.sacked} << 16 | std::uint64_t{f.recover_fs} << 32 |
           std::uint64_t{f.prr_delivered} << 48);
    d_.add(f.prr_out | std::uint64_t{f.reordering_wait} << 32 |
           std::uint64_t{f.sacked_segments} << 24);
    d_.add(std::min(f.prior_cwnd, 4 * kPiece) |
           std::uint64_t{std::min(f.prior_ssthresh, 4 * kPiece)} << 32);
    d_.add(
        bits({f.rack_valid, f.reordering_seen, f.tlp_out, f.tlp_resent, f.frto, f.rearm, f.lump}) |
        std::uint64_t{static_cast<unsigned>(f.phase)} << 8 |
        std::uint64_t{static_cast<unsigned>(f.wait)} << 16 | std::uint64_t{f.reo_wnd_mult} << 24 |
        std::uint64_t{f.reo_wnd_persist} << 32);
    if (f.rack_valid) d_.add(std::uint64_t{now - f.rack_xmit} << 32 | f.rack_rtt);
    for (const Seq at : {f.recover, f.rack_end, f.fack, f.dsack_round, f.tlp_end})
      distance(at, c.snd.una);
    scoreboard.for_each([&](const SentSegment& s, Seq end) {
      distance(s.begin, c.snd.una);
      distance(end, c.snd.una);
      d_.add(std::uint64_t{now - s.sent_at} << 32 | s.flags);
    });
  }

  void add_listener(std::uint32_t slot) {
    const bool live = t_.listeners.live(slot);
    d_.add(std::min<std::uint32_t>(t_.listeners.id(slot).generation, 3) * 2 + (live ? 1 : 0));
    if (!live) return;
    const Listener& l = t_.listeners[slot];
    d_.add(l.on_ready ? 1 : 0);
    for (std::uint32_t at = l.half_open.head(); at != kNone; at = t_.half_open[at].next) {
      const HalfOpen& record = t_.half_open[at];
      d_.add(peer_of(record.tuple) | std::uint64_t{record.retransmits} << 8);
      const auto since = static_cast<std::uint16_t>(now_.value() - record.answered_at);
      d_.add(bits({record.reopens, record.answered && since < kChallengeEvery}));
      add_timer(t_.connections.capacity() + at);
    }
    add_list<&Lists::accept_next>(t_.connections, l.accept_queue.head());
  }

  const World& world_;
  const Stack& stack_;
  const TcpTables& t_;
  const Tick now_;
  Digest d_;
};

}  // namespace

Fingerprint fingerprint_of(const World& world) {
  return Reader(world).read();
}

}  // namespace conker::explore
