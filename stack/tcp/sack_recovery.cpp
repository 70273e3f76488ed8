#include "stack/tcp/sack_recovery.hpp"

#include <algorithm>
#include <optional>

#include "stack/tcp/rack.hpp"

namespace conker {
namespace {

using Phase = Flight::Phase;

constexpr Duration kPeersDelayedAck = 200ms;  // RFC 8985, 7.2
constexpr Duration kLeastProbeWait = 10ms;    // a busy peer answers late

/// What one ACK brought.
struct Delivery {
  std::uint32_t bytes = 0;                 // newly arrived at the peer
  std::optional<std::uint32_t> newest_at;  // when the newest of them was sent
  std::uint32_t rtt = 0;                   // and how long it took; 0: not known
  bool original = false;                   // one that had never been sent again
  bool duplicate = false;                  // the peer had a segment twice (RFC 2883)
};

class AckProcessor {
 public:
  AckProcessor(Connection& c, const Recovery::Context& context)
      : c_(c),
        context_(context),
        scoreboard_(context.pool, c.recovery.scoreboard),
        f_(scoreboard_.flight()),
        now_(SentSegment::clock(context.now)),
        rack_(c, scoreboard_, now_) {}

  void run(const TcpSegment& segment) {
    echo_ = c_.negotiated.timestamps ? segment.timestamps : std::nullopt;
    const Seq ack = segment.acknowledgment;
    const bool progress = ack > c_.snd.una;
    Delivery d;
    note_duplicate(segment, d);
    take_cumulative(ack, d);
    for (const SackBlock& block : segment.sack_blocks()) take_block(block, ack, d);
    if (d.rtt != 0) c_.rtt.sample(Duration(d.rtt));
    context_.control(c_).on_round_trip(c_.congestion, max(ack, c_.snd.una), c_.snd.nxt,
                                       Duration(d.rtt));
    if (f_.frto && d.bytes > 0) judge_timeout(d, progress);
    end_probe(ack, d);
    const bool newly_lost = rack_.find_losses();
    if (newly_lost && f_.phase == Phase::kOpen) begin_recovery();
    if (progress && f_.phase != Phase::kOpen && ack >= f_.recover) end_recovery();
    if (f_.phase == Phase::kRecovery) {
      reduce_proportionally(d, progress && !newly_lost);
    } else if (progress) {
      grow(static_cast<std::uint32_t>(ack - c_.snd.una));
    }
    if (progress || newly_lost || d.bytes > 0) f_.rearm = true;
  }

  /// The new ssthresh. Data that the peer has beyond a hole is out in name only, and would make the
  /// window grow by every loss; what limited transmit has sent does not count (RFC 5681, 3.2, (2)).
  std::uint32_t reduced() {
    const std::uint32_t flight = std::min(c_.snd.in_flight(), c_.congestion.cwnd);
    return context_.control(c_).reduce(c_.congestion, flight, c_.path.mss, context_.now);
  }

  /// Before snd_una moves.
  void begin_recovery() {
    f_.phase = Phase::kRecovery;
    f_.recover = c_.snd.nxt;
    // What was sacked earlier is not delivered any more (RFC 9937).
    f_.recover_fs = std::max<std::uint32_t>(c_.snd.in_flight() - before_.sacked, 1);
    f_.prr_delivered = f_.prr_out = 0;
    c_.congestion.ssthresh = reduced();
    context_.counters.add(Count::fast_retransmits);
    f_.tlp_out = false;
  }

 private:
  // RFC 2883, 4: the first block lies below the ACK, or inside the second.
  void note_duplicate(const TcpSegment& segment, Delivery& d) {
    const auto blocks = segment.sack_blocks();
    if (blocks.empty()) return;
    d.duplicate = blocks[0].right <= segment.acknowledgment ||
                  (blocks.size() > 1 && blocks[0].left >= blocks[1].left &&
                   blocks[0].right <= blocks[1].right);
    if (!d.duplicate) return;
    context_.counters.add(Count::duplicates_reported);
    rack_.arrived_twice(segment.acknowledgment);
  }

  void take_cumulative(Seq ack, Delivery& d) {
    while (!scoreboard_.empty()) {
      const Scoreboard::Number n = scoreboard_.first();
      SentSegment& s = scoreboard_[n];
      if (s.begin >= ack) return;
      const Seq end = scoreboard_.end_of(n);
      if (end > ack) {
        const auto part = static_cast<std::uint32_t>(ack - s.begin);
        if (s.in_pipe()) f_.pipe -= part;
        if (s.sacked()) f_.sacked -= part;
        s.begin = ack;
        d.bytes += part;
        return;
      }
      if (!s.sacked()) {
        deliver(s, end, d);
      } else if (f_.sacked_segments > 0) {
        --f_.sacked_segments;
      }
      scoreboard_.pop_front();
    }
  }

