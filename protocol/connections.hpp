// The verbs about connections: open, close, abort, list, show, relay.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/visit.hpp"
#include "stack/tcp/info_fields.hpp"

namespace conker {

/// The names of states, as to_string(State) has them.
constexpr std::string_view choices_of(State) {
  return "CLOSED|LISTEN|SYN-SENT|SYN-RECEIVED|ESTABLISHED|FIN-WAIT-1|FIN-WAIT-2|CLOSE-WAIT|CLOSING|"
         "LAST-ACK|TIME-WAIT|DESTROY";
}

}  // namespace conker

namespace conker::protocol {

/// The parameters of verbs about an existing connection.
struct ById {
  std::string id;

  static constexpr void visit(auto& self, auto&& field) {
    field("id", self.id,
          About{.help = "id of a connection, as open and list print it: SLOT.GENERATION",
                .required = true});
  }
};

inline constexpr std::array kStaleId{Code::kNoSuchConnection};

struct Open {
  static constexpr std::string_view kName = "open";
  static constexpr std::string_view kHelp = "Open a connection and wait until it is established";
  static constexpr std::array kCodes{Code::kConnectionRefused, Code::kTimedOut};

  struct Parameters {
    std::string remote;
    std::optional<std::string> local;
    std::optional<std::int64_t> timeout_ms;
    bool hold = false;

    static constexpr void visit(auto& self, auto&& field) {
      field("remote", self.remote,
            About{.help = "where to: ADDRESS:PORT or NAME:PORT", .required = true});
      field("local", self.local,
            About{.help = "where from: ADDRESS or ADDRESS:PORT of the stack",
                  .fallback = "the address of the link that leads there, any free port"});
      field("timeout_ms", self.timeout_ms,
            About{.help = "how long to wait for the peer (milliseconds)",
                  .unit = Unit::kMilliseconds,
                  .fallback = "tcp.connect_timeout of the configuration",
                  .min = 1,
                  .max = 3'600'000});
      field("hold", self.hold,
            About{.help = "close the connection when this client goes away",
                  .fallback = "false: it stays until closed"});
    }
  };
  struct Result {
    std::string id, local, remote;
    std::int64_t connect_us = 0;

    static constexpr void visit(auto& self, auto&& field) {
      field("id", self.id, About{.help = "id of the connection"});
      field("local", self.local, About{.help = "our end"});
      field("remote", self.remote, About{.help = "the peer's end"});
      field("connect_us", self.connect_us,
            About{.help = "from the SYN to the handshake's end", .unit = Unit::kMicroseconds});
    }
  };
};

/// The result of close and abort.
struct Ended {
  std::string id;
  State state = State::kDestroy;

  static constexpr void visit(auto& self, auto&& field) {
    field("id", self.id, About{.help = "id of the connection"});
    field("state", self.state, About{.help = "its state now"});
  }
};

struct Close {
  static constexpr std::string_view kName = "close";
  static constexpr std::string_view kHelp =
      "Close connections: what was sent still goes out, then FIN";
  static constexpr std::array kCodes = kStaleId;
  using Parameters = ById;
  using Result = Ended;
};

struct Abort {
  static constexpr std::string_view kName = "abort";
  static constexpr std::string_view kHelp = "Reset connections at once";
  static constexpr std::array kCodes = kStaleId;
  using Parameters = ById;
  using Result = Ended;
};

struct List {
  static constexpr std::string_view kName = "list";
  static constexpr Effect kEffect = Effect::kReads;
  static constexpr std::string_view kHelp =
      "Every connection, half-open and TIME-WAIT record, and listener";

  struct Parameters {
    std::optional<State> state;
    std::uint64_t offset = 0;
    std::uint32_t limit = 1000;

    static constexpr void visit(auto& self, auto&& field) {
      field("state", self.state, About{.help = "only rows in this state", .fallback = "all"});
      field("offset", self.offset, About{.help = "rows to leave out at the front"});
      field("limit", self.limit, About{.help = "most rows to answer", .min = 1, .max = 2000});
    }
  };
  struct Row {
    std::optional<std::string> id;
    State state = State::kClosed;
    std::string local;
    std::optional<std::string> remote;
    std::optional<std::int64_t> age_ms, remaining_ms;
    std::optional<std::uint32_t> send_queue, receive_queue;

