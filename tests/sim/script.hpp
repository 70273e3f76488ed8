// A run as a list of steps: drawn from a seed, written as text, parsed, shrunk.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace conker::sim {

enum class Do : std::uint8_t {
  kWait,      // us
  kOpen,      // host, peer, port, local port, timeout ms
  kMeet,      // host, peer, port, port: simultaneous open
  kReopen,    // host, which
  kListen,    // host, port, backlog, half-open
  kUnlisten,  // host, which
  kAccept,    // host, which
  kSend,      // host, which, bytes
  kRead,      // host, which, bytes
  kShut,      // host, which
  kClose,     // host, which, bound ms
  kAbort,     // host, which
  kTune,      // host, which, what, value
  kStale,     // host, which
  kHabits,    // host, bits
  kDeaf,      // host, 0 or 1
  kBusy,      // host, us
  kCrash,     // host
  kImpair,    // loss, duplicate, reorder, garble, delay us, jitter us
  kCut,       // host, peer
  kHeal,      //
  kForge,     // host, which, kind, offset: a forged segment
  kKnock,     // host, port, number: a SYN of a peer that sends no more
  kIcmp,      // host, code, mtu: about the last segment that it sent
  // In a siege only.
  kVisit,    // host, peer, local port, bytes to send, bytes to be answered, Visits::manner()
  kAttack,   // host, frames a second, Attacker::Knows, Attacker::Family, ms, number
  kHostile,  // host, Hostile::Trick, how many
};
inline constexpr std::size_t kDoCount = 27;

struct Op {
  Do what = Do::kWait;
  bool in_event = false;  // while the next event of that host is drained
  std::array<std::uint32_t, 6> a{};
};

std::string to_string(const Op& op);
std::optional<Op> parse_op(const std::string& line);

struct Script {
  std::uint64_t seed = 0;
  bool alter_payload = false;
  bool scarce = false;  // Config::scarce
  std::vector<Op> ops;
};

/// Draws the script of a seed, `steps` ops long; 0: as many as the seed says.
Script draw_script(std::uint64_t seed, std::uint32_t hosts, std::uint32_t steps);

bool write_script(const Script& script, const std::string& path, const std::string& about);
/// Parses a script; on failure nothing, and `error` says what is wrong.
std::optional<Script> read_script(const std::string& path, std::string& error);

}  // namespace conker::sim
