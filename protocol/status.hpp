// The verbs about the daemon as a whole: version, schema, status, stats, log, reload.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/connections.hpp"
#include "protocol/http.hpp"
#include "protocol/links.hpp"
#include "protocol/services.hpp"
#include "protocol/strike.hpp"
#include "protocol/strike_totals.hpp"
#include "protocol/visit.hpp"

namespace conker::protocol {

struct Version {
  static constexpr std::string_view kName = "version";
  static constexpr Effect kEffect = Effect::kReads;
  static constexpr std::string_view kHelp = "The version of the daemon and of the protocol";
  using Parameters = Nothing;

  struct Result {
    std::string version;
    int protocol = kProtocolVersion;

    static constexpr void visit(auto& self, auto&& field) {
      field("version", self.version, About{.help = "version of the daemon"});
      field("protocol", self.protocol, About{.help = "version of this protocol"});
    }
  };
};

struct Schema {
  static constexpr std::string_view kName = "schema";
  static constexpr Effect kEffect = Effect::kReads;
  static constexpr std::string_view kHelp = "This table";
  using Parameters = Nothing;

  struct Parameter {
    std::string name, type;
    bool required = false;
    std::string help;
    std::optional<std::string> fallback, choices;
    std::optional<std::int64_t> min, max;

    static constexpr void visit(auto& self, auto&& field) {
      field("name", self.name, About{.help = "its name"});
      field("type", self.type, About{.help = "boolean, integer, number or string"});
      field("required", self.required, About{.help = "whether it must be given"});
      field("help", self.help, About{.help = "what it means"});
      field("default", self.fallback,
            About{.help = "what holds when it is not given", .left_out = true});
      field("choices", self.choices,
            About{.help = "of a string: what it may be", .left_out = true});
      field("min", self.min, About{.help = "of an integer", .left_out = true});
      field("max", self.max, About{.help = "of an integer", .left_out = true});
    }
  };
  struct Field {
    std::string name, type, help;
    std::optional<std::string> unit;

    static constexpr void visit(auto& self, auto&& field) {
      field("name", self.name, About{.help = "its name; with dots, where it stands in another"});
      field("type", self.type, About{.help = "boolean, integer, number, string, object or array"});
      field("help", self.help, About{.help = "what it means"});
      field("unit", self.unit, About{.help = "of a number that has one", .left_out = true});
    }
  };
  struct Entry {
    std::string name, help;
    std::vector<Parameter> params;
    std::vector<Field> result;
    std::string descriptor;
    std::string effect;
    std::vector<int> codes;

    static constexpr void visit(auto& self, auto&& field) {
      field("name", self.name, About{.help = "of the verb"});
      field("help", self.help, About{.help = "what it does"});
      field("params", self.params, About{.help = "its parameters"});
      field("result", self.result, About{.help = "the fields of its result"});
      field("descriptor", self.descriptor, About{.help = "whether one goes beside the line"});
      field("effect", self.effect, About{.help = "reads: anybody may call it; asks, or changes"});
      field("codes", self.codes, About{.help = "errors that calls may end with"});
    }
  };
  struct Event {
    std::string kind, help;
    std::vector<Field> fields;

    static constexpr void visit(auto& self, auto&& field) {
      field("kind", self.kind, About{.help = "as watch takes it"});
      field("help", self.help, About{.help = "what has happened"});
      field("fields", self.fields, About{.help = "of the notification event of this kind"});
    }
  };
  struct Error {
    int code = 0, exit = 0;
    std::string meaning;

    static constexpr void visit(auto& self, auto&& field) {
      field("code", self.code, About{.help = "error.code of a reply"});
      field("exit", self.exit, About{.help = "the CLI's exit code"});
      field("meaning", self.meaning, About{.help = "what it means"});
    }
  };
  struct Result {
    int protocol = kProtocolVersion;
    std::vector<Entry> verbs;
    std::vector<Event> events;
    std::vector<Error> codes;

