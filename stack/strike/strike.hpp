// The strike: opens and closes connections to one target as fast as the target can bear, or at a
// given rate, and reports what became of every single one. Runs wherever the stack runs; uses only
// its public calls.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/histogram.hpp"
#include "stack/base/index_list.hpp"
#include "stack/base/result.hpp"
#include "stack/base/time.hpp"
#include "stack/stack.hpp"
#include "stack/strike/behaviour.hpp"
#include "stack/strike/door.hpp"
#include "stack/strike/expect.hpp"
#include "stack/strike/failure.hpp"
#include "stack/strike/origins.hpp"
#include "stack/strike/pace.hpp"

namespace conker {

struct StrikeRequest {
  using Close = WayToClose;

  Endpoint target;
  // Where peers open the connections, at `target`, one of our own endpoints; null: the strike opens
  // them. It must outlive the strike. Rate, expect and connect_timeout are for the latter.
  StrikeDoor* door = nullptr;
  std::uint64_t cycles = 0;       // 0: no limit by count
  Duration duration{0};           // 0: no limit by time. One of the two must be given
  std::uint32_t concurrency = 1;  // 1 to the number of slots
  std::uint32_t max_opening = 0;  // of them in SYN-SENT at a time; 0: all
  std::uint32_t rate = 0;  // cycles begun a second, evenly spaced; 0: as fast as the peer bears
  // Our port of the first cycle, and Origins::kRound for each round of them that our addresses had
  // before; the next ones follow, each that is free, in Settings' range. 0: the stack chooses, and
  // others than us cannot predict them (RFC 6056).
  std::uint32_t from_port = 0;
  Duration ramp{0};  // how long the rate grows from 0; up to Pace::kMaxRamp
  Mix mix = Mix::only(Close::kFin);
  // Decides the order of the ways to close, and in which the stack's own addresses are used.
  std::uint64_t seed = 1;
  Duration hold = 50ms;  // how late `late` is; 0 to a day
  // What the ways send that send (fin-early and fin-overlap no more than kMaxPieces of it, those
  // that narrow windows kLonger at least, ack-silence kSegments at least), and what is more than a
  // window; they must outlive the strike.
  static constexpr std::size_t kMaxPieces = 512, kLonger = 256, kSegments = 4096;
  std::span<const std::byte> payload, filling;
  // What the peer must do with a payload (Strike::Dialogue) before a cycle closes; every way of the
  // mix must have room for it.
  Expect expect = Expect::kNothing;
  Duration connect_timeout = 5s;  // of each cycle
  // How long closing, or waiting for the peer, may take before the cycle is aborted and counted as
  // timed out.
  Duration close_timeout = 5s;
};

/// What became of the cycles. Every cycle that was begun is in exactly one of closed, aborted, the
/// failures, and live.
struct StrikeReport {
  std::uint64_t begun = 0;
  std::uint64_t closed = 0;   // completed: both sides' FINs were acknowledged
  std::uint64_t aborted = 0;  // completed: reset or given up, as the way to close has it
  std::array<std::uint64_t, kStrikeFailures> failures{};  // by StrikeFailure
  std::uint64_t live = 0;                                 // counted by walking the slots
  std::uint64_t open_failed = 0;  // opens that the stack refused; tried again, not cycles
  std::uint64_t missed = 0;       // cycles that the rate asked for and that were not begun in time
  std::uint64_t reopened = 0;     // begun from the four-tuple of an earlier cycle
  std::uint64_t kept = 0;  // of them aborted: the peer kept its TIME-WAIT, and said so by an ACK
  Duration elapsed{0};
  Histogram connect;  // SYN sent to established
  Histogram close;    // our FIN or RST to the end of the connection
  // Of the whole stack, while it ran.
  std::uint64_t retransmits = 0;
  std::uint64_t time_wait_evicted = 0, time_wait_reused = 0;

  std::uint64_t completed() const { return closed + aborted; }
  std::uint64_t count(StrikeFailure failure) const {
    return failures[static_cast<std::size_t>(failure)];
  }
  std::uint64_t refused() const { return sum(FailedAs::kRefused); }
  std::uint64_t timed_out() const { return sum(FailedAs::kTimedOut); }
  std::uint64_t reset() const { return sum(FailedAs::kReset); }
  std::uint64_t other() const { return sum(FailedAs::kOther); }
  std::uint64_t failed() const { return refused() + timed_out() + reset() + other(); }
  bool balanced() const { return begun == completed() + failed() + live; }

