// Reasons why a destination cannot be reached, for people: what is wrong and what to do.
#pragma once

#include <string>

#include "daemon/engine.hpp"
#include "protocol/verb.hpp"

namespace conker::daemon {

/// Why an address cannot be the peer of a connection, strike or ping; empty when it can.
std::string not_a_peer(Engine& engine, const IpAddress& to);
/// The text of the stack's error for `to`.
std::string refusal(Engine& engine, const IpAddress& to, Error error);
/// The probable cause of a timeout: ", and ..."; empty when nothing is known.
std::string why_silent(Engine& engine, const IpAddress& to);
/// The last ICMP error about data in flight: ": ... says ...", with its sender; empty without one.
std::string what_icmp_said(const ConnectionInfo& info);

/// Why an open has failed, for the answer to its call. `event` has its kClosed.
struct NotOpened {
  protocol::Code code;
  std::string text;
};
NotOpened why_not_opened(Engine& engine, const Event& event);

}  // namespace conker::daemon
