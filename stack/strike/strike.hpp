// The strike: opens and closes connections to one target as fast as the target can bear, or at a
// given rate, and reports what became of every single one. Runs wherever the stack runs; uses only
// its public calls.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "stack/base/address.hpp"
#include "stack/base/histogram.hpp"
#include "stack/base/result.hpp"
#include "stack/base/time.hpp"
#include "stack/stack.hpp"

namespace conker {

struct StrikeRequest {
  enum class Close : std::uint8_t { kFin, kReset };

  Endpoint target;
  std::uint64_t cycles = 0;       // 0: no limit by count
  Duration duration{0};           // 0: no limit by time. One of the two must be given
  std::uint32_t concurrency = 1;  // 1 to the number of slots
  std::uint32_t rate = 0;  // cycles begun a second, evenly spaced; 0: as fast as the peer bears
  Close close = Close::kFin;
  std::uint64_t seed = 1;         // decides the order in which the stack's own addresses are used
  Duration connect_timeout = 5s;  // of each cycle
  Duration close_timeout =
      5s;  // how long a closing may take before the cycle is aborted and counted as timed out
};

/// What became of the cycles. Every cycle that was begun is in exactly one of completed, the four
/// kinds of failure, and live.
struct StrikeReport {
  std::uint64_t begun = 0;
  std::uint64_t completed = 0;
  std::uint64_t refused = 0, timed_out = 0, reset = 0, other = 0;
  std::uint64_t live = 0;         // counted by walking the slots
  std::uint64_t open_failed = 0;  // opens that the stack refused; tried again, not cycles
  Duration elapsed{0};
  Histogram connect;  // SYN sent to established
  Histogram close;    // close or abort called to the end of the connection
  // Of the whole stack, while it ran.
  std::uint64_t retransmits = 0;
  std::uint64_t time_wait_evicted = 0, time_wait_reused = 0;
  // How the connections ended, from the connections' own last words; reset by either side.
  std::uint64_t ended_closed = 0, ended_reset = 0, ended_timed_out = 0, ended_refused = 0,
                ended_other = 0;

  std::uint64_t failed() const { return refused + timed_out + reset + other; }
  bool balanced() const {
    return begun == completed + failed() + live && begun == ended_closed + ended_reset +
                                                                ended_timed_out + ended_refused +
                                                                ended_other + live;
  }
};

class Strike {
 public:
  /// One cycle in flight.
  struct Slot {
    ConnectionId id;
    std::uint32_t next = 0;  // free list, or its neighbour in the order of closing
    std::uint32_t previous = 0;
    Instant opened{};
    Instant closing{};
    enum class Phase : std::uint8_t { kFree, kConnecting, kClosing } phase = Phase::kFree;
    bool timed_out = false;  // we gave it up ourselves
  };
  /// The slot is the value of a connection's token.
  static constexpr std::uint32_t kMaxSlots = Token::kMaxValue + 1;

  static constexpr std::uint32_t kMaxAddresses = 256;

  /// `client` is whom the events of its connections are for.
  Strike(Stack& stack, std::span<Slot> slots, ClientId client);

  /// kInvalidArgument when the request makes no sense, kNoRoute when no interface leads to the
  /// target, kAddressInUse when a strike is running. Neither timeout may be longer than a day, nor
  /// the duration longer than 1000 days. Of the stack's own addresses the first kMaxAddresses on
  /// the interface that leads to the target take turns.
  Error start(const StrikeRequest& request);
  /// Begins what may begin now and gives up what has lasted too long. Call it once in every turn,
  /// in step 3.
  void step();
  /// An event of a connection whose token names this strike's client.
  void on_event(const Event& event);
  /// Begins nothing more; what is in flight is finished, or aborted when the timeouts say so.
  void stop();

  bool running() const { return running_; }
  /// When step() has something to do of its own accord; kNever if only events matter.
  Instant next_deadline() const;
  /// While it runs and after; changes with the strike. `live` is walked here.
  const StrikeReport& report() const;
  const StrikeRequest& request() const { return request_; }

 private:
  void begin_cycles(Instant now);
  bool open_one(Instant now);
  void close_one(std::uint32_t index, bool unread, Instant now);
  void give_up(Instant now);
  void end(std::uint32_t index, CloseReason reason, Instant now);
  void free_slot(std::uint32_t index);
  void finish(Instant now);
  void collect_addresses();
  IpAddress choose_address();
  void pace();

  Stack& stack_;
  std::span<Slot> slots_;
  ClientId client_;
  StrikeRequest request_;
  // What has been counted. Too big to be copied on a small chip; report() brings `live`, the time
  // and the counters of the stack up to date in place.
  mutable StrikeReport report_;
  bool running_ = false;
  bool over_ = false;  // nothing more is begun

  std::uint32_t live_ = 0;      // slots not free; report() walks instead
  std::uint32_t given_up_ = 0;  // slots that we aborted and whose last event has not come yet
  std::uint32_t free_ = kNone;  // list of free slots
  std::uint32_t first_closing_ = kNone,
                last_closing_ = kNone;  // in the order in which they time out

  Instant started_{}, end_ = kNever;
  Instant next_open_{};  // when the next cycle is due; stays at the start when there is no rate
  Instant retry_at_{};   // after the stack refused an open
  // The interval between two cycles is interval_ + remainder_ / rate microseconds; fraction_
  // carries what is left over.
  Duration interval_{0};
  std::uint32_t remainder_ = 0, fraction_ = 0;

  std::uint64_t random_ = 0;
  std::uint32_t address_count_ = 0;
  std::array<std::uint16_t, kMaxAddresses> addresses_{};  // indices of Network::address()
  std::uint64_t retransmits_before_ = 0, evicted_before_ = 0, reused_before_ = 0;
};

}  // namespace conker
