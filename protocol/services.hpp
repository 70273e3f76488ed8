// The verbs about services and names: listen, unlisten, ping, udp_send, udp_listen, resolve.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/visit.hpp"

namespace conker::protocol {

enum class Transport : std::uint8_t { kTcp, kUdp };
constexpr std::string_view choices_of(Transport) {
  return "tcp|udp";
}

struct Unlisten {
  static constexpr std::string_view kName = "unlisten";
  static constexpr std::string_view kHelp = "End the service on a port; its connections go on";

  struct Parameters {
    std::uint16_t port = 0;
    Transport protocol = Transport::kTcp;

    static constexpr void visit(auto& self, auto&& field) {
      field("port", self.port,
            About{.help = "TCP or UDP port", .required = true, .min = 1, .max = 65535});
      field("protocol", self.protocol, About{.help = "udp: echo and discard only"});
    }
  };
  struct Result {
    std::uint16_t port = 0;

    static constexpr void visit(auto& self, auto&& field) {
      field("port", self.port, About{.help = "the port"});
    }
  };
};

struct Listen {
  static constexpr std::string_view kName = "listen";
  static constexpr std::string_view kHelp = "Start a service on a port";

  struct Parameters {
    std::uint16_t port = 0;
    Transport protocol = Transport::kTcp;
    std::string service;

    static constexpr void visit(auto& self, auto&& field) {
      Unlisten::Parameters::visit(self, field);
      field("service", self.service,
            About{.help = "what answers there",
                  .required = true,
                  .choices = "echo|discard|daytime|chargen|accept-close"});
    }
  };
  struct Result {
    std::uint16_t port = 0;
    std::string service;

    static constexpr void visit(auto& self, auto&& field) {
      field("port", self.port, About{.help = "the port"});
      field("service", self.service, About{.help = "what answers there"});
    }
  };
};

struct Ping {
  static constexpr std::string_view kName = "ping";
  static constexpr Effect kEffect = Effect::kAsks;
  static constexpr std::string_view kHelp = "Send an ICMP echo request and wait for the answer";
  static constexpr std::array kCodes{Code::kTimedOut};

  struct Parameters {
    std::string host;
    std::uint16_t sequence = 1;
    std::uint16_t bytes = 56;
    std::int64_t timeout_ms = 2000;

    static constexpr void visit(auto& self, auto&& field) {
      field("host", self.host, About{.help = "IP address or name", .required = true});
      field("sequence", self.sequence, About{.help = "ICMP sequence number", .max = 65535});
      field("bytes", self.bytes,
            About{.help = "payload", .unit = Unit::kBytes, .min = 8, .max = 65507});
      field("timeout_ms", self.timeout_ms,
            About{.help = "how long to wait (milliseconds)",
                  .unit = Unit::kMilliseconds,
                  .min = 1,
                  .max = 60'000});
    }
  };
  struct Result {
    std::string from;
    std::uint16_t sequence = 0;
    std::uint32_t bytes = 0;
    std::uint8_t ttl = 0;
    std::int64_t rtt_us = 0;

    static constexpr void visit(auto& self, auto&& field) {
      field("from", self.from, About{.help = "who answered"});
      field("sequence", self.sequence, About{.help = "ICMP sequence number"});
      field("bytes", self.bytes, About{.help = "ICMP message", .unit = Unit::kBytes});
      field("ttl", self.ttl, About{.help = "hops left"});
      field("rtt_us", self.rtt_us, About{.help = "round trip", .unit = Unit::kMicroseconds});
    }
  };
};

/// The most bytes that a call can carry as base64 within kMaxRequestBytes.
inline constexpr std::size_t kMaxDatagramBytes = 48000;

inline constexpr std::array kNameCodes{Code::kTimedOut, Code::kBusy};

struct UdpSend {
  static constexpr std::string_view kName = "udp_send";
  static constexpr std::string_view kHelp = "Send one UDP datagram";
  static constexpr std::array kCodes = kNameCodes;

  struct Parameters {
    std::string remote, data;
    std::optional<std::uint16_t> port;
    bool broadcast = false;

    static constexpr void visit(auto& self, auto&& field) {
      field("remote", self.remote,
            About{.help = "where to: ADDRESS:PORT or NAME:PORT", .required = true});
      field("data", self.data, About{.help = "the payload in base64", .required = true});
      field("port", self.port,
            About{.help = "our port", .fallback = "any free one", .min = 1, .max = 65535});
      field("broadcast", self.broadcast, About{.help = "the address may be a broadcast address"});
    }
  };
  struct Result {
    std::string remote;
    std::uint16_t port = 0;
    std::uint64_t bytes = 0;

    static constexpr void visit(auto& self, auto&& field) {
      field("remote", self.remote, About{.help = "where to, with the address of the name"});
      field("port", self.port, About{.help = "our port"});
      field("bytes", self.bytes, About{.help = "of payload", .unit = Unit::kBytes});
    }
  };
};

struct UdpListen {
  static constexpr std::string_view kName = "udp_listen";
  static constexpr std::string_view kHelp = "Tell of every UDP datagram to a port";
  static constexpr std::array kCodes{Code::kBusy};

  struct Parameters {
    std::uint16_t port = 0;
    std::uint64_t count = 0;
    bool broadcast = false;

    static constexpr void visit(auto& self, auto&& field) {
      field("port", self.port, About{.help = "UDP port", .required = true, .min = 1, .max = 65535});
      field("count", self.count,
            About{.help = "datagrams after which to end",
                  .fallback = "0: when this client goes away"});
      field("broadcast", self.broadcast, About{.help = "hear what is sent to everybody, too"});
    }
  };
  struct Result {
    std::uint64_t datagrams = 0;

    static constexpr void visit(auto& self, auto&& field) {
      field("datagrams", self.datagrams,
            About{.help = "told in notifications: from, to, bytes, data (base64)"});
    }
  };
};

/// The notification that the socket is ready.
struct Listening {
  static constexpr std::string_view kName = "listening";
  std::uint16_t port = 0;

  static constexpr void visit(auto& self, auto&& field) {
    field("port", self.port, About{.help = "UDP port"});
  }
};

/// The notification of one datagram.
struct Datagram {
  static constexpr std::string_view kName = "datagram";
  std::string from, to;
  std::uint64_t bytes = 0;
  std::string data;

  static constexpr void visit(auto& self, auto&& field) {
    field("from", self.from, About{.help = "who sent it"});
    field("to", self.to, About{.help = "the address and port that it was sent to"});
    field("bytes", self.bytes, About{.help = "of payload", .unit = Unit::kBytes});
    field("data", self.data, About{.help = "the payload in base64"});
  }
};

struct Resolve {
  static constexpr std::string_view kName = "resolve";
  static constexpr Effect kEffect = Effect::kAsks;
  static constexpr std::string_view kHelp = "The addresses of a name";
  static constexpr std::array kCodes = kNameCodes;

  struct Parameters {
    std::string name;

    static constexpr void visit(auto& self, auto&& field) {
      field("name", self.name, About{.help = "the name of a host", .required = true});
    }
  };
  struct Result {
    std::string name;
    std::vector<std::string> addresses;
    std::optional<std::int64_t> valid_s;
    bool cached = false;

    static constexpr void visit(auto& self, auto&& field) {
      field("name", self.name, About{.help = "as it was asked for"});
      field("addresses", self.addresses, About{.help = "its addresses"});
      field("valid_s", self.valid_s,
            About{.help = "for how long they hold; null for an address", .unit = Unit::kSeconds});
      field("cached", self.cached, About{.help = "whether no server had to be asked"});
    }
  };
};

}  // namespace conker::protocol
