#include "tests/sim/churn.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <new>
#include <vector>

#include "stack/ip4/ipv4.hpp"
#include "stack/stack.hpp"
#include "stack/tcp/sack_recovery.hpp"
#include "stack/tcp/tcp.hpp"
#include "tests/sim/churn_wire.hpp"
#include "tests/sim/trial.hpp"

namespace conker::sim {
namespace {

constexpr std::uint32_t kInFlight = 64;
constexpr Duration kRound = 50us;
constexpr std::uint16_t kFirstPort = 100;  // of the first row's listener; row n has kFirstPort + n
constexpr std::size_t kBytes = 40, kManyBytes = 6000;
const SackRecovery kChurnRecovery;

// Of 256 cycles, those of each row. Cycles that wait for a timeout are few, since they take a
// thousand times as long.
constexpr std::array<std::uint32_t, kCloses> kShare{62, 36, 24, 18, 18, 22, 16,
                                                    1,  14, 18, 2,  13, 12};

Capacities churn_capacities(Dice& dice) {
  Capacities c;
  c.connections = 3 * kInFlight;
  c.half_open = dice.of({32u, 128u});
  c.time_wait = dice.of({16u, 64u, 256u});
  c.listeners = kCloses;
  c.neighbours = 2;
  c.addresses = c.interfaces = c.routes = c.udp_sockets = 1;
  c.chunks = dice.of({96u, 512u});
  c.chunk_bytes = 512;
  c.transitions = 0;
  return c;
}

Settings fast_settings(Dice& dice) {
  Settings s;
  s.time_wait = dice.of<Duration>({5ms, 50ms});
  s.connect_timeout = 100ms;
  s.fin_wait_2 = 100ms;
  s.rto_initial = 8ms;
  s.rto_min = 3ms;
  s.rto_max = 100ms;
  s.retransmits = 6;
  s.syn_ack_retransmits = 3;
  s.delayed_ack = dice.of<Duration>({Duration(0), 2ms});
  s.send_buffer = 8192;
  s.receive_buffer = 4096;
  s.window_scaling = dice.one_in(2);
  s.timestamps = dice.one_in(4);
  s.sack = dice.one_in(2);
  s.keepalive = {.idle = 100ms, .interval = 30ms, .count = 3};
  s.first_port = Port{dice.of<std::uint16_t>({1024, 65000})};
  s.last_port = Port{65535};
  return s;
}

ChurnImpairments impairments_of(Dice& dice) {
  ChurnImpairments w;
  if (dice.one_in(3)) return w;
  w.loss = dice.of({0u, 30u, 300u});
  w.repeat = dice.of({0u, 100u, 1000u});
  w.overtake = dice.of({0u, 300u, 3000u});
  w.garble = dice.of({0u, 30u, 100u});
  return w;
}

/// One end.
class End {
 public:
  End(std::uint8_t number, std::uint64_t seed, const Capacities& capacities,
      const Settings& settings, const ChurnImpairments& impairments, ChurnFigures& figures)
      : wire_(seed, impairments, figures), figures_(figures) {
    const std::size_t need = Stack::storage_bytes(capacities);
    storage_.reset(new (std::align_val_t{16}) std::byte[need]());
    Dice dice(seed);
    Entropy entropy;
    for (std::uint64_t& word : entropy.words) word = dice();
    Parts parts;
    if (dice.one_in(2)) parts.recovery = &kChurnRecovery;
    stack_ = std::make_unique<Stack>(std::span(storage_.get(), need), capacities, settings, entropy,
                                     parts);
    ipv4_.emplace(stack_->parts(), entropy);
    stack_->begin(Instant(1s));
    const auto interface = stack_->add_interface(wire_, MacAddress{{2, 0, 0, 0, 0, number}}, 576);
    address_ = IpAddress::v4(10, 0, 0, number);
    good_ = interface && stack_->add_address(*interface, {address_, 24}) == Error::kOk;
  }

