// The verbs that start and end services.
#pragma once

#include "daemon/control/call.hpp"
#include "daemon/engine.hpp"
#include "daemon/services/services.hpp"
#include "daemon/services/udp_services.hpp"

namespace conker::daemon {

class Listeners {
 public:
  Listeners(Engine& engine, Services& services, UdpServices& udp_services, Verbs& verbs);

 private:
  void listen(Call call);
  void unlisten(Call call);

  Engine& engine_;
  Services& services_;
  UdpServices& udp_services_;
};

}  // namespace conker::daemon
