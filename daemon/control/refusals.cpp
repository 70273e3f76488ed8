#include "daemon/control/refusals.hpp"

#include <fmt/format.h>

#include "daemon/text.hpp"

namespace conker::daemon {

std::string not_a_peer(Engine& engine, const IpAddress& to) {
  const Network& network = engine.stack().network();
  if (to.is_unspecified()) return to_string(to) + " is nobody's address: give that of a host";
  if (to.is_multicast())
    return "that is a multicast address, a group of hosts: give the address of one";
  if (network.is_broadcast(to)) {
    return "that is a broadcast address, everybody on a link: give the address of one host";
  }
  if (to.is_loopback()) {
    return "loopback addresses stay within the stack, which does not talk to itself: give the "
           "address of a "
           "host on a link";
  }
  if (to.is_link_local() && to.zone() == 0) {
    return fmt::format("that address is on each link another host's: name the link, too: {}%{}",
                       to_string(to), engine.links().front().name);
  }
  if (network.is_local(to)) {
    return "that is an address of this stack, which does not talk to itself: try it from another "
           "host";
  }
  return {};
}

std::string refusal(Engine& engine, const IpAddress& to, Error error) {
  if (error == Error::kInvalidArgument || error == Error::kNoRoute) {
    if (const std::string wrong = not_a_peer(engine, to); !wrong.empty()) return wrong;
  }
  if (error == Error::kNoRoute) {
    return "no route to that address: status shows the routes, gateway and routes of the "
           "configuration make "
           "them";
  }
  return to_string(error);
}

std::string why_silent(Engine& engine, const IpAddress& to) {
  const Network& network = engine.stack().network();
  const auto hop = network.hop_to(to);
  if (!hop) return ", and there is no route to it any more";
  const EngineLink& link = engine.links()[hop->interface.index];
  if (link.device->state() != LinkState::kUp) {
    return fmt::format(", and the link {} that leads there is not up: {}", link.name,
                       to_string(link.device->state()));
  }
  if (!network.neighbour_missing(to)) return {};
  return fmt::format(", nor does anybody answer {} on the way: is the address right?",
                     to.is_v4() ? "ARP" : "neighbour solicitations");
}

std::string what_icmp_said(const ConnectionInfo& info) {
  if (!info.last_icmp) return {};
  return fmt::format(": {} says {} (ICMP type {}, code {})", to_string(info.last_icmp->from),
                     to_string(info.last_icmp->kind), info.last_icmp->type, info.last_icmp->code);
}

NotOpened why_not_opened(Engine& engine, const Event& event) {
  ConnectionInfo info;
  std::string remote = "the peer";
  std::string silent;
  std::string told;
  if (engine.stack().info(event.connection, info)) {
    remote = to_string(info.remote());
    silent = why_silent(engine, info.tuple.remote);
    told = what_icmp_said(info);
  }
  switch (event.reason) {
    case CloseReason::kRefused:
      return {protocol::Code::kConnectionRefused, fmt::format("{} refused the connection", remote)};
    case CloseReason::kTimedOut:
      return {protocol::Code::kTimedOut,
              fmt::format("{} did not answer in time{}{}", remote, silent, told)};
    default:
      return {protocol::Code::kFailed,
              fmt::format("cannot open {}: {}{}", remote, to_string(event.reason), told)};
  }
}

}  // namespace conker::daemon
