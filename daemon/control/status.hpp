// The verbs about the daemon as a whole: version, schema, status, stats, log.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "daemon/control/call.hpp"
#include "daemon/dhcp_clients.hpp"
#include "daemon/engine.hpp"
#include "daemon/host_lookup.hpp"
#include "daemon/services/services.hpp"
#include "daemon/services/udp_services.hpp"

namespace conker::daemon {

class Captures;
class Strikes;

class Status {
 public:
  Status(Engine& engine, const Services& services, const UdpServices& udp_services,
         const HostLookup& host_lookup, const DhcpClients& dhcp_clients, const Sessions& sessions,
         const Strikes& strikes, const Captures& captures, Verbs& verbs);

  protocol::Status::Result status() const;
  protocol::Stats::Result stats() const;

  /// Asked for the counters of the HTTP server, where there is one.
  std::function<std::optional<protocol::HttpCounters>()> http_counters;

 private:
  std::vector<protocol::Status::Link> links() const;
  void configured(protocol::Status::Link& entry, const EngineLink& link) const;
  std::vector<protocol::Status::Route> routes() const;
  std::vector<protocol::Status::Doubt> doubtful_addresses() const;
  std::vector<protocol::Status::Table> tables(const Audit& audit) const;
  std::vector<protocol::Status::Listener> listeners() const;
  void set_log(CallOf<protocol::SetLog> call);

  Engine& engine_;
  const Services& services_;
  const UdpServices& udp_services_;
  const HostLookup& host_lookup_;
  const DhcpClients& dhcp_clients_;
  const Sessions& sessions_;
  const Strikes& strikes_;
  const Captures& captures_;
  Instant started_;
};

}  // namespace conker::daemon
