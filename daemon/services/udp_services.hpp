// UDP services: echo (RFC 862) and discard (RFC 863), each on any port.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "config/config.hpp"
#include "daemon/engine.hpp"

namespace conker::daemon {

class UdpServices final : public Client {
 public:
  struct Entry {
    config::ServiceKind kind;
    Port port;
    UdpId socket;
    std::uint64_t datagrams = 0;
  };

  /// The engine must outlive it.
  explicit UdpServices(Engine& engine);

  /// Binds a port of every address. kInvalidArgument for a service without a UDP form; otherwise
  /// errors of Udp::bind(). Outside of a turn: after Engine::enter().
  Error start(config::ServiceKind kind, Port port);
  /// Closes the socket. kNoSuchId when the port has no service.
  Error stop(Port port);
  const std::vector<Entry>& list() const { return entries_; }

 private:
  void on_datagrams(const UdpEvent& event) override;
  const char* name() const override { return "service"; }

  Engine& engine_;
  std::vector<Entry> entries_;
  std::array<std::byte, 65536> scratch_{};
};

}  // namespace conker::daemon
