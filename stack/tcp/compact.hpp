// An idle connection kept compact: established, with nothing under way, nothing held and nothing
// to say. It then takes less than half, and of a million connections most are idle.
#pragma once

#include <cstdint>

#include "stack/tcp/connection.hpp"
#include "stack/tcp/tuple_index.hpp"

namespace conker {

/// Ticks between answers to doubtful segments of one connection (RFC 5961, 7).
inline constexpr std::uint32_t kChallengeEvery = 500;

/// The parts of a Connection that are kept whole, and what is kept of the others.
struct CompactConnection {
  CompactConnection() = default;
  /// Only where may_compact().
  explicit CompactConnection(const Connection& c);
  /// Makes of a fresh connection the one that was compacted.
  void expand(Connection& c) const;

  FourTuple tuple;
  std::uint32_t hash = 0;  // links those that nobody has
  NegotiatedOptions negotiated;
  Timestamps timestamps;
  ReceiveBuffer buffer;
  Rtt rtt;
  Congestion congestion;
  Retransmits retransmits;

  // Of Application, PathState and LivenessState all but what says that something is under way.
  Token token{};
  Mark mss_reduced_at;
  std::uint16_t mss = 0, rcv_mss = 0;
  bool passive : 1 = false;
  bool no_delay : 1 = false;
  bool may_fragment : 1 = false;
  bool user_timeout_fixed : 1 = false;
  bool keepalive_armed : 1 = false;
  CongestionAlgorithm algorithm : 2 = CongestionAlgorithm::kNewReno;
  std::uint8_t quick_acks = 0, keepalive_count = 0, keepalive_sent = 0;
  std::uint32_t keepalive_idle = 0, keepalive_interval = 0, user_timeout = 0;
  Tick keepalive_at{};
  Mark heard_at, last_sent;
  // Everything is acknowledged on both sides, so a few numbers say all of the sequence spaces.
  Seq iss, snd_nxt, snd_wl1;
  std::uint32_t snd_wnd = 0, max_snd_wnd = 0;
  Seq irs, rcv_nxt, rcv_adv;

  Accounting accounting;
};

static_assert(sizeof(CompactConnection) <= 232);

/// Whether nothing would be forgotten.
bool may_compact(const Connection& c, Tick now);

}  // namespace conker