    static constexpr void visit(auto& self, auto&& field) {
      field("protocol", self.protocol, About{.help = "version of this protocol"});
      field("verbs", self.verbs, About{.help = "every verb with its parameters, result and codes"});
      field("events", self.events, About{.help = "every event that watch tells of"});
      field("codes", self.codes,
            About{.help = "every error code, what it means, and the CLI's exit code"});
    }
  };
};

/// A DHCP client and its lease.
struct Lease {
  std::string state;
  std::optional<std::string> address, server, router;
  std::vector<std::string> dns;
  std::optional<std::int64_t> renew_s, expires_s;
  std::optional<std::string> link_local;

  static constexpr void visit(auto& self, auto&& field) {
    field("state", self.state, About{.help = "of the client"});
    field("address", self.address, About{.help = "leased; null without a lease"});
    field("server", self.server, About{.help = "who gave it"});
    field("router", self.router, About{.help = "of the lease; null if it names none"});
    field("dns", self.dns, About{.help = "servers for names"});
    field("renew_s", self.renew_s, About{.help = "until then", .unit = Unit::kSeconds});
    field("expires_s", self.expires_s,
          About{.help = "until then; null: never", .unit = Unit::kSeconds});
    field("link_local", self.link_local,
          About{.help = "the address while no server answers (RFC 3927); null"});
  }
};

struct Status {
  static constexpr std::string_view kName = "status";
  static constexpr Effect kEffect = Effect::kReads;
  static constexpr std::string_view kHelp = "Links, tables, listeners, audit and what is going on";
  using Parameters = Nothing;

  struct Link {
    std::string name, device, state;
    Duration state_for{0};
    std::uint64_t frames_in = 0, frames_out = 0, bytes_in = 0, bytes_out = 0;
    bool faults = false, captured = false;
    std::string mac;
    std::uint16_t mtu = 0;
    std::optional<std::uint32_t> host_mtu;
    std::vector<std::string> addresses;
    std::optional<Lease> dhcp;

    static constexpr void visit(auto& self, auto&& field) {
      field("name", self.name, About{.help = "of the configuration"});
      field("device", self.device, About{.help = "what it stands on"});
      field("state", self.state, About{.help = "up, down, no carrier (or no peer), or gone"});
      field("state_s", self.state_for, About{.help = "for how long", .unit = Unit::kSeconds});
      field("frames_in", self.frames_in, About{.help = "frames taken"});
      field("frames_out", self.frames_out, About{.help = "frames sent"});
      field("bytes_in", self.bytes_in, About{.help = "in them", .unit = Unit::kBytes});
      field("bytes_out", self.bytes_out, About{.help = "in them", .unit = Unit::kBytes});
      field("faults", self.faults, About{.help = "whether faults are set"});
      field("captured", self.captured, About{.help = "whether a capture runs"});
      field("mac", self.mac, About{.help = "our link address"});
      field("mtu", self.mtu, About{.help = "largest IP packet", .unit = Unit::kBytes});
      field(
          "host_mtu", self.host_mtu,
          About{.help = "of the host's interface; null where there is none", .unit = Unit::kBytes});
      field("addresses", self.addresses, About{.help = "the stack's own there"});
      field("dhcp", self.dhcp, About{.help = "null without DHCP"});
    }
  };
  struct Route {
    std::string to;
    std::optional<std::string> via, link;
    bool connected = false;

    static constexpr void visit(auto& self, auto&& field) {
      field("to", self.to, About{.help = "a network", .column = "TO"});
      field("via", self.via, About{.help = "a gateway; null for neighbours", .column = "VIA"});
      field("link", self.link, About{.help = "null while it is not reached", .column = "LINK"});
      field("connected", self.connected, About{.help = "goes with an address"});
    }
  };
  struct Doubt {
    std::string address, link, state;
    std::optional<std::string> conflicting_host;

