// The DHCP clients of the links whose address is a server's to give.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "daemon/engine.hpp"
#include "daemon/names.hpp"
#include "protocol/status.hpp"
#include "stack/dhcp/client.hpp"

namespace conker::daemon {

class Leases {
 public:
  /// Begins at once. Engine and names must outlive it.
  Leases(Engine& engine, Names& names);
  ~Leases();
  Leases(const Leases&) = delete;
  Leases& operator=(const Leases&) = delete;

  /// Gives the leases back; may be called again. True when that is done.
  bool stop();
  /// What a link has; nothing for a link with addresses of its own.
  std::optional<protocol::Lease> status(InterfaceId interface) const;
  /// The router of the first lease that has one.
  std::optional<IpAddress> router() const;

 private:
  struct Client {
    explicit Client(const DhcpSettings& settings, Udp& udp) : dhcp(settings, udp, draw_entropy()) {}
    std::string link;
    DhcpClient dhcp;
  };

  Instant on_turn();
  void tell(Client& client, const DhcpNews& news);
  void reset_connections(const IpAddress& from);

  Engine& engine_;
  Names& names_;
  std::vector<std::unique_ptr<Client>> clients_;
};

}  // namespace conker::daemon