  template <typename OnEvent, typename Then>
  void turn(Instant now, OnEvent on_event, Then then) {
    stack_->begin(now);
    stack_->input(InterfaceId{0}, wire_.next_round());
    stack_->timers();
    Event event;
    while (stack_->next_event(event)) on_event(event);
    then();
    stack_->output();
    stack_->reap();
  }

  Stack& stack() { return *stack_; }
  ChurnWire& wire() { return wire_; }
  const IpAddress& address() const { return address_; }
  bool good() const { return good_; }

  void read(ConnectionId id) {
    std::array<std::byte, 4096> bytes;
    for (;;) {
      const auto got = stack_->receive(id, bytes);
      if (!got || *got == 0) return;
      figures_.bytes += *got;
    }
  }
  void count_end(CloseReason reason) {
    switch (reason) {
      case CloseReason::kClosed:
        ++figures_.closed;
        return;
      case CloseReason::kReset:
        ++figures_.reset;
        return;
      case CloseReason::kAborted:
        ++figures_.aborted;
        return;
      case CloseReason::kRefused:
        ++figures_.refused;
        return;
      case CloseReason::kTimedOut:
        ++figures_.timed_out;
        return;
      default:
        ++figures_.other;
    }
  }

 private:
  struct Free {
    void operator()(std::byte* bytes) const { ::operator delete[](bytes, std::align_val_t{16}); }
  };
  ChurnWire wire_;
  ChurnFigures& figures_;
  std::unique_ptr<std::byte[], Free> storage_;
  std::unique_ptr<Stack> stack_;
  std::optional<Ipv4> ipv4_;
  IpAddress address_;
  bool good_ = false;
};

/// Both ends, and the calls of their applications.
class Churn {
 public:
  Churn(Board& board, std::uint64_t seed, std::uint32_t audit_every)
      : board_(board),
        f_(board.churn),
        audit_every_(audit_every),
        dice_(seed ^ 0x636875726e),
        capacities_(churn_capacities(dice_)),
        settings_(fast_settings(dice_)),
        impairments_(impairments_of(dice_)),
        us_(1, dice_(), capacities_, settings_, impairments_, f_),
        peer_(2, dice_(), capacities_, settings_, impairments_, f_) {
    us_.wire().join(peer_.wire());
    peer_.wire().join(us_.wire());
    for (std::size_t i = 0; i < kCloses; ++i) {
      plan_.insert(plan_.end(), kShare[i], static_cast<Close>(i));
      if (static_cast<Close>(i) == Close::kRefused) continue;
      const auto listener = peer_.stack().listen({.local = {{}, port_of(static_cast<Close>(i))},
                                                  .backlog = kInFlight,
                                                  .half_open = 32,
                                                  .token = Token(static_cast<std::uint32_t>(i))});
      expect(static_cast<bool>(listener), "a listener is refused");
    }
    expect(us_.good() && peer_.good(), "an interface is refused");
    data_.fill(std::byte{0x63});
  }

  void run(std::uint64_t cycles) {
    while (f_.cycles < cycles && !board_.found && !board_.stop) round(true);
    // No connection is opened any more; nothing may be left after 5 s.
    const Instant quiesced = now_ + 5s;
    while (now_ < quiesced && !board_.found) round(false);
    audit();
    for (End* end : {&us_, &peer_}) {
      const Audit audit = end->stack().audit();
      expect(audit.live == 0, "a connection is left over");
      expect(audit.half_open == 0, "a half-open record is left over");
      expect(audit.time_wait == 0, "a TIME-WAIT record is left over");
      expect(audit.chunks_held == 0, "a chunk is left over");
      expect(end->stack().counters()[Count::reaped] == audit.opened,
             "opened connections and reaped ones differ");
      const Counters& n = end->stack().counters();
      f_.time_wait_evicted += n[Count::time_wait_evicted];
      f_.time_wait_reused += n[Count::time_wait_reused];
      f_.retransmits += n[Count::segments_retransmitted];
    }
    f_.simulated_us = static_cast<std::uint64_t>((now_ - Instant(1s)).count());
  }

