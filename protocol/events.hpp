// The events that the verb watch tells of: for each kind a structure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "protocol/visit.hpp"

namespace conker::protocol {

/// In the order of AnyEvent.
enum class EventKind : std::uint8_t {
  kConnection,
  kLink,
  kAddress,
  kStrike,
  kFinding,
  kConfiguration
};
constexpr std::string_view choices_of(EventKind) {
  return "connection|link|address|strike|finding|configuration";
}

struct ConnectionEvent {
  static constexpr EventKind kKind = EventKind::kConnection;
  static constexpr std::string_view kHelp =
      "A connection: opened by us, established by either side, or ended";

  enum class What : std::uint8_t { kOpened, kEstablished, kClosed };
  friend constexpr std::string_view choices_of(What) { return "opened|established|closed"; }

  What what = What::kOpened;
  std::string id;
  std::optional<std::string> local, remote, owner;
  bool passive = false;
  std::string cause;
  std::optional<std::string> reason;
  std::optional<Duration> age;

  static constexpr void visit(auto& self, auto&& field) {
    field("what", self.what, About{.help = "opened: our SYN is on its way"});
    field("id", self.id, About{.help = "id of the connection"});
    field("local", self.local, About{.help = "our end; null where it is not known any more"});
    field("remote", self.remote, About{.help = "the peer's end; null likewise"});
    field("owner", self.owner, About{.help = "who uses it: service, control, strike; null"});
    field("passive", self.passive, About{.help = "whether the peer has opened it"});
    field("cause", self.cause, About{.help = "what made its state change"});
    field("reason", self.reason, About{.help = "closed: how it ended; else null"});
    field(
        "age_us", self.age,
        About{.help = "since it was opened; null where nobody knows", .unit = Unit::kMicroseconds});
  }
};

struct LinkEvent {
  static constexpr EventKind kKind = EventKind::kLink;
  static constexpr std::string_view kHelp = "A link: up, down, gone, back, or otherwise changed";

  std::string link, state, text;

  static constexpr void visit(auto& self, auto&& field) {
    field("link", self.link, About{.help = "its name in the configuration"});
    field("state", self.state, About{.help = "its state now, as status has it"});
    field("text", self.text, About{.help = "what has happened, in one line"});
  }
};

struct AddressEvent {
  static constexpr EventKind kKind = EventKind::kAddress;
  static constexpr std::string_view kHelp =
      "An address of ours: free and used, leased, lost, or used by another host too";

  enum class What : std::uint8_t { kUsed, kLeased, kLost, kConflict, kDuplicate };
  friend constexpr std::string_view choices_of(What) {
    return "used|leased|lost|conflict|duplicate";
  }

  What what = What::kUsed;
  std::string link, address;
  std::optional<std::string> host;
  std::optional<std::int64_t> lease_s;

  static constexpr void visit(auto& self, auto&& field) {
    field("what", self.what,
          About{.help = "conflict: another host uses it too; duplicate: it does, and we do not"});
    field("link", self.link, About{.help = "where it is"});
    field("address", self.address, About{.help = "the address"});
    field("host", self.host,
          About{.help = "the other host's MAC address, or the server of a lease; null"});
    field("lease_s", self.lease_s,
          About{.help = "for how long it is leased; null: for ever, or no lease",
                .unit = Unit::kSeconds});
  }
};

struct StrikeEvent {
  static constexpr EventKind kKind = EventKind::kStrike;
  static constexpr std::string_view kHelp = "A strike has begun, or ended with its verdict";

  enum class What : std::uint8_t { kBegun, kEnded };
  friend constexpr std::string_view choices_of(What) { return "begun|ended"; }

  What what = What::kBegun;
  std::uint64_t id = 0;
  std::string target;
  std::uint64_t cycles = 0;
  std::optional<std::string> verdict, why;

  static constexpr void visit(auto& self, auto&& field) {
    field("what", self.what, About{.help = "begun or ended"});
    field("id", self.id, About{.help = "of the strike", .unit = Unit::kNominal});
    field("target", self.target, About{.help = "whom"});
    field("cycles", self.cycles, About{.help = "that were tried"});
    field("verdict", self.verdict, About{.help = "ended: pass, fail or inconclusive; else null"});
    field("why", self.why, About{.help = "ended: the reason, in one line; else null"});
  }
};

struct FindingEvent {
  static constexpr EventKind kKind = EventKind::kFinding;
  static constexpr std::string_view kHelp = "A strike has found a rule broken for the first time";

  std::uint64_t strike = 0;
  std::string target, rule, severity, section, text;
  std::uint64_t cycle = 0;
  std::string because;

  static constexpr void visit(auto& self, auto&& field) {
    field("strike", self.strike, About{.help = "id of the strike", .unit = Unit::kNominal});
    field("target", self.target, About{.help = "whom it strikes"});
    field("rule", self.rule, About{.help = "its name"});
    field("severity", self.severity, About{.help = "fault, weakness or note"});
    field("section", self.section, About{.help = "where the rule stands"});
    field("text", self.text, About{.help = "what is wrong"});
    field("cycle", self.cycle, About{.help = "in which cycle, from 1"});
    field("because", self.because,
          About{.help = "why our own side may be the cause; empty where it is not"});
  }
};

struct ConfigurationEvent {
  static constexpr EventKind kKind = EventKind::kConfiguration;
  static constexpr std::string_view kHelp = "The configuration was read again, or refused";

  enum class What : std::uint8_t { kReloaded, kRefused };
  friend constexpr std::string_view choices_of(What) { return "reloaded|refused"; }

  What what = What::kReloaded;
  std::string text;

  static constexpr void visit(auto& self, auto&& field) {
    field("what", self.what, About{.help = "refused: the old one stays"});
    field("text", self.text, About{.help = "what has changed or is wrong, in one line"});
  }
};

/// One of them.
using AnyEvent = std::variant<ConnectionEvent, LinkEvent, AddressEvent, StrikeEvent, FindingEvent,
                              ConfigurationEvent>;

}  // namespace conker::protocol
