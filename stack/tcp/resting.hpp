// A connection at rest: established, with nothing under way, nothing held and nothing to say. What
// is left of it then is less than half, and a million of them are mostly at rest.
#pragma once

#include <array>
#include <cstdint>

#include "stack/tcp/connection.hpp"
#include "stack/tcp/tuple_index.hpp"

namespace conker {

/// Ticks between answers to doubtful segments of one connection (RFC 5961, 7).
inline constexpr std::uint32_t kChallengeEvery = 500;

struct Resting {
  Resting() = default;
  /// Only where may_rest().
  explicit Resting(const Connection& c);
  /// Makes of a fresh connection the one that went to rest.
  void wake(Connection& c) const;

  PackedTuple tuple;
  std::uint32_t hash = 0;  // links those that nobody has
  Agreement agreed;
  bool passive : 1 = false;
  bool no_delay : 1 = false;
  bool syn_resent : 1 = false;
  bool user_timeout_fixed : 1 = false;
  bool keepalive_armed : 1 = false;
  bool may_fragment : 1 = false;
  CongestionAlgorithm algorithm : 2 = CongestionAlgorithm::kNewReno;
  std::uint8_t quick_acks = 0, keepalive_count = 0, keepalive_sent = 0;
  std::uint16_t mss = 0, rcv_mss = 0;
  std::uint32_t ts_offset = 0;
  Mark ts_recent_at, heard_at, last_sent, mss_reduced_at;
  Tick keepalive_at{};
  Seq iss, snd_nxt, snd_wl1;
  std::uint32_t snd_wnd = 0, max_snd_wnd = 0;
  Seq irs, rcv_nxt, rcv_adv;
  std::uint32_t rcv_limit = 0;
  std::uint32_t round_bytes = 0;
  Mark round_began;
  std::uint32_t keepalive_idle = 0, keepalive_interval = 0, user_timeout = 0;
  Rtt rtt;
  Congestion congestion;
  std::uint32_t cookie = 0;
  std::uint32_t retransmits = 0;
  std::array<std::uint16_t, kResendCauses> resent{};
  Instant opened_at{}, established_at{};
  std::uint64_t bytes_sent = 0, bytes_received = 0;
};

static_assert(sizeof(Resting) <= 208);

/// Whether nothing would be forgotten.
bool may_rest(const Connection& c, Tick now);

}  // namespace conker
