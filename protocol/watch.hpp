// The verb watch: a subscription to events.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/events.hpp"
#include "protocol/verb.hpp"
#include "protocol/visit.hpp"

namespace conker::protocol {

struct Watch {
  static constexpr std::string_view kName = "watch";
  static constexpr Effect kEffect = Effect::kReads;
  static constexpr std::string_view kHelp =
      "Tell of events: of connections, links, addresses, strikes, findings, the configuration";
  static constexpr std::array kCodes{Code::kBusy};

  struct Parameters {
    std::string kinds;
    std::uint64_t count = 0;

    static constexpr void visit(auto& self, auto&& field) {
      field("kinds", self.kinds,
            About{.help = "which, with commas between: connection, link, address, strike, "
                          "finding, configuration",
                  .fallback = "all"});
      field(
          "count", self.count,
          About{.help = "events after which to end", .fallback = "0: when this client goes away"});
    }
  };
  struct Result {
    std::uint64_t events = 0, dropped = 0;

    static constexpr void visit(auto& self, auto&& field) {
      field("events", self.events, About{.help = "told in notifications: see events"});
      field("dropped", self.dropped,
            About{.help = "not told: there were too many, or the client did not read them"});
    }
  };
};

/// The notification that from now on events are told.
struct Watching {
  static constexpr std::string_view kName = "watching";
  std::string kinds;

  static constexpr void visit(auto& self, auto&& field) {
    field("kinds", self.kinds, About{.help = "which, with commas between"});
  }
};

/// The name of the notification of one event: the fields of its structure (events.hpp), and before
/// them those of EventHead.
inline constexpr std::string_view kEvent = "event";

struct EventHead {
  std::string kind, time;

  static constexpr void visit(auto& self, auto&& field) {
    field("kind", self.kind, About{.help = "which event it is: what other fields there are"});
    field("time", self.time, About{.help = "when it was told, UTC, to the microsecond"});
  }
};

/// An event of no kind that can be chosen: in its place others were not told.
struct DroppedEvents {
  static constexpr std::string_view kKind = "dropped";
  static constexpr std::string_view kHelp = "Events that were not told here";
  std::uint64_t count = 0;

  static constexpr void visit(auto& self, auto&& field) {
    field("count", self.count, About{.help = "how many: more than are told, or than were read"});
  }
};

}  // namespace conker::protocol