 private:
  std::uint64_t sum(FailedAs word) const {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < kStrikeFailures; ++i)
      if (failed_as(static_cast<StrikeFailure>(i)) == word) sum += failures[i];
    return sum;
  }
};

class Strike {
 public:
  /// Lists of slots, in the order in which they are due.
  enum class List : std::uint8_t {
    kTurn,       // in the next turn: of two lists, one is worked off
    kOtherTurn,  // while the other grows
    kHeld,       // when `hold` is over
    kWaiting,    // given up after the close timeout
    kPolled,     // the same; no event tells of an ACK
    kUnlisted,
  };
  /// One cycle in flight.
  struct Slot {
    ConnectionId id;
    std::uint32_t next = 0;  // free list, or its neighbours in a list
    std::uint32_t previous = 0;
    Instant opened{};
    Instant since{};          // in its list, or closing
    std::uint32_t cycle = 0;  // from 1; the lower half
    std::uint16_t late = 0;   // us from when the rate had it due to `opened`; up to Pace::kGrace
    WayToClose way{};
    bool free : 1 = true;
    bool unread : 1 = false;       // data of the peer has arrived
    bool peer_closed : 1 = false;  // its FIN has arrived
    bool given_up : 1 = false;     // we waited no longer
    bool answered : 1 = false;     // the payload, as expected
    bool lingers : 1 = false;      // our FIN is sent, and the close waits for the peer's
    std::uint8_t step : 3 = 0;     // of its behaviour, that comes next
    std::uint8_t talk : 2 = 0;     // what comes before that: 2 the payload, 1 its answer
    bool reopens : 1 = false;      // the four-tuple of an earlier cycle
    StrikePhase phase = StrikePhase::kConnecting;
    List list = List::kUnlisted;
  };
  /// A cycle that is over, for an Observer. `id` is good during the call.
  struct Ended {
    ConnectionId id;
    std::uint64_t cycle;  // from 1
    WayToClose way;
    std::optional<StrikeFailure> failure;  // none: completed
    Instant opened, now;
    bool connecting = false;            // up to its end
    std::optional<Duration> closing{};  // how long its close took, which was as asked
  };
  /// Sees every cycle; costs an image that names none no more than a pointer.
  class Observer {
   public:
    /// `in_flight`, and of them `opening`, which have not been answered: with this one.
    virtual void on_begin(WayToClose way, std::uint32_t in_flight, std::uint32_t opening,
                          Instant now) = 0;
    /// `late`: of a rate, how long after it was due the cycle was begun.
    virtual void on_connected(ConnectionId id, Duration took, std::optional<Duration> late,
                              Instant now) = 0;
    /// Cycles that the rate had due, from pace.first_missed() to pace.slot(), have waited until now
    /// and are not begun: now the next is, or the strike ends.
    virtual void on_missed(const Pace& pace, Instant now) = 0;
    virtual void on_end(const Ended& ended) = 0;

   protected:
    ~Observer() = default;
  };
  /// Sends the segments that no connection of the stack would send (probes.hpp). An image that
  /// names none has no code for them, and its strike refuses the ways that need them.
  class Provoker {
   public:
    /// False where the link has no room at present.
    virtual bool provoke(Behaviour::What what, ConnectionId id,
                         std::span<const std::byte> payload) = 0;

   protected:
    ~Provoker() = default;
  };
  /// Sends the payloads that StrikeRequest::expect is about, and reads their answers
  /// (payloads.hpp). An image that names none has no code for them, and its strike refuses to
  /// expect anything.
  class Dialogue {
   public:
    /// Sends the payload of the cycle in this slot.
    virtual void say(std::uint32_t slot, ConnectionId id, std::uint64_t cycle) = 0;
    /// Reads what has arrived; whether the payload has been answered by now.
    virtual bool hear(std::uint32_t slot, ConnectionId id, std::uint64_t cycle,
                      bool peer_closed) = 0;

   protected:
    ~Dialogue() = default;
  };
  /// The slot is the value of a connection's token.
  static constexpr std::uint32_t kMaxSlots = Token::kMaxValue + 1;

  /// `client` is whom the events of its connections are for. Observer, provoker and dialogue must
  /// outlive the strike.
  Strike(Stack& stack, std::span<Slot> slots, ClientId client, Observer* observer = nullptr,
         Provoker* provoker = nullptr, Dialogue* dialogue = nullptr);