    static constexpr void visit(auto& self, auto&& field) {
      field(
          "id", self.id,
          About{.help = "null for what has none: listeners, half-open, TIME-WAIT", .column = "ID"});
      field("state", self.state, About{.help = "as RFC 9293 writes it", .column = "STATE"});
      field("local", self.local, About{.help = "our end; * is any address", .column = "LOCAL"});
      field("remote", self.remote,
            About{.help = "the peer's end; null for listeners", .column = "REMOTE"});
      field("age_ms", self.age_ms,
            About{.help = "since it was opened; null where nobody knows",
                  .unit = Unit::kMilliseconds,
                  .column = "AGE"});
      field(
          "remaining_ms", self.remaining_ms,
          About{.help = "of TIME-WAIT; else null", .unit = Unit::kMilliseconds, .column = "LEFT"});
      field("send_queue", self.send_queue,
            About{.help = "not yet acknowledged; null for records",
                  .unit = Unit::kBytes,
                  .column = "SEND-Q"});
      field(
          "receive_queue", self.receive_queue,
          About{
              .help = "not yet read; null for records", .unit = Unit::kBytes, .column = "RECV-Q"});
    }
  };
  struct Result {
    std::vector<Row> connections;
    std::uint64_t total = 0;
    std::optional<std::uint64_t> next;

    static constexpr void visit(auto& self, auto&& field) {
      field("connections", self.connections,
            About{.help = "one for each row: listeners, connections, half-open, TIME-WAIT"});
      field("total", self.total, About{.help = "rows there are in this state"});
      field("next", self.next, About{.help = "offset of the next page; null behind the last"});
    }
  };
};

struct Show {
  static constexpr std::string_view kName = "show";
  static constexpr Effect kEffect = Effect::kReads;
  static constexpr std::string_view kHelp = "Everything about one connection, with its last states";
  static constexpr std::array kCodes = kStaleId;
  using Parameters = ById;

  struct Change {
    std::int64_t ago_ms = 0;
    State from = State::kClosed, to = State::kClosed;
    std::string cause;

    static constexpr void visit(auto& self, auto&& field) {
      field("ago_ms", self.ago_ms, About{.help = "how long ago", .unit = Unit::kMilliseconds});
      field("from", self.from, About{.help = "the state before"});
      field("to", self.to, About{.help = "the state after"});
      field("cause", self.cause, About{.help = "what made it change"});
    }
  };
  /// The part of the result that is parsed.
  struct History {
    std::vector<Change> history;

    static constexpr void visit(auto& self, auto&& field) {
      field("history", self.history, About{.help = "its last state changes, oldest first"});
    }
  };
  /// The stack's values (ConnectionInfo::visit) and the daemon's.
  struct Result {
    ConnectionInfo info;
    std::string owner;
    History last;

    static constexpr void visit(auto& self, auto&& field) {
      ConnectionInfo::visit(self.info, field);
      field("owner", self.owner,
            About{.help = "who uses it: service, control, strike, resolver, dhcp or nobody"});
      History::visit(self.last, field);
    }
  };
};

struct Relay {
  static constexpr std::string_view kName = "relay";
  static constexpr std::string_view kHelp = "The bytes of a connection, on a descriptor";
  static constexpr Descriptor kDescriptor = Descriptor::kToClient;
  static constexpr std::array kCodes{Code::kNoSuchConnection, Code::kBusy};

  enum class Mode : std::uint8_t { kSend, kReceive, kBoth };
  friend constexpr std::string_view choices_of(Mode) { return "send|recv|both"; }

  struct Parameters {
    std::string id;
    Mode mode = Mode::kSend;
    bool follow = false;

    static constexpr void visit(auto& self, auto&& field) {
      ById::visit(self, field);
      field("mode", self.mode, About{.help = "which way the bytes go", .required = true});
      field("follow", self.follow,
            About{.help = "recv: go on until the peer closes",
                  .fallback = "false: hand over what is there, at least one byte"});
    }
  };
  struct Result {
    std::string id;
    std::uint64_t sent = 0, received = 0;
    bool peer_closed = false;

    static constexpr void visit(auto& self, auto&& field) {
      field("id", self.id, About{.help = "id of the connection"});
      field("sent", self.sent,
            About{.help = "taken from the descriptor into the send queue", .unit = Unit::kBytes});
      field("received", self.received,
            About{.help = "written to the descriptor", .unit = Unit::kBytes});
      field("peer_closed", self.peer_closed,
            About{.help = "whether the peer will send no more and all was handed over"});
    }
  };
};

/// The notification that carries the descriptor.
struct Relaying {
  static constexpr std::string_view kName = "relaying";
  std::string id;

  static constexpr void visit(auto& self, auto&& field) {
    field("id", self.id, About{.help = "id of the connection"});
  }
};

}  // namespace conker::protocol
