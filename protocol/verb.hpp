// The parts of a verb of the control protocol. Freestanding: the daemon checks calls with it, the
// CLI writes its help from it, and the firmware uses it too.
//
// The protocol is JSON-RPC 2.0 over a unix stream socket, one message a line, a request at most
// kMaxRequestBytes long. Descriptors are passed beside a line (SCM_RIGHTS), with its first byte:
// to the daemon kMaxDescriptors at most, in the order of the parameters that ask for them; to the
// client one.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace conker::protocol {

/// Incremented when a change would mislead a client of an older version; README.md lists the
/// changes.
inline constexpr int kProtocolVersion = 5;
/// Requests longer than this are refused and the client is disconnected.
inline constexpr std::size_t kMaxRequestBytes = std::size_t{64} * 1024;
/// Descriptors that a request may bring; what is beyond them is closed.
inline constexpr std::size_t kMaxDescriptors = 2;
inline constexpr std::string_view kDefaultSocket = "/run/conker/conkerd.sock";

enum class Type : std::uint8_t { kBoolean, kInteger, kNumber, kString, kObject, kList };

/// The name of a type in the schema: "integer".
constexpr std::string_view to_string(Type type) {
  switch (type) {
    case Type::kBoolean:
      return "boolean";
    case Type::kInteger:
      return "integer";
    case Type::kNumber:
      return "number";
    case Type::kString:
      return "string";
    case Type::kObject:
      return "object";
    case Type::kList:
      return "array";
  }
  return "unknown";
}

enum class Need : bool { kOptional, kRequired };

/// A parameter of a verb, made from the structure that holds it (visit.hpp).
struct Parameter {
  std::string_view name;
  Type type = Type::kString;
  Need need = Need::kOptional;
  std::string_view help;
  std::string_view fallback{};  // the default in words
  std::int64_t min = 0;         // of integers, both inclusive
  std::int64_t max = INT64_MAX;
  std::string_view choices{};            // of strings: "fin|rst"; empty: any text
  std::optional<std::int64_t> preset{};  // instead of `fallback`: the default as a number
};

/// Whether a descriptor is passed beside the line.
enum class Descriptor : std::uint8_t {
  kNone,
  kToDaemon,         // with the request
  kToDaemonIfAsked,  // with the request, where a parameter says so
  kToClient,         // with a notification before the result
};
constexpr bool goes_to_daemon(Descriptor descriptor) {
  return descriptor == Descriptor::kToDaemon || descriptor == Descriptor::kToDaemonIfAsked;
}

/// The error.code of a reply. Negative ones are JSON-RPC's own.
enum class Code : int {
  kParse = -32700,
  kInvalidRequest = -32600,
  kUnknownVerb = -32601,
  kInvalidParameters = -32602,
  kInternal = -32603,
  kFailed = 1,
  kConnectionRefused = 3,
  kTimedOut = 4,
  kNoSuchConnection = 10,
  kNotAllowed = 11,
  kBusy = 12,
};

/// Exit codes of the CLI.
enum Exit : int {
  kExitDone = 0,
  kExitFailed = 1,
  kExitUsage = 2,
  kExitConnectionRefused = 3,
  kExitTimedOut = 4,
  kExitNoDaemon = 5,
  // Verdicts of a strike.
  kExitFail = 10,
  kExitInconclusive = 11,
};

struct CodeText {
  Code code;
  Exit exit;
  std::string_view meaning;
};

inline constexpr std::array kCodes{
    CodeText{Code::kParse, kExitFailed, "the line is not JSON"},
    CodeText{Code::kInvalidRequest, kExitFailed, "the line is JSON but not a request"},
    CodeText{Code::kUnknownVerb, kExitFailed, "no such verb"},
    CodeText{Code::kInvalidParameters, kExitUsage,
             "a parameter is missing, unknown or makes no sense"},
    CodeText{Code::kInternal, kExitFailed, "the daemon made a mistake"},
    CodeText{Code::kFailed, kExitFailed, "the daemon could not do it"},
    CodeText{Code::kConnectionRefused, kExitConnectionRefused, "the peer refused the connection"},
    CodeText{Code::kTimedOut, kExitTimedOut, "no answer in time"},
    CodeText{Code::kNoSuchConnection, kExitFailed, "the id names no connection"},
    CodeText{Code::kNotAllowed, kExitFailed, "the configuration does not allow it"},
    CodeText{Code::kBusy, kExitFailed, "somebody else is doing that already"},
};

/// The exit code for an error code of the daemon; kExitFailed for an unknown one.
constexpr Exit exit_for(int code) {
  const auto text = std::find_if(kCodes.begin(), kCodes.end(), [&](const CodeText& c) {
    return static_cast<int>(c.code) == code;
  });
  return text == kCodes.end() ? kExitFailed : text->exit;
}

/// What a verb does to the daemon.
enum class Effect : std::uint8_t {
  kReads,    // it only says what is known: anybody may call it
  kAsks,     // it sends a question, and keeps nothing of it
  kChanges,  // it is in the log, by user and process
};

class FieldSink;

/// A verb as data, made from the structure of the verb: see verbs.hpp.
struct Verb {
  std::string_view name;
  std::string_view help;  // one line
  std::span<const Parameter> parameters;
  void (*result)(FieldSink&);  // visits every field of the result
  Descriptor descriptor = Descriptor::kNone;
  /// Codes that calls of this verb may end with besides those of any call: kInvalidParameters,
  /// kFailed.
  std::span<const Code> codes{};
  Effect effect = Effect::kChanges;
};

}  // namespace conker::protocol
