// What was sent and is not acknowledged, segment by segment: when, how often, and what became of it. Lives in
// chunks of the pool, only while something is out.
#pragma once

#include <cstddef>
#include <cstdint>

#include "stack/base/chunk_pool.hpp"
#include "stack/base/seq.hpp"

namespace conker {

/// One segment, as it was sent last.
struct SentSegment {
  enum Flags : std::uint8_t {
    kSacked = 1,  // the peer has it
    kLost = 2,    // given up, and not sent again yet
  };
  Seq begin, end;
  std::uint32_t sent_at = 0;  // microseconds, modulo 2^32
  std::uint8_t flags = 0;
  std::uint8_t sends = 1;

  std::uint32_t length() const { return static_cast<std::uint32_t>(end - begin); }
  /// Counted as being on the way.
  bool in_pipe() const { return flags == 0; }
};

/// What is known of all that is out. Written for RACK-TLP (RFC 8985) and PRR (RFC 9937); names are theirs.
struct Flight {
  enum class Phase : std::uint8_t {
    kOpen,
    kRecovery,  // something was lost, and is being repaired at a rate that PRR says
    kLoss,      // the retransmission timer expired: from one segment on again
  };
  enum class Wait : std::uint8_t { kRto, kReordering, kProbe };

  std::uint32_t pipe = 0;    // bytes on the way
  std::uint32_t sacked = 0;  // bytes that the peer has beyond a hole
  std::uint32_t tail = 0;    // chunk of the newest segment
  Seq recover;               // where recovery ends
  std::uint32_t prior_cwnd = 0, prior_ssthresh = 0;
  std::uint32_t recover_fs = 0, prr_delivered = 0, prr_out = 0;
  std::uint32_t rack_xmit = 0;  // when the newest segment that has arrived was sent
  std::uint32_t rack_rtt = 0;   // and how long it took
  Seq rack_end;
  Seq fack;  // the highest that has arrived
  Seq dsack_round;
  Seq tlp_end;
  std::uint32_t reordering_wait = 0;  // microseconds until a doubtful segment counts as lost; 0: none is
  std::uint8_t reo_wnd_mult = 1, reo_wnd_persist = 0;
  std::uint8_t sacked_segments = 0;  // saturates
  Phase phase = Phase::kOpen;
  Wait wait = Wait::kRto;
  bool rack_valid = false;
  bool reordering_seen = false;
  bool tlp_out = false, tlp_resent = false;
  bool frto = false;   // a timeout may have been for nothing (RFC 5682)
  bool rearm = false;  // the timer is to be set anew
};

/// A view of one connection's log. Segments are in the order of their sequence numbers, without gaps.
class SentLog {
 public:
  static constexpr std::uint32_t kHead = (sizeof(Flight) + 15) / 16 * 16;

  /// Starts one; 0 when the pool has no chunk or its chunks are too small. What is given back names it from
  /// then on.
  static std::uint32_t open(ChunkPool& pool, Seq at);
  static void close(ChunkPool& pool, std::uint32_t log);
  /// Chunks held; walked.
  static std::uint32_t chunks(const ChunkPool& pool, std::uint32_t log);

  SentLog(ChunkPool& pool, std::uint32_t log) : pool_(pool), head_(log - 1) {}

  Flight& flight() { return *reinterpret_cast<Flight*>(pool_.storage(head_).data()); }

  /// Null when nothing is out.
  SentSegment* front();
  void pop_front();
  SentSegment* back();
  /// It follows the last. When there is no room it is added to the last, which is then less exact.
  void push(const SentSegment& segment);

  /// Calls f(segment) for each, oldest first, until f says false.
  template <typename F>
  void for_each(F&& f) {
    for (std::uint32_t at = head_; at != kNone; at = pool_[at].next) {
      for (std::uint32_t offset = pool_[at].begin; offset < pool_[at].end; offset += sizeof(SentSegment)) {
        if (!f(record(at, offset))) return;
      }
    }
  }

 private:
  SentSegment& record(std::uint32_t chunk, std::uint32_t offset) {
    return *reinterpret_cast<SentSegment*>(pool_.storage(chunk).data() + offset);
  }
  void refill();

  ChunkPool& pool_;
  std::uint32_t head_;
};

static_assert(sizeof(SentSegment) == 16);
// The smallest chips have chunks of a few hundred bytes.
static_assert(SentLog::kHead <= 112);

}  // namespace conker
