// The verbs that start and stop services: listen, unlisten.
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
  void listen(CallOf<protocol::Listen> call);
  void unlisten(CallOf<protocol::Unlisten> call);

  Engine& engine_;
  Services& services_;
  UdpServices& udp_services_;
};

}  // namespace conker::daemon