  void take_block(const SackBlock& block, Seq ack, Delivery& d) {
    // What it cannot be, it is not (RFC 2018, 8): empty, below the ACK, or never sent.
    if (block.left >= block.right || block.left < ack || block.right > c_.snd.nxt) return;
    const auto past = static_cast<Scoreboard::Number>(scoreboard_.past() - (f_.lump ? 1 : 0));
    for (auto n = scoreboard_.find(block.left); n != scoreboard_.past(); ++n) {
      n = scoreboard_.skip_sacked(n);
      if (n == past || n == scoreboard_.past()) return;
      const Seq end = scoreboard_.end_of(n);
      if (end > block.right) return;
      deliver(scoreboard_[n], end, d);
      scoreboard_.mark_sacked(n);
      if (f_.sacked_segments < 255) ++f_.sacked_segments;
    }
  }

  void deliver(const SentSegment& s, Seq end, Delivery& d) {
    d.bytes += static_cast<std::uint32_t>(end - s.begin);
    const std::uint32_t rtt = std::max<std::uint32_t>(now_ - s.sent_at, 1);
    measure(s, rtt, d);
    if (!s.resent()) d.original = true;
    rack_.arrived(s, end, rtt);
  }

  // An ACK that was lost is made up for by a later one, which the newest segment brought about: how
  // long an older one seems to have taken is how long we waited before sending again.
  void measure(const SentSegment& s, std::uint32_t rtt, Delivery& d) const {
    if (d.newest_at) {
      const auto newer = static_cast<std::int32_t>(s.sent_at - *d.newest_at);
      if (newer < 0 || (newer == 0 && d.rtt != 0)) return;
    }
    d.newest_at = s.sent_at;
    d.rtt = !s.resent() || echoes(s, rtt) ? rtt : 0;
  }

  // Of the times that a segment was sent, the ACK is for the last (Karn's doubt; RFC 7323, 4.1,
  // dispels it). Of two in one tick it may be for the first, which shows where the way was never so
  // short.
  bool echoes(const SentSegment& s, std::uint32_t rtt) const {
    if (!echo_ || Duration(rtt) < std::min(Duration(c_.rtt.least()), Tick::duration(1)))
      return false;
    const Tick sent = Tick::floor(context_.now - Duration(now_ - s.sent_at));
    return static_cast<std::int32_t>(echo_->echo - c_.timestamps.offset - sent.value()) >= 0;
  }

  // F-RTO with SACK (RFC 5682, 3.1): the first ACK after a timeout that brings what was never sent
  // again says that nothing had been lost.
  void judge_timeout(const Delivery& d, bool progress) {
    if (!d.original) {
      if (progress) f_.frto = false;
      return;
    }
    f_.frto = false;
    f_.phase = Phase::kOpen;
    c_.congestion.cwnd = f_.prior_cwnd;
    c_.congestion.ssthresh = f_.prior_ssthresh;
    if (f_.prior_ssthresh == Congestion::kUnlimited)
      c_.congestion.memory = {};  // as reduce() found it
    scoreboard_.undo_losses();
    context_.counters.add(Count::spurious_timeouts);
  }

  // RFC 8985, 7.4.2.
  void end_probe(Seq ack, const Delivery& d) {
    if (!f_.tlp_out) return;
    if (d.duplicate || !f_.tlp_resent) {
      if (ack >= f_.tlp_end) f_.tlp_out = false;
      return;
    }
    // An ACK of just that may be for what the probe repeats; one that goes beyond it, with no word
    // of a duplicate between, says that the probe repaired a loss which went unnoticed.
    if (ack <= f_.tlp_end) return;
    f_.tlp_out = false;
    if (f_.phase != Phase::kOpen) return;
    c_.congestion.ssthresh = reduced();
    c_.congestion.cwnd = c_.congestion.ssthresh;
  }

  void end_recovery() {
    if (f_.phase == Phase::kRecovery)
      c_.congestion.cwnd = std::max<std::uint32_t>(c_.congestion.ssthresh, c_.path.mss);
    f_.phase = Phase::kOpen;
    f_.frto = false;
    rack_.recovery_ended();
  }

