// The scoreboard (RFC 6675): what is known of each segment in flight: when it was sent last, how
// often, and whether it is sacked or lost. The data itself is in the send queue. A scoreboard lies
// in chunks of the pool, and exists only while something is in flight.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "stack/base/chunk_pool.hpp"
#include "stack/base/seq.hpp"
#include "stack/base/time.hpp"

namespace conker {

/// One segment, as it was sent last. It ends where the next one begins.
struct SentSegment {
  enum Flags : std::uint8_t {
    kSacked = 1,  // the peer has it
    kLost = 2,    // given up, and not sent again yet
    kResent = 4,
    kPassed = 8,  // older than the newest that has arrived (RFC 8985, 6.2)
  };
  /// Microseconds, modulo 2^32.
  static std::uint32_t clock(Instant at) {
    return static_cast<std::uint32_t>(at.time_since_epoch().count());
  }

  Seq begin;
  std::uint32_t sent_at = 0;  // as clock() has it
  // On the way: its neighbours in Flight::waiting. Sacked: all from here to `next` are sacked, too.
  std::uint16_t next = 0, previous = 0;
  std::uint8_t flags = 0;

  bool sacked() const { return (flags & kSacked) != 0; }
  bool lost() const { return (flags & kLost) != 0; }
  bool resent() const { return (flags & kResent) != 0; }
  /// Counted as being on the way.
  bool in_pipe() const { return (flags & (kSacked | kLost)) == 0; }
};

/// Segments by their numbers in the scoreboard.
struct SentList {
  std::uint16_t head = 0, tail = 0, count = 0;
  bool empty() const { return count == 0; }
};

/// A chunk of the send queue, and the sequence number of the first byte that was left in it.
struct SentFrom {
  std::uint32_t chunk = kNone;
  Seq begin;
};

/// The state of a flight as a whole, for RACK-TLP (RFC 8985) and PRR (RFC 9937), whose names it
/// uses.
struct Flight {
  enum class Phase : std::uint8_t {
    kOpen,
    kRecovery,  // losses are repaired, at PRR's rate
    kLoss,      // after the retransmission timer: slow start from one segment
  };
  enum class Wait : std::uint8_t { kRto, kReordering, kProbe };

  std::uint32_t pipe = 0;    // bytes on the way
  std::uint32_t sacked = 0;  // bytes that the peer has beyond a hole
  Seq recover;               // where recovery ends
  std::uint32_t prior_cwnd = 0, prior_ssthresh = 0;
  std::uint32_t recover_fs = 0, prr_delivered = 0, prr_out = 0;
  std::uint32_t rack_xmit = 0;  // when the newest segment that has arrived was sent
  std::uint32_t rack_rtt = 0;   // and how long it took
  Seq rack_end;
  Seq fack;  // the highest that has arrived
  Seq dsack_round;
  Seq tlp_end;
  std::uint32_t reordering_wait =
      0;    // microseconds until a doubtful segment counts as lost; 0: none is
  Seq end;  // of the newest segment
  SentFrom new_from, resent_from;     // where data was sent from last, and sent again
  SentList waiting;                   // in the pipe, in the order in which they were sent
  std::uint16_t rack_last = 0;        // of `waiting`: the last that is kPassed, if its head is
  std::uint16_t lost = 0;             // segments that are kLost
  std::uint16_t lost_from = 0;        // all of them are numbered so or later, if there are any
  std::uint16_t first = 0, past = 0;  // segments in the scoreboard: [first, past)
  std::uint16_t base = 0;  // the first in the chunks beside this one, once there are some
  std::uint8_t reo_wnd_mult = 1, reo_wnd_persist = 0;
  std::uint8_t sacked_segments = 0;  // saturates
  Phase phase = Phase::kOpen;
  Wait wait = Wait::kRto;
  bool rack_valid : 1 = false;
  bool reordering_seen : 1 = false;
  bool tlp_out : 1 = false;
  bool tlp_resent : 1 = false;
  bool frto : 1 = false;    // a timeout may have been for nothing (RFC 5682)
  bool rearm : 1 = false;   // the timer is to be set anew
  bool spread : 1 = false;  // segments lie in chunks of their own, this one says in which
  bool lump : 1 = false;    // no room for another: the newest segment takes what follows
};

/// A view of one connection's scoreboard. Segments are in the order of their sequence numbers,
/// without gaps, and are numbered modulo 2^16. A few lie in the chunk of the Flight; when they
/// become more, each lies in a chunk that the Flight's chunk names. So any is found at once, by its
/// sequence number in as many steps as their count has bits, and nothing that an ACK does walks
/// over what it does not change. What is out has no more segments than the names have room for:
/// 32,640 where chunks have 2 KiB, 496 where they have 256 bytes.
class Scoreboard {
 public:
  using Number = std::uint16_t;
  static constexpr std::uint32_t kHead = (sizeof(Flight) + 15) / 16 * 16;