    static constexpr void visit(auto& self, auto&& field) {
      field("address", self.address, About{.help = "of ours"});
      field("link", self.link, About{.help = "where"});
      field("state", self.state, About{.help = "of the address"});
      field("conflicting_host", self.conflicting_host, About{.help = "who uses it, too; null"});
    }
  };
  struct Table {
    std::string name;
    std::uint64_t used = 0, capacity = 0;

    static constexpr void visit(auto& self, auto&& field) {
      field("name", self.name, About{.help = "of the table", .column = "TABLE"});
      field("used", self.used, About{.help = "entries now", .column = "USED"});
      field("capacity", self.capacity, About{.help = "at most", .column = "CAPACITY"});
    }
  };
  struct InState {
    State state{};
    std::uint64_t count = 0;

    static constexpr void visit(auto& self, auto&& field) {
      field("state", self.state, About{.help = "of connections, or of records"});
      field("count", self.count, About{.help = "there are now"});
    }
  };
  struct Listener {
    std::uint16_t port = 0;
    Transport protocol = Transport::kTcp;
    std::string service;
    std::uint64_t accepted = 0;

    static constexpr void visit(auto& self, auto&& field) {
      field("port", self.port, About{.help = "where", .unit = Unit::kNominal, .column = "PORT"});
      field("protocol", self.protocol, About{.help = "tcp or udp", .column = "OVER"});
      field("service", self.service, About{.help = "what answers there", .column = "SERVICE"});
      field("accepted", self.accepted,
            About{.help = "connections or datagrams", .column = "ACCEPTED"});
    }
  };
  struct Striking {
    std::uint64_t id = 0;
    std::string target;
    StrikeSoFar so_far;

    static constexpr void visit(auto& self, auto&& field) {
      field("id", self.id, About{.help = "of the strike"});
      field("target", self.target, About{.help = "whom"});
      StrikeSoFar::visit(self.so_far, field);
    }
  };
  struct Log {
    std::string level;
    std::uint64_t lines_lost = 0;

    static constexpr void visit(auto& self, auto&& field) {
      field("level", self.level, About{.help = "what is logged"});
      field("lines_lost", self.lines_lost, About{.help = "which nobody took from the daemon"});
    }
  };
  /// Counters of the control server.
  struct Control {
    std::uint64_t clients = 0, accepted = 0, turned_away = 0;
    std::uint64_t requests = 0, errors = 0, bad_lines = 0, long_lines = 0, cut_off = 0;
    std::uint64_t gave_way = 0, watching = 0, events_dropped = 0;

    static constexpr void visit(auto& self, auto&& field) {
      field("clients", self.clients, About{.help = "connected now", .now = true});
      field("accepted", self.accepted, About{.help = "of them, in all"});
      field("turned_away", self.turned_away, About{.help = "at the cap"});
      field("requests", self.requests, About{.help = "that were understood"});
      field("errors", self.errors, About{.help = "answers that were errors"});
      field("bad_lines", self.bad_lines, About{.help = "lines that were no request"});
      field("long_lines", self.long_lines,
            About{.help = "clients disconnected for a line without end"});
      field("cut_off", self.cut_off,
            About{.help = "clients disconnected because they did not read"});
      field("gave_way", self.gave_way,
            About{.help = "quiet clients disconnected when others found no place"});
      field("watching", self.watching, About{.help = "clients that watch events now"});
      field("events_dropped", self.events_dropped,
            About{.help = "events that were not told: too many, or a client did not read"});
    }
  };
  struct Result {
    std::string version;
    std::int64_t pid = 0;
    Duration uptime{0};
    std::vector<Link> links;
    std::optional<std::string> gateway;
    std::vector<std::string> dns_servers;
    std::vector<Route> routes;
    std::vector<Doubt> doubtful_addresses;
    std::vector<Table> tables;
    std::vector<InState> states;
    std::vector<Listener> listeners;
    Audit audit;
    std::vector<Striking> strikes;
    std::optional<CaptureStop::Result> capture;
    Log log;
    Control control;

