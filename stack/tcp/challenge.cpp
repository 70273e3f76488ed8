// Challenge ACKs, which answer refused segments, and their limits (RFC 5961, 7; RFC 9293,
// 3.10.7.4): two ends that disagree must not answer each other for ever.
#include "stack/tcp/challenge.hpp"

#include <array>

namespace conker {
namespace {

constexpr std::uint32_t kSecond = 977;  // ticks

}  // namespace

// Queues a challenge ACK, which tells the peer SND.NXT and RCV.NXT, at most twice a second. False
// where the limit withholds it.
bool Challenges::challenge(TcpTables& t, std::uint32_t slot) {
  Connection& c = t.connections[slot];
  const Tick now = Tick::floor(t.now);
  if (c.challenged_at.age(now) < kChallengeEvery) {
    t.counters.add(Count::answers_withheld);
    return false;
  }
  c.challenged_at = now;
  c.pending.ack = true;
  t.counters.add(Count::challenge_acks_out);
  Lifetime::mark_dirty(t, slot);
  return true;
}

// Sends a challenge ACK of a half-open record (RFC 5961, 3 and 4), within its own limit and that of
// all records.
void Challenges::challenge(TcpTables& t, HalfOpen& record) {
  if (!may_answer(t, record) || !allowed(t, t.challenges))
    return t.counters.add(Count::answers_withheld);
  t.counters.add(Count::challenge_acks_out);
  TcpSegment ack{
      .sequence = record.iss + 1, .acknowledgment = record.irs + 1, .flags = TcpFlags::kAck};
  ack.window = static_cast<std::uint16_t>(Limits::first_window(t) >> record.negotiated.rcv_wscale);
  if (record.negotiated.timestamps) {
    ack.timestamps = t.timestamps_now(record.ts_offset, record.negotiated.ts_recent);
  }
  static_cast<void>(Emit::send_bare(t, record.tuple, ack));
}

// Whether a half-open record may answer a segment that does not complete its handshake: twice a
// second at most (RFC 9293, 3.10.7.4; RFC 5961, 7).
bool Challenges::may_answer(TcpTables& t, HalfOpen& record) {
  const Tick now = Tick::floor(t.now);
  if (record.answered &&
      static_cast<std::uint16_t>(now.value() - record.answered_at) < kChallengeEvery)
    return false;
  record.answered = true;
  record.answered_at = static_cast<std::uint16_t>(now.value());
  return true;
}

// Takes one answer from a budget of 500 to 1,000 a second. How many is secret, so that no peer can
// infer from its own answers whether others are sent any.
bool Challenges::allowed(const TcpTables& t, AnswerBudget& budget) {
  const Tick now = Tick::floor(t.now);
  if (budget.second.age(now) >= kSecond) {
    budget.second = now;
    const std::array<std::uint64_t, 1> word{now.value()};
    budget.left = AnswerBudget::kLeast +
                  static_cast<std::uint32_t>(siphash24(t.port_key, word)) % AnswerBudget::kLeast;
  }
  if (budget.left == 0) return false;
  --budget.left;
  return true;
}

}  // namespace conker