  // What is acknowledged cumulatively lets the window grow, also where it was sacked before (RFC
  // 5681, 3.1). A window that is not in use does not grow (RFC 7661, 4.1).
  void grow(std::uint32_t acked) {
    Congestion& w = c_.congestion;
    // The ACK that ends recovery acknowledges what was sent before it, too: a window of that
    // counts, not two.
    if (before_.phase == Phase::kRecovery) acked = std::min(acked, w.cwnd);
    const bool in_use = f_.phase == Phase::kLoss || before_.pipe + 2u * c_.path.mss >= w.cwnd;
    if (in_use) context_.control(c_).on_ack(w, acked, c_.path.mss, c_.rtt.srtt(), context_.now);
  }

  // PRR (RFC 9937): proportionally while more is on the way than will be; then as much as is
  // delivered, and one segment more for an ACK that is safe: it makes progress and tells of no new
  // loss.
  void reduce_proportionally(const Delivery& d, bool safe_ack) {
    Congestion& w = c_.congestion;
    f_.prr_delivered += d.bytes;
    std::int64_t send = 0;
    if (f_.pipe > w.ssthresh) {
      send =
          static_cast<std::int64_t>(
              (std::uint64_t{f_.prr_delivered} * w.ssthresh + f_.recover_fs - 1) / f_.recover_fs) -
          f_.prr_out;
    } else {
      send = std::max<std::int64_t>(std::int64_t{f_.prr_delivered} - f_.prr_out, d.bytes);
      if (safe_ack) send += c_.path.mss;
      send = std::min<std::int64_t>(std::int64_t{w.ssthresh} - f_.pipe, send);
    }
    if (f_.prr_out == 0)
      send = std::max<std::int64_t>(send, c_.path.mss);  // the first goes out at once
    w.cwnd = f_.pipe + static_cast<std::uint32_t>(std::max<std::int64_t>(send, 0));
  }