  /// Starts one and returns its handle; 0 when the pool has no chunk or its chunks are too small.
  static std::uint32_t open(ChunkPool& pool, Seq at);
  static void close(ChunkPool& pool, std::uint32_t handle);
  /// Chunks held; walked.
  static std::uint32_t chunks(const ChunkPool& pool, std::uint32_t handle);

  /// The Flight of a scoreboard; null where there is none.
  static Flight* flight_of(ChunkPool& pool, std::uint32_t handle) {
    return handle == 0 ? nullptr : &Scoreboard(pool, handle).flight();
  }

  Scoreboard(ChunkPool& pool, std::uint32_t handle);

  Flight& flight() { return f_; }
  bool empty() const { return f_.first == f_.past; }
  Number first() const { return f_.first; }
  /// Behind the newest.
  Number past() const { return f_.past; }
  // Every segment comes by here some ten times.
  [[gnu::always_inline]] SentSegment& operator[](Number n) {
    if (!f_.spread) return inside()[n & (inside_ - 1)];
    const std::uint32_t place = static_cast<Number>(n - f_.base);
    return chunk(name_of(n).chunk)[place & (a_chunk_ - 1)];
  }
  Seq end_of(Number n) {
    const auto next = static_cast<Number>(n + 1);
    return next == f_.past ? f_.end : (*this)[next].begin;
  }
  std::uint32_t length_of(Number n) {
    return static_cast<std::uint32_t>(end_of(n) - (*this)[n].begin);
  }
  /// The first that begins at `at` or later; past() when none does.
  Number find(Seq at);
  /// `n` or the first behind it that is not sacked; past() when all are. Of many calls each takes a
  /// number of steps that is logarithmic at most: what was skipped once is skipped in one step
  /// (path halving).
  Number skip_sacked(Number n);
  /// Of those that are lost the one with the lowest sequence number; past() when none is. Looks at
  /// the names of all chunks and at the segments of one, at worst.
  Number first_lost();

  /// [f.end, end) was sent. Without room for one more it is added to the newest, which is less
  /// exact then, and cannot be sacked.
  void push(Seq end, std::uint32_t sent_at);
  void pop_front();
  /// Whatever became of it before: it was sent (again), the peer has it, or it is given up.
  /// Its last `longer` bytes are new.
  void put_out(Number n, std::uint32_t sent_at, std::uint32_t longer = 0);
  void mark_sacked(Number n);
  void mark_lost(Number n);
  /// The retransmission timer expired: all is lost that was not sacked, or, if the peer threw that
  /// away, all.
  void lose_all(bool reneged);
  /// The timeout was for nothing: what is lost is on its way.
  void undo_losses();

  /// Calls f(segment, end) for each, oldest first.
  template <typename F>
  void for_each(F&& f) {
    for (Number n = f_.first; n != f_.past; ++n) f((*this)[n], end_of(n));
  }

 private:
  /// What the Flight's chunk says of another one.
  struct Name {
    static constexpr std::uint32_t kChunk = 0x7fffffff;
    std::uint32_t chunk : 31;
    std::uint32_t lost : 1;  // a segment in it may be lost
  };
  /// Of the chunk in which segment `n` lies. (Each step of a bisection comes by here: no division.)
  Name& name_of(Number n) {
    const std::uint32_t place = static_cast<Number>(n - f_.base);
    return reinterpret_cast<Name*>(inside())[place >> std::countr_zero(a_chunk_) & (named_ - 1)];
  }
  /// Whether segment `n` is the first in its chunk, where each chunk has its own.
  bool begins_chunk(Number n) const {
    return (static_cast<Number>(n - f_.base) & (a_chunk_ - 1)) == 0;
  }
  SentSegment* inside() {
    return reinterpret_cast<SentSegment*>(pool_.storage(head_).data() + kHead);
  }
  SentSegment* chunk(std::uint32_t index) {
    return reinterpret_cast<SentSegment*>(pool_.storage(index).data());
  }
  bool make_room();
  void take_out(Number n, SentSegment& s, std::uint32_t length);
  void give_up(Number n);
  void append_waiting(Number n, SentSegment& s);
  void remove_waiting(Number n, const SentSegment& s);

  ChunkPool& pool_;
  std::uint32_t head_;
  Flight& f_;
  std::uint32_t inside_;   // segments that the Flight's chunk has room for
  std::uint32_t a_chunk_;  // that each other chunk has
  std::uint32_t named_;    // chunks that the Flight's can name; all three are powers of two
};

static_assert(sizeof(SentSegment) == 16);
// The smallest chips have chunks of a few hundred bytes.
static_assert(Scoreboard::kHead <= 112);

}  // namespace conker
