// Relays the bytes of a connection between the daemon's descriptor and the standard streams.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "ctl/client.hpp"

namespace conker::ctl {

struct RelayWay {
  bool from_stdin = false;
  bool to_stdout = false;
  std::string text;  // sent before standard input
};

/// Relays until the call `id`, a relay under way, is answered and all bytes are written. Returns
/// its result. The connection's descriptor comes with a notification. A Failure when the connection
/// or a stream fails.
json relay(Client& client, int id, RelayWay way);

}  // namespace conker::ctl