    static constexpr void visit(auto& self, auto&& field) {
      field("version", self.version, About{.help = "version of the daemon"});
      field("pid", self.pid, About{.help = "its process"});
      field("uptime_s", self.uptime,
            About{.help = "how long it has been running", .unit = Unit::kSeconds});
      field("links", self.links, About{.help = "in the configuration's order"});
      field("gateway", self.gateway,
            About{.help = "where everything goes that no link reaches; null if nowhere"});
      field("dns_servers", self.dns_servers, About{.help = "who is asked for names"});
      field("routes", self.routes, About{.help = "in the order in which they are tried"});
      field("doubtful_addresses", self.doubtful_addresses,
            About{.help = "those being probed or used by another host too"});
      field("tables", self.tables, About{.help = "of the stack"});
      field("states", self.states, About{.help = "those that any connection or record has"});
      field("listeners", self.listeners, About{.help = "services"});
      field(
          "audit", self.audit,
          About{.help = "opened = closed + reset + aborted + timed_out + refused + other + live"});
      field("strikes", self.strikes, About{.help = "those that are running"});
      field("capture", self.capture, About{.help = "the capture that is running; null"});
      field("log", self.log, About{.help = "the daemon's log"});
      field("control", self.control, About{.help = "clients now and what they did"});
    }
  };
};

struct Stats {
  static constexpr std::string_view kName = "stats";
  static constexpr Effect kEffect = Effect::kReads;
  static constexpr std::string_view kHelp = "Every counter and what it means";
  using Parameters = Nothing;

  struct Counter {
    std::string name;
    std::uint64_t value = 0;
    std::string meaning;

    static constexpr void visit(auto& self, auto&& field) {
      field("name", self.name, About{.help = "of the counter", .column = "COUNTER"});
      field("value", self.value, About{.help = "since the start", .column = "VALUE"});
      field("meaning", self.meaning, About{.help = "what it counts", .column = "MEANING"});
    }
  };
  struct Link {
    std::string name, device;
    DeviceCounters counters;
    Faults faults;

    static constexpr void visit(auto& self, auto&& field) {
      field("name", self.name, About{.help = "of the configuration"});
      field("device", self.device, About{.help = "what it stands on"});
      field("counters", self.counters, About{.help = "of the device"});
      field("faults", self.faults, About{.help = "that are injected"});
    }
  };
  struct Result {
    std::vector<Counter> counters;
    std::vector<Link> links;
    StrikeTotals strikes;
    std::optional<HttpCounters> http;

    static constexpr void visit(auto& self, auto&& field) {
      field("counters", self.counters, About{.help = "of the stack"});
      field("links", self.links, About{.help = "in the configuration's order"});
      field("strikes", self.strikes, About{.help = "all since the start"});
      field("http", self.http, About{.help = "the HTTP server; null where there is none"});
    }
  };
};

struct SetLog {
  static constexpr std::string_view kName = "log";
  static constexpr std::string_view kHelp = "Set what the daemon logs";

  struct Parameters {
    std::string level;

    static constexpr void visit(auto& self, auto&& field) {
      field("level", self.level,
            About{.help = "what to log from now on",
                  .required = true,
                  .choices = "debug|info|warning|error"});
    }
  };
  struct Result {
    std::string level, previous;

    static constexpr void visit(auto& self, auto&& field) {
      field("level", self.level, About{.help = "the level now"});
      field("previous", self.previous, About{.help = "the level before"});
    }
  };
};

struct Reload {
  static constexpr std::string_view kName = "reload";
  static constexpr std::string_view kHelp =
      "Read the configuration again and take over what can change while the daemon runs";
  using Parameters = Nothing;

  struct Result {
    std::string file;
    std::vector<std::string> changed;

    static constexpr void visit(auto& self, auto&& field) {
      field("file", self.file, About{.help = "the configuration"});
      field("changed", self.changed, About{.help = "keys that were taken over"});
    }
  };
};

}  // namespace conker::protocol
