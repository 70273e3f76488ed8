// The verbs that tell about the daemon as a whole: version, schema, status, stats, log.
#pragma once

#include <nlohmann/json.hpp>

#include "daemon/control/call.hpp"
#include "daemon/engine.hpp"
#include "daemon/leases.hpp"
#include "daemon/names.hpp"
#include "daemon/services/services.hpp"
#include "daemon/services/udp_services.hpp"

namespace conker::daemon {

class Captures;
struct ControlCounters;
class Strikes;

class Status {
 public:
  Status(Engine& engine, const Services& services, const UdpServices& udp_services,
         const Names& names, const Leases& leases, const ControlCounters& control,
         const Strikes& strikes, const Captures& captures, Verbs& verbs);

 private:
  nlohmann::ordered_json status() const;
  nlohmann::ordered_json stats() const;
  nlohmann::ordered_json links(bool with_counters) const;
  nlohmann::ordered_json routes() const;
  nlohmann::ordered_json doubtful_addresses() const;
  nlohmann::ordered_json tables(const Books& books) const;
  nlohmann::ordered_json listeners() const;
  nlohmann::ordered_json control() const;
  void set_log(Call call);

  Engine& engine_;
  const Services& services_;
  const UdpServices& udp_services_;
  const Names& names_;
  const Leases& leases_;
  const ControlCounters& control_;
  const Strikes& strikes_;
  const Captures& captures_;
  Instant started_;
};

}  // namespace conker::daemon
