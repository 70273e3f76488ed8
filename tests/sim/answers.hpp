// Checks a host's answers to forged segments, and the lifetime of its TIME-WAIT records: answers to
// unacceptable segments are rate limited (RFC 5961, 7), and a forged segment cannot end a record
// (RFC 9293, 3.6.1).
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "stack/stack.hpp"
#include "stack/verdict/segment.hpp"
#include "tests/sim/context.hpp"

namespace conker::sim {

class Answers {
 public:
  Answers(Context& context, std::uint32_t host) : context_(context), host_(host) {}

  /// Records that the host received this segment; `forged`: its sender has no connection.
  void heard(const verdict::Segment& segment, bool forged);
  /// Whether a TIME-WAIT record sends this, with its own numbers. Where a SYN was answered
  /// meanwhile and its handshake failed, the record belongs to an earlier connection than the flow.
  static bool of_time_wait(const verdict::Segment& segment, const Stack& stack);
  /// Records that the host sends this segment.
  void said(const verdict::Segment& segment, const Stack& stack);
  /// Called after each turn.
  void check(const Stack& stack) {
    check_records(stack);
    check_sizes(stack);
  }

 private:
  /// The segments sent within a second on one four-tuple.
  struct Second {
    Instant began{};
    std::uint32_t from_record = 0;  // ACKs that no connection sent
    std::uint32_t syns = 0, syn_acks = 0;
    std::uint32_t repeated = 0;  // ACKs without data, equal to the one before
    std::uint32_t due = 0;       // segments received that ask for such an ACK
    verdict::Segment last{};
  };
  struct Record {
    FourTuple tuple;
    Instant ends;
    bool seen = false;  // in this turn
  };

  void check_records(const Stack& stack);
  void check_sizes(const Stack& stack);
  Second& second(const FourTuple& tuple);

  Context& context_;
  std::uint32_t host_;
  std::unordered_map<std::uint64_t, Second> seconds_;
  std::vector<Record> records_;
  std::uint64_t given_up_ = 0;  // records that were reset or evicted
  struct Size {
    std::uint32_t generation = 0;
    std::uint16_t mss = 0;
  };
  std::vector<Size> sizes_;     // by slot
  std::uint64_t timeouts_ = 0;  // retransmission timeouts
};

}  // namespace conker::sim
