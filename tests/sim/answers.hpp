// What a host says to those who have no business with it, and what becomes of its TIME-WAIT
// records: answers to unacceptable segments are few (RFC 5961, 7), and nobody makes a record go
// away by guessing (RFC 9293, 3.6.1).
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

  /// The host hears this segment; `forged`: from nobody who has a connection.
  void heard(const verdict::Segment& segment, bool forged);
  /// Whether a TIME-WAIT record says this, with its own numbers. Where a SYN that came to nothing
  /// was answered in the meantime, it speaks of an earlier connection than the flow.
  static bool of_time_wait(const verdict::Segment& segment, const Stack& stack);
  /// The host sends it.
  void said(const verdict::Segment& segment, const Stack& stack);
  /// After each turn.
  void check(const Stack& stack) {
    check_records(stack);
    check_sizes(stack);
  }

 private:
  /// What was said within a second on one four-tuple.
  struct Second {
    Instant began{};
    std::uint32_t from_record = 0;  // ACKs that no connection sent
    std::uint32_t syns = 0, syn_acks = 0;
    std::uint32_t repeated = 0;  // bare ACKs that say nothing new
    std::uint32_t due = 0;       // segments heard that ask for such an ACK
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
  std::uint64_t timeouts_ = 0;  // of retransmission
};

}  // namespace conker::sim
