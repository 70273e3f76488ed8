// The verbs that join connections of the stack with sockets of the host: forward, forward_listen,
// forward_take.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/connections.hpp"
#include "protocol/verb.hpp"
#include "protocol/visit.hpp"

namespace conker::protocol {

/// The most connections that are forwarded at a time, by all clients together.
inline constexpr std::int64_t kMostForwarded = 256;

struct Forward {
  static constexpr std::string_view kName = "forward";
  static constexpr std::string_view kHelp =
      "Open a connection and join it with a socket, whose descriptor goes with the call";
  static constexpr Descriptor kDescriptor = Descriptor::kToDaemon;
  static constexpr std::array kCodes{Code::kConnectionRefused, Code::kTimedOut, Code::kBusy};

  struct Parameters {
    std::string remote;

    static constexpr void visit(auto& self, auto&& field) {
      field("remote", self.remote,
            About{.help = "where to: ADDRESS:PORT or NAME:PORT", .required = true});
    }
  };
  /// A notification `forwarded` follows at the connection's end.
  using Result = Open::Result;
};

struct ForwardListen {
  static constexpr std::string_view kName = "forward_listen";
  static constexpr std::string_view kHelp =
      "Listen on a port, and tell of every connection, for forward_take";
  static constexpr std::array kCodes{Code::kBusy};

  struct Parameters {
    std::uint16_t port = 0;

    static constexpr void visit(auto& self, auto&& field) {
      field("port", self.port,
            About{.help = "TCP port of the stack", .required = true, .min = 1, .max = 65535});
    }
  };
  struct Result {
    std::uint16_t port = 0;

    static constexpr void visit(auto& self, auto&& field) {
      field("port", self.port,
            About{.help = "the port; it is given up when this client goes away"});
    }
  };
};

/// The notification of a connection that waits for forward_take or abort.
struct ForwardOffer {
  static constexpr std::string_view kName = "forward_offer";
  std::string id, remote;

  static constexpr void visit(auto& self, auto&& field) {
    ById::visit(self, field);
    field("remote", self.remote, About{.help = "the peer's end"});
  }
};

struct ForwardTake {
  static constexpr std::string_view kName = "forward_take";
  static constexpr std::string_view kHelp =
      "Join a connection of forward_listen with a socket, whose descriptor goes with the call";
  static constexpr Descriptor kDescriptor = Descriptor::kToDaemon;
  static constexpr std::array kCodes = kStaleId;
  using Parameters = ById;
  using Result = ById;
};

/// The notification that a forwarded connection is over.
struct Forwarded {
  static constexpr std::string_view kName = "forwarded";
  std::string id;
  std::uint64_t sent = 0, received = 0;
  std::optional<std::string> reason;

  static constexpr void visit(auto& self, auto&& field) {
    ById::visit(self, field);
    field("sent", self.sent, About{.help = "from the socket to the peer", .unit = Unit::kBytes});
    field("received", self.received,
          About{.help = "from the peer to the socket", .unit = Unit::kBytes});
    field("reason", self.reason, About{.help = "what ended it; null where both sides have closed"});
  }
};

}  // namespace conker::protocol
