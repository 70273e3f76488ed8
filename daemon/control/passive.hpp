// What a passive strike needs that an active one does not: an endpoint of our own, and who may come
// to it.
#pragma once

#include <cstdint>
#include <string>

#include "config/config.hpp"
#include "daemon/engine.hpp"
#include "stack/base/guests.hpp"

namespace conker::daemon {

/// Those that strike.allow of the configuration names.
class AllowedGuests final : public Guests {
 public:
  explicit AllowedGuests(const config::Strike& limits) : limits_(limits) {}
  bool admits(const IpAddress& peer) const override { return limits_.allows(peer); }

 private:
  const config::Strike& limits_;
};

/// Where peers are to come: 0.0.0.0 stands for the first of our addresses that is in use.
Endpoint own_endpoint(Engine& engine, const Endpoint& asked);
/// Why nobody can come there, in one line; empty where somebody can.
std::string why_no_reception(Engine& engine, const Endpoint& ours);
/// The interface that has the address; nothing where it is none of ours.
std::optional<InterfaceId> interface_of(const Network& network, const IpAddress& ours);
/// "nobody came", and why.
std::string nobody_came(std::uint64_t turned_away);

}  // namespace conker::daemon
