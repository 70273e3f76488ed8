// Idle connections.
#include <sys/socket.h>

#include <cstdio>
#include <vector>

#include "tests/bench/peer/commands.hpp"
#include "tests/bench/peer/socket.hpp"

namespace conker::peer {

void idle(const IdleOptions& options) {
  allow_descriptors(options.connections);
  std::vector<Fd> open;
  open.reserve(options.connections);
  for (unsigned i = 0; i < options.connections; ++i) {
    Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) fail("socket");
    reset_on_close(fd.get());  // thousands of FIN handshakes would take their time
    if (!options.sources.empty())
      bind_address(fd.get(), options.sources[i % options.sources.size()]);
    const auto* to = reinterpret_cast<const sockaddr*>(&options.target);
    if (::connect(fd.get(), to, sizeof options.target) != 0) {
      fail("connection " + std::to_string(i + 1) + " of " + std::to_string(options.connections));
    }
    open.push_back(std::move(fd));
  }
  const StopSignal stop;  // only now: until then a signal ends the process
  std::printf("{\"open\": %zu}\n", open.size());
  std::fflush(stdout);
  static_cast<void>(stop.wait_readable(-1));
}

}  // namespace conker::peer
