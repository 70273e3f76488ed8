// A look at a strike's target, before and after the strike.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/visit.hpp"
#include "stack/base/time.hpp"

namespace conker::protocol {

/// How often a strike looks at its target.
enum class LookHow : std::uint8_t { kNone, kShort, kFull };
constexpr std::string_view choices_of(LookHow) {
  return "none|short|full";
}

/// What the target did with one open.
enum class PeerIs : std::uint8_t {
  kAlive,
  kSlow,
  kRefuses,
  kAcceptsAndResets,
  kSilent,
  kGone,
};
constexpr std::string_view choices_of(PeerIs) {
  return "alive|slow|refuses|accepts-and-resets|silent|gone";
}

struct Look {
  PeerIs peer{};
  Duration after{0};
  bool before = false;
  std::optional<std::int64_t> arp_us, ping_us, connect_us;

  static constexpr void visit(auto& self, auto&& field) {
    field("peer", self.peer,
          About{.help = "what became of one open: alive: taken; slow: taken late; refuses: RST to "
                        "SYN; accepts-and-resets; silent: nothing; gone: nor does ARP answer, or "
                        "neighbour discovery"});
    field("before", self.before, About{.help = "before the strike"});
    field("after_s", self.after, About{.help = "after the strike's end", .unit = Unit::kSeconds});
    field("arp_us", self.arp_us,
          About{.help = "of ARP or neighbour discovery, request to reply; null: no reply, or "
                        "nobody was asked",
                .unit = Unit::kMicroseconds});
    field("ping_us", self.ping_us,
          About{.help = "echo request to reply; null: no reply", .unit = Unit::kMicroseconds});
    field("connect_us", self.connect_us,
          About{.help = "SYN to established; null: it was not", .unit = Unit::kMicroseconds});
  }
};

/// What became of the last connections that we reset, asked after the strike.
struct DeadProbed {
  std::uint64_t probed = 0, forgotten = 0, held = 0, silent = 0;

  static constexpr void visit(auto& self, auto&& field) {
    field("probed", self.probed, About{.help = "of the last 256 that we reset"});
    field("forgotten", self.forgotten, About{.help = "of them: the target answers by a RST"});
    field("held", self.held, About{.help = "of them: the target still has them, and sends an ACK"});
    field("silent", self.silent, About{.help = "of them: no answer"});
  }
};

/// What became of connections that the target closed first and that ended in order, asked after the
/// strike.
struct TimeWaitProbed {
  std::uint64_t probed = 0, kept = 0, forgotten = 0, silent = 0;
  Duration newest{0}, oldest{0};

  static constexpr void visit(auto& self, auto&& field) {
    field("probed", self.probed, About{.help = "of the last 256, and the first 32"});
    field("kept", self.kept,
          About{.help = "of them: in TIME-WAIT; the target answers our FIN by an ACK"});
    field("forgotten", self.forgotten, About{.help = "of them: the target answers by a RST"});
    field("silent", self.silent, About{.help = "of them: no answer"});
    field("newest_s", self.newest,
          About{.help = "since our FIN of the newest", .unit = Unit::kSeconds});
    field("oldest_s", self.oldest,
          About{.help = "since our FIN of the oldest", .unit = Unit::kSeconds});
  }
};

}  // namespace conker::protocol