 private:
  static Port port_of(Close close) {
    return Port{static_cast<std::uint16_t>(kFirstPort + static_cast<std::uint16_t>(close))};
  }
  void expect(bool good, const char* otherwise) {
    if (good || board_.found) return;
    board_.found = true;
    std::snprintf(board_.fault, sizeof board_.fault, "%s", otherwise);
  }

  void round(bool open) {
    if (++f_.rounds % 64 == 0) board_.heartbeat = board_.heartbeat + 1;
    const std::uint64_t before = f_.segments;
    us_.turn(
        now_, [this](const Event& event) { on_our_event(event); },
        [this, open] {
          if (open) open_some();
          do_what_is_due(us_, our_later_);
        });
    peer_.turn(
        now_, [this](const Event& event) { on_peers_event(event); },
        [this] { do_what_is_due(peer_, peers_later_); });
    if (f_.rounds % audit_every_ == 0) audit();
    now_ += kRound;
    if (f_.segments != before || !our_later_.empty() || !peers_later_.empty()) return;
    // No segment is in flight: the clock goes to the next deadline.
    const Instant next = std::min(us_.stack().next_deadline(), peer_.stack().next_deadline());
    now_ = std::max(now_, std::min(next, now_ + 10ms));
  }

  void audit() {
    for (End* end : {&us_, &peer_}) {
      const Audit audit = end->stack().audit();
      ++f_.audits;
      expect(audit.balanced(), audit.fault != nullptr ? audit.fault : "");
    }
    expect(us_.stack().tcp().connection_count() >= live_,
           "fewer connections than were opened and have not ended");
  }

  // ---- Calls that are made some rounds later ----

  struct Later {
    std::uint64_t round;
    ConnectionId id;
    bool abort;
  };
  void do_what_is_due(End& end, std::deque<Later>& later) {
    while (!later.empty() && later.front().round <= f_.rounds) {
      const Later what = later.front();
      later.pop_front();
      (void)(what.abort ? end.stack().abort(what.id) : end.stack().close(what.id));
    }
  }

  // ---- Us ----

  void open_some() {
    while (live_ < kInFlight) {
      const Close close = plan_[dice_.below(256)];
      if (!open(close, Port{})) return;
    }
  }

  bool open(Close close, Port local_port) {
    ConnectRequest request;
    request.remote = {peer_.address(), port_of(close)};
    request.local_port = local_port;
    request.token = Token(static_cast<std::uint32_t>(close));
    Stack& stack = us_.stack();
    const auto id = stack.connect(request);
    if (!id) return false;
    ++live_;
    if (close == Close::kAbortInSynSent) {
      if (dice_.one_in(2)) {
        (void)stack.abort(*id);
      } else {
        our_later_.push_back({f_.rounds + 1, *id, true});
      }
    }
    return true;
  }

  void on_our_event(const Event& event) {
    Stack& stack = us_.stack();
    const ConnectionId id = event.connection;
    const auto close = static_cast<Close>(event.token.value());
    if (event.has(Event::kClosed)) return on_our_end(event, close);
    if (event.has(Event::kConnected)) {
      switch (close) {
        case Close::kFinFirst:
        case Close::kReopen:
          (void)stack.close(id);
          break;
        case Close::kSimultaneous:
          our_later_.push_back({f_.rounds + 2, id, false});
          break;
        case Close::kHalfByUs:
          (void)stack.shutdown(id);
          break;
        case Close::kReset:
          (void)stack.abort(id);
          break;
        case Close::kResetUnread:
          (void)stack.send(id, std::span(data_).first(kBytes));
          break;
        case Close::kDataInFin:
        case Close::kUnsentData:
          (void)stack.send(
              id, std::span(data_).first(close == Close::kDataInFin ? kBytes : kManyBytes));
          (void)stack.close(id);
          break;
        default:
          break;
      }
    }
    if (event.has(Event::kReadable)) us_.read(id);
    if (event.has(Event::kPeerClosed)) {
      if (close == Close::kHalfByPeer) (void)stack.send(id, std::span(data_).first(kBytes));
      (void)stack.close(id);
    }
  }

