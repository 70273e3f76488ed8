// What the peer must do with a payload before a cycle of a strike closes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "stack/strike/behaviour.hpp"

namespace conker {

enum class Expect : std::uint8_t {
  kNothing,  // no payload is sent before the close
  kEcho,     // sends the same bytes back (RFC 862)
  kDiscard,  // acknowledges all of it
  kClose,    // acknowledges all of it, and closes by itself
};
constexpr std::string_view choices_of(Expect) {
  return "none|echo|discard|close";
}

/// Whether a way to close leaves room for it: those that close in order, after the ACK of the
/// handshake; and where the peer is to close by itself, only those that wait for its FIN.
constexpr bool fits(Expect expect, WayToClose way) {
  switch (way) {
    case WayToClose::kPeerFirst:
    case WayToClose::kReopen:
      return true;
    case WayToClose::kFin:
    case WayToClose::kFinLate:
    case WayToClose::kHalfClose:
    case WayToClose::kDataFin:
    case WayToClose::kAckSilence:
      return expect != Expect::kClose;
    default:
      return expect == Expect::kNothing;
  }
}
constexpr bool fits(Expect expect, const Mix& mix) {
  return !mix.any_of([&](WayToClose way) { return !fits(expect, way); });
}

}  // namespace conker
