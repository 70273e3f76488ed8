// The DHCP clients, one for each link that is configured with dhcp.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "daemon/engine.hpp"
#include "daemon/host_lookup.hpp"
#include "protocol/status.hpp"
#include "stack/dhcp/client.hpp"

namespace conker::daemon {

class DhcpClients final : public Client {
 public:
  /// Starts every client. Engine and host lookup must outlive it.
  DhcpClients(Engine& engine, HostLookup& host_lookup);

  /// Releases the leases (DHCPRELEASE). True once every client has stopped; may be called again.
  bool stop();
  /// The state and lease of a link; nothing for a link without dhcp.
  std::optional<protocol::Lease> status(InterfaceId interface) const;
  /// The router (option 3) of the first lease that has one.
  std::optional<IpAddress> router() const;

 private:
  struct Entry {
    explicit Entry(const DhcpSettings& settings, Udp& udp) : dhcp(settings, udp, draw_entropy()) {}
    std::string link;
    DhcpClient dhcp;
  };

  void on_datagrams(const UdpEvent& event) override;
  void on_address(const AddressEvent& event) override;
  void on_link_up(InterfaceId interface) override;
  Instant step() override;
  const char* name() const override { return "dhcp"; }
  void tell(Entry& entry, const DhcpEvent& event);
  void reset_connections(const IpAddress& from);

  Engine& engine_;
  HostLookup& host_lookup_;
  std::vector<std::unique_ptr<Entry>> entries_;
};

}  // namespace conker::daemon