  void on_our_end(const Event& event, Close close) {
    expect(live_ > 0, "more last events than connections");
    --live_;
    ++f_.cycles;
    ++f_.by_close[event.token.value()];
    us_.count_end(event.reason);
    ConnectionInfo info;
    if (close != Close::kReopen || event.reason != CloseReason::kClosed) return;
    // Opened again once: the second connection is of the row kFinFirst.
    if (!us_.stack().info(event.connection, info))
      return expect(false, "a last event without its connection");
    const Port port = info.tuple.local_port;
    ConnectRequest request;
    request.remote = {peer_.address(), info.tuple.remote_port};
    request.local_port = port;
    request.token = Token(static_cast<std::uint32_t>(Close::kFinFirst));
    if (us_.stack().connect(request)) ++live_;
  }

  // ---- The peer ----

  void on_peers_event(const Event& event) {
    Stack& stack = peer_.stack();
    if (event.has(Event::kAcceptable)) {
      const auto close = static_cast<Close>(event.token.value());
      for (auto id = stack.accept(event.listener); id; id = stack.accept(event.listener)) {
        if (close == Close::kPeerFirst) (void)stack.close(*id);
        if (close == Close::kHalfByPeer) (void)stack.shutdown(*id);
        if (close == Close::kSimultaneous) peers_later_.push_back({f_.rounds + 1, *id, false});
      }
      return;
    }
    const ConnectionId id = event.connection;
    if (event.has(Event::kClosed)) return peer_.count_end(event.reason);
    const auto close = static_cast<Close>(event.token.value());
    if (event.has(Event::kReadable)) {
      if (close == Close::kResetUnread) {
        (void)stack.close(id);
        return;
      }
      peer_.read(id);
    }
    if (event.has(Event::kPeerClosed)) {
      if (close == Close::kHalfByUs) (void)stack.send(id, std::span(data_).first(kBytes));
      (void)stack.close(id);
    }
  }

  Board& board_;
  ChurnFigures& f_;
  std::uint32_t audit_every_;
  Dice dice_;
  Capacities capacities_;
  Settings settings_;
  ChurnImpairments impairments_;
  End us_, peer_;
  Instant now_{1s};
  std::vector<Close> plan_;
  std::deque<Later> our_later_, peers_later_;
  std::array<std::byte, kManyBytes> data_;
  std::uint32_t live_ = 0;
};

}  // namespace

const char* to_string(Close close) {
  switch (close) {
    case Close::kFinFirst:
      return "fin_first_by_us";
    case Close::kPeerFirst:
      return "fin_first_by_peer";
    case Close::kSimultaneous:
      return "simultaneous";
    case Close::kHalfByUs:
      return "half_close_by_us";
    case Close::kHalfByPeer:
      return "half_close_by_peer";
    case Close::kReset:
      return "rst";
    case Close::kResetUnread:
      return "rst_with_unread_data";
    case Close::kSilence:
      return "syn_then_silence";
    case Close::kAbortInSynSent:
      return "abort_in_syn_sent";
    case Close::kDataInFin:
      return "data_in_fin";
    case Close::kUnsentData:
      return "close_with_unsent_data";
    case Close::kReopen:
      return "reopened_at_once";
    case Close::kRefused:
      return "refused";
  }
  return "?";
}

void ChurnFigures::add(const ChurnFigures& o) {
  cycles += o.cycles;
  for (std::size_t i = 0; i < kCloses; ++i) by_close[i] += o.by_close[i];
  closed += o.closed, reset += o.reset, aborted += o.aborted, refused += o.refused;
  timed_out += o.timed_out, other += o.other;
  segments += o.segments, lost += o.lost, repeated += o.repeated, overtaken += o.overtaken;
  garbled += o.garbled, audits += o.audits, rounds += o.rounds, bytes += o.bytes;
  time_wait_evicted += o.time_wait_evicted, time_wait_reused += o.time_wait_reused;
  retransmits += o.retransmits, simulated_us += o.simulated_us;
}

void churn_part(Board& board, std::uint64_t seed, std::uint64_t cycles, std::uint32_t audit_every) {
  board.seed = seed;
  Churn(board, seed, audit_every).run(cycles);
}

}  // namespace conker::sim