  Connection& c_;
  const Recovery::Context& context_;
  Scoreboard scoreboard_;
  Flight& f_;
  std::uint32_t now_;
  Rack rack_;
  std::optional<TcpTimestamps> echo_;
  struct {
    Phase phase;
    std::uint32_t pipe, sacked;
  } before_{f_.phase, f_.pipe, f_.sacked};  // as they were before this ACK
};

}  // namespace

void SackRecovery::on_sent(Connection& c, const Context& context, Seq begin, Seq end) const {
  Scoreboard scoreboard(context.pool, c.recovery.scoreboard);
  Flight& f = scoreboard.flight();
  f.rearm = true;
  if (f.phase == Phase::kRecovery) f.prr_out += static_cast<std::uint32_t>(end - begin);
  const std::uint32_t now = SentSegment::clock(context.now);
  if (begin >= f.end) {
    // One frame may have carried many segments, and each has its own fate.
    const Seq data_end = c.snd.una + c.send_queue.size();
    for (Seq at = begin; at != end;) {
      at = min(end, data_end) - at > std::int32_t{c.path.mss} ? at + c.path.mss : end;
      scoreboard.push(at, now);
    }
    return;
  }
  auto n = scoreboard.find(begin);
  if (n != scoreboard.first() && (n == scoreboard.past() || scoreboard[n].begin != begin))
    --n;  // `begin` lies in the one before
  for (; n != scoreboard.past() && scoreboard[n].begin < end; ++n) {
    if (scoreboard[n].sacked()) continue;
    scoreboard.put_out(n, now);
    scoreboard[n].flags |= SentSegment::kResent;
  }
}

Recovery::Reaction SackRecovery::on_ack(Connection& c, const Context& context,
                                        const Ack& ack) const {
  AckProcessor(c, context).run(ack.segment);
  if (ack.ece) on_ece(c, context, ack.segment.acknowledgment);
  return {.output = true};
}

bool SackRecovery::repairing(const Connection& c, const Context& context) const {
  return Scoreboard(context.pool, c.recovery.scoreboard).flight().phase != Phase::kOpen;
}

std::uint32_t SackRecovery::reduced(Connection& c, const Context& context) const {
  return AckProcessor(c, context).reduced();
}

Recovery::Range SackRecovery::next_lost(const Connection& c, const Context& context) const {
  Scoreboard scoreboard(context.pool, c.recovery.scoreboard);
  const Flight& f = scoreboard.flight();
  if (f.phase == Phase::kOpen || f.lost == 0) return {};
  if (f.pipe + 1 > c.congestion.cwnd) return {};
  const Scoreboard::Number n = scoreboard.first_lost();
  return {scoreboard[n].begin, scoreboard.end_of(n),
          f.phase == Phase::kLoss ? Resend::kTimeout : Resend::kLost};
}

std::uint32_t SackRecovery::window(const Connection& c, const Context& context,
                                   std::uint32_t offset) const {
  const std::uint32_t pipe = Scoreboard(context.pool, c.recovery.scoreboard).flight().pipe;
  return offset + (c.congestion.cwnd > pipe ? c.congestion.cwnd - pipe : 0);
}

Duration SackRecovery::wait(Connection& c, const Context& context, bool armed) const {
  Scoreboard scoreboard(context.pool, c.recovery.scoreboard);
  Flight& f = scoreboard.flight();
  if (armed && !f.rearm) return Duration(0);
  f.rearm = false;
  if (f.reordering_wait != 0) {
    f.wait = Flight::Wait::kReordering;
    return Duration(f.reordering_wait);
  }
  f.wait = Flight::Wait::kRto;
  if (f.phase != Phase::kOpen || f.tlp_out || f.sacked != 0 || !c.rtt.measured())
    return c.rto(context.settings);
  // RFC 8985, 7.2.
  Duration probe = std::max<Duration>(2 * c.rtt.srtt(), kLeastProbeWait);
  if (static_cast<Scoreboard::Number>(scoreboard.past() - scoreboard.first()) == 1)
    probe += kPeersDelayedAck;
  if (probe >= c.rto(context.settings)) return c.rto(context.settings);
  f.wait = Flight::Wait::kProbe;
  return probe;
}

Recovery::Expiry SackRecovery::on_timer(Connection& c, const Context& context) const {
  Scoreboard scoreboard(context.pool, c.recovery.scoreboard);
  Flight& f = scoreboard.flight();
  f.rearm = true;
  switch (f.wait) {
    case Flight::Wait::kRto:
      return Expiry::kTimeout;
    case Flight::Wait::kProbe:
      return Expiry::kProbe;
    case Flight::Wait::kReordering:
      break;
  }
  if (Rack(c, scoreboard, SentSegment::clock(context.now)).find_losses() &&
      f.phase == Phase::kOpen) {
    AckProcessor(c, context).begin_recovery();
    c.congestion.cwnd = f.pipe + c.path.mss;  // PRR's first segment
  }
  return Expiry::kNothing;
}

// The newest segment: no later one would reveal its loss.
Recovery::Range SackRecovery::probe(const Connection& c, const Context& context) const {
  Scoreboard scoreboard(context.pool, c.recovery.scoreboard);
  if (scoreboard.empty()) return {};
  const auto newest = static_cast<Scoreboard::Number>(scoreboard.past() - 1);
  return {scoreboard[newest].begin, scoreboard.end_of(newest)};
}

void SackRecovery::on_probe_sent(Connection& c, const Context& context, bool resent) const {
  Flight& f = Scoreboard(context.pool, c.recovery.scoreboard).flight();
  f.tlp_out = true;
  f.tlp_resent = resent;
  f.tlp_end = c.snd.nxt;
  context.counters.add(Count::tail_loss_probes);
}

void SackRecovery::on_timeout(Connection& c, const Context& context) const {
  Scoreboard scoreboard(context.pool, c.recovery.scoreboard);
  Flight& f = scoreboard.flight();
  const bool again = f.phase == Phase::kLoss;
  if (!again) {
    f.prior_cwnd = c.congestion.cwnd;
    f.prior_ssthresh = c.congestion.ssthresh;
    c.congestion.ssthresh = AckProcessor(c, context).reduced();
  }
  f.frto = !again;
  f.phase = Phase::kLoss;
  f.recover = c.snd.nxt;
  f.tlp_out = false;
  f.reordering_wait = 0;
  c.congestion.cwnd = c.path.mss;
  // A peer that has the oldest segment would have acknowledged it: what it said it had, it has
  // thrown away (RFC 2018, 8).
  const bool reneged = !scoreboard.empty() && scoreboard[scoreboard.first()].sacked();
  // Microseconds in 32 bits tell ages apart below 36 minutes: what is out for longer stays half an
  // hour old.
  const auto keep = [now = SentSegment::clock(context.now)](std::uint32_t& at) {
    at = now - std::min<std::uint32_t>(now - at, Duration(30min).count());
  };
  keep(f.rack_xmit);
  scoreboard.for_each([&](SentSegment& s, Seq) { keep(s.sent_at); });
  scoreboard.lose_all(reneged);
  if (reneged) f.sacked_segments = 0;
}

}  // namespace conker
