#include "daemon/control/passive.hpp"

#include <fmt/format.h>

#include <optional>

#include "daemon/text.hpp"
#include "stack/tcp/tcp.hpp"

namespace conker::daemon {

Endpoint own_endpoint(Engine& engine, const Endpoint& asked) {
  const Network& network = engine.stack().network();
  if (!asked.address.is_unspecified()) return asked;
  // The first address that its peers can reach; of a link that has none but its link-local one,
  // that one.
  std::optional<IpAddress> link_local;
  for (std::uint32_t i = 0; i < network.address_count(); ++i) {
    const Address& own = network.address_record(i);
    if (!own.in_use()) continue;
    if (!own.address.is_link_local()) return {own.address, asked.port};
    if (!link_local) link_local = own.address;
  }
  return {link_local.value_or(asked.address), asked.port};
}

std::string why_no_reception(Engine& engine, const Endpoint& ours) {
  if (ours.address.is_unspecified())
    return "the stack has no address yet: status shows its addresses";
  if (!interface_of(engine.stack().network(), ours.address))
    return "that is no address of this stack: give one that status shows, or the port alone";
  bool taken = false;
  engine.stack().tcp().for_each_listener(
      [&](const ListenerInfo& listener) { taken = taken || listener.local.port == ours.port; });
  return taken ? "a service listens on that port: unlisten it first" : "";
}

std::optional<InterfaceId> interface_of(const Network& network, const IpAddress& ours) {
  for (std::uint32_t i = 0; i < network.address_count(); ++i)
    if (network.address(i) == ours) return network.address_record(i).interface;
  return std::nullopt;
}

std::string nobody_came(std::uint64_t turned_away) {
  if (turned_away == 0) return "nobody came: no connection was opened to us";
  return fmt::format(
      "nobody came that strike.allow of the configuration names: {} connections of others were "
      "reset",
      turned_away);
}

}  // namespace conker::daemon
