// Why something cannot be sent to where a call wants it to go, for people: what is wrong and what
// to do.
#pragma once

#include <string>

#include "daemon/engine.hpp"

namespace conker::daemon {

/// Why an address is nobody to open a connection to, to strike or to ping; empty where it may be a
/// host.
std::string not_a_peer(Engine& engine, const IpAddress& to);
/// What the stack's answer means for `to`.
std::string refusal(Engine& engine, const IpAddress& to, Error error);
/// Where nobody has answered: ", and ...", what may be the cause; empty when nothing is known.
std::string why_silent(Engine& engine, const IpAddress& to);
/// The last ICMP error about what was in flight: ": ... says ...", with whom it came from; empty
/// without one.
std::string what_icmp_said(const ConnectionInfo& info);

}  // namespace conker::daemon
