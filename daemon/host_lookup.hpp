// Host lookup: the DNS resolver and its servers. Names are asked for in both families side by side
// where this host has addresses of both (RFC 8305, 3).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/engine.hpp"
#include "stack/dns/resolver.hpp"

namespace conker::daemon {

class HostLookup final : public Client {
 public:
  using Then = std::function<void(const DnsAnswer&)>;

  /// The engine must outlive it. The resolver asks configured servers before leased ones.
  explicit HostLookup(Engine& engine);

  /// Calls `then` once with the answer, in step 3 of a turn. kInvalidArgument: not a name;
  /// kTableFull. Outside of a turn: after Engine::enter().
  Error find(const std::string& name, Then then);
  /// Drops all waiting callbacks.
  void forget() { waiting_.clear(); }
  /// Replaces the servers from the lease of an interface; empty when the lease has ended.
  void set_leased(InterfaceId interface, std::span<const IpAddress> servers);
  /// Tells the resolver the servers of the configuration, which has changed, and of the leases.
  void tell_servers();
  std::span<const IpAddress> servers() const { return resolver_->servers(); }

 private:
  void on_event(const Event& event) override { resolver_->on_event(event); }
  void on_datagrams(const UdpEvent& event) override { resolver_->on_event(event); }
  Instant step() override;
  const char* name() const override { return "resolver"; }

  /// A name that is asked for.
  struct Lookup {
    Then then;
    std::optional<DnsAnswer> v4, v6;
    bool both = false;          // IPv6, too
    Instant deadline = kNever;  // when what is there is told

    bool complete() const { return v4 && (v6 || !both); }
  };

  bool has_ipv6() const;
  void take(const DnsAnswer& answer);
  void tell(std::uint32_t number);

  Engine& engine_;
  Mapping storage_;
  std::optional<Resolver> resolver_;
  std::vector<std::vector<IpAddress>> leased_;         // by interface
  std::unordered_map<std::uint32_t, Lookup> waiting_;  // by the token of its queries
  std::uint32_t next_token_ = 0;
};

}  // namespace conker::daemon
