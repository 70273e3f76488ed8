// The small services over UDP: echo and discard, each on any port.
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

  /// On every address. kInvalidArgument for a service that has no form over UDP here; otherwise as
  /// Udp::bind(). Outside of a turn: after Engine::enter().
  Error start(config::ServiceKind kind, Port port);
  /// kNoSuchId when no service is on that port.
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