  /// kInvalidArgument when the request makes no sense, has a port that is not of the settings'
  /// range, or needs a provoker or a dialogue where there is none, kNoRoute when no interface leads
  /// to the target, kAddressInUse when a strike is running, or something listens where peers are to
  /// come. Neither timeout may be longer than a day, nor the duration longer than 1000 days, nor
  /// the ramp longer than Pace::kMaxRamp. Of the stack's own addresses the first
  /// Origins::kMaxAddresses on the interface that leads to the target take turns.
  Error start(const StrikeRequest& request);
  /// Begins what may begin now and gives up what has lasted too long. Call it once in every turn,
  /// in step 3.
  void step();
  /// An event of a connection whose token names this strike's client.
  void on_event(const Event& event);
  /// Begins nothing more; what is in flight is finished, without being held, or aborted when the
  /// timeouts say so.
  void stop();

  /// Has so many cycles in flight at most from now on, 1 to those of the request; what is in flight
  /// goes on.
  void set_limit(std::uint32_t in_flight);

  bool running() const { return running_; }
  /// When step() has something to do of its own accord; kNever if only events matter.
  Instant next_deadline() const;
  /// While it runs and after; changes with the strike. `live` is walked here.
  const StrikeReport& report() const;
  const StrikeRequest& request() const { return request_; }
  /// Our port of the next cycle, as StrikeRequest::from_port; 0 where the stack chooses it.
  std::uint32_t next_port() const { return origins_.position(); }

 private:
  bool has_room() const { return live_ < limit_ && opening_ < max_opening_; }
  void begin_cycles(Instant now);
  void accept_cycles(Instant now);
  std::uint32_t take_slot(ConnectionId id, WayToClose way, Instant now);
  Behaviour::What close_passively(Slot& slot, Behaviour::What what) const;
  void tell_missed(Instant now);
  bool open_one(Instant now);
  bool may_pass_over(Error error) const;
  void begin(ConnectionId id, WayToClose way, bool reopens, Instant now);
  void proceed(std::uint32_t index, Instant now);
  void enter(Slot& slot, StrikePhase phase);
  void act(std::uint32_t index, Instant now);
  void send_or_close(const Slot& slot, Behaviour::What what);
  std::span<const std::byte> pieces() const;
  std::span<const std::byte> at_least(std::size_t bytes) const;
  void wait(std::uint32_t index, Instant now);
  void discard(ConnectionId id);
  void work_off(List list, Instant now);
  void give_up(Instant now);
  void abandon(std::uint32_t index, Instant now);
  void talk(std::uint32_t index);
  void hear(std::uint32_t index);
  void poll(Instant now);
  std::uint64_t cycle_of(const Slot& slot) const;
  Duration delay(List list) const;
  Instant due_at(List list) const;
  std::uint32_t take_due(List list, Instant now);
  void end(std::uint32_t index, CloseReason reason, Instant now);
  bool kept(const Slot& slot, CloseReason reason) const;
  void remember(const Slot& slot, Instant now);
  void push(std::uint32_t index, List list, Instant now);
  void unlink(std::uint32_t index);
  void free_slot(std::uint32_t index);
  void finish(Instant now);

  using Slots = IndexList<Slot, &Slot::next, &Slot::previous>;

  Stack& stack_;
  std::span<Slot> slots_;
  ClientId client_;
  Observer* observer_;
  Provoker* provoker_;
  Dialogue* dialogue_;
  StrikeRequest request_;
  // What has been counted. Too big to be copied on a small chip; report() brings `live`, the time
  // and the counters of the stack up to date in place.
  mutable StrikeReport report_;
  bool running_ = false;
  bool over_ = false;     // nothing more is begun
  bool stopped_ = false;  // nor held

  std::uint32_t limit_ = 0, max_opening_ = 0;
  std::uint32_t live_ = 0;      // slots not free; report() walks instead
  std::uint32_t opening_ = 0;   // of them: not answered yet
  std::uint32_t given_up_ = 0;  // slots that we aborted and whose last event has not come yet
  std::uint32_t free_ = kNone;  // list of free slots
  std::array<Slots, 5> lists_;
  List turn_ = List::kTurn;  // the one of the two that grows

  Instant started_{}, end_ = kNever;
  Pace pace_;
  Instant retry_at_{};  // after the stack refused an open
  Instant poll_at_{};

  std::uint64_t way_random_ = 0;
  std::uint32_t shares_ = 0;  // of the mix
  Origins origins_;
  std::uint64_t retransmits_ = 0;  // of cycles that are over
  std::uint64_t evicted_before_ = 0, reused_before_ = 0;
};

}  // namespace conker
