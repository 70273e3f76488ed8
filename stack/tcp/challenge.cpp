// Answers to segments that are refused, and how often they are given (RFC 5961, 7; RFC
// 9293, 3.10.7.4): two who disagree must not answer each other for ever.
#include <array>

#include "stack/tcp/tcp.hpp"

namespace conker {
namespace {

constexpr std::uint32_t kSecond = 977;  // ticks

}  // namespace

// An ACK that tells the peer where we stand, at most twice a second, so that two who disagree do
// not answer each other for ever (RFC 5961, 7).
bool Tcp::challenge(std::uint32_t slot) {
  Connection& c = connections_[slot];
  const Tick now = Tick::floor(now_);
  if (c.challenged_at.age(now) < kChallengeEvery) {
    counters_.add(Count::answers_withheld);
    return false;
  }
  c.challenged_at = now;
  c.pending.ack = true;
  counters_.add(Count::challenge_acks_out);
  mark_dirty(slot);
  return true;
}

// An ACK that says where we stand, for segments that make no sense (RFC 5961, 3 and 4).
void Tcp::challenge(HalfOpen& record) {
  if (!may_answer(record) || !allowed(challenges_)) return counters_.add(Count::answers_withheld);
  counters_.add(Count::challenge_acks_out);
  TcpSegment ack{
      .sequence = record.iss + 1, .acknowledgment = record.irs + 1, .flags = TcpFlags::kAck};
  ack.window = static_cast<std::uint16_t>(first_window() >> record.negotiated.rcv_wscale);
  if (record.negotiated.timestamps) {
    ack.timestamps = timestamps_now(record.ts_offset, record.negotiated.ts_recent);
  }
  static_cast<void>(send_bare(record.tuple, ack));
}

// Answers to segments that bring the handshake no further: twice a second, so that two who disagree
// do not answer each other for ever (RFC 9293, 3.10.7.4; RFC 5961, 7).
bool Tcp::may_answer(HalfOpen& record) {
  const Tick now = Tick::floor(now_);
  if (record.answered &&
      static_cast<std::uint16_t>(now.value() - record.answered_at) < kChallengeEvery)
    return false;
  record.answered = true;
  record.answered_at = static_cast<std::uint16_t>(now.value());
  return true;
}

bool Tcp::allowed(AnswerBudget& budget) const {
  const Tick now = Tick::floor(now_);
  if (budget.second.age(now) >= kSecond) {
    budget.second = now;
    const std::array<std::uint64_t, 1> word{now.value()};
    budget.left = AnswerBudget::kLeast +
                  static_cast<std::uint32_t>(siphash24(port_key_, word)) % AnswerBudget::kLeast;
  }
  if (budget.left == 0) return false;
  --budget.left;
  return true;
}

}  // namespace conker
