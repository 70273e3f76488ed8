// The engine: one stack, its links, and the event loop that calls its turns. All clients of the
// stack in the daemon use it.
#pragma once

#include <ev.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "daemon/events.hpp"
#include "daemon/links/device.hpp"
#include "daemon/links/interface_monitor.hpp"
#include "daemon/mapping.hpp"
#include "stack/host/host.hpp"
#include "stack/ip4/ipv4.hpp"
#include "stack/ip6/ipv6.hpp"
#include "stack/link/fault.hpp"
#include "stack/link/observed.hpp"
#include "stack/net/reassembly.hpp"
#include "stack/stack.hpp"
#include "stack/tcp/cubic.hpp"
#include "stack/tcp/sack_recovery.hpp"
#include "stack/tcp/syn_cookies.hpp"
#include "stack/udp/udp.hpp"

namespace conker::daemon {

/// Random numbers of the system (getrandom), for one object of the stack. Throws
/// std::runtime_error.
Entropy draw_entropy();

/// A link with its decorators, from the device up: device <- fault <- observed <- stack.
struct EngineLink {
  std::string name;                // from the configuration
  std::unique_ptr<Device> device;  // TAP, packet socket or unix stream
  Mapping fault_storage;           // frames that the fault link holds back
  std::unique_ptr<FaultLink> fault;
  std::unique_ptr<ObservedLink> observed;  // the link that the stack sees
  InterfaceId interface;
  LinkState told = LinkState::kUp;  // the last state that events have told of
};

/// Why keys for addresses of IPv6 that a host gives itself are refused.
inline constexpr const char* kNoAutoconf =
    "conkerd does not take addresses of IPv6 from routers or servers yet: give it addresses";

class Engine {
 public:
  /// Opens every link and builds the stack. Throws std::runtime_error: one line, with advice.
  Engine(struct ev_loop* loop, const config::Config& config);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  Stack& stack() { return *stack_; }
  Udp& udp() { return *udp_; }
  struct ev_loop* loop() {
    return loop_;
  }
  std::vector<EngineLink>& links() { return links_; }
  const config::Config& config() const { return config_; }
  /// What happens, for those who have subscribed.
  Events& events() { return events_; }
  /// Takes over a configuration that differs from the present one in nothing that tables, links or
  /// addresses were made of (config::compare).
  void reconfigure(const config::Config& config);

  /// Monotonic time in the stack's type, read now.
  Instant clock() const;
  /// Unix time at Instant 0, in microseconds, for captures.
  std::int64_t epoch_us() const;

  /// Tells the stack the time, and makes a turn follow before the loop sleeps. Outside of a
  /// turn the stack is called only after it.
  void enter();

  /// Serves the client in every turn from now on. Throws std::runtime_error beyond kClients.
  void add(Client& client);
  /// The client's name; "nobody" for an id without a client.
  const char* name_of(ClientId client) const;

 private:
  static constexpr std::size_t kClients = 64, kBatch = 32;
  struct Watchers;
  /// Logs and tells the results of address conflict detection.
  class AddressLog final : public Client {
   public:
    explicit AddressLog(Engine& engine) : engine_(engine) {}
    void on_address(const AddressEvent& event) override;

   private:
    Engine& engine_;
  };

  void open_links();
  void set_faults(EngineLink& link, const config::Link& configured);
  void build_stack();
  void add_interfaces();
  void add_routes();
  /// Null when the configuration has no reassembly.
  Reassembler* make_reassembler();
  void want_turn();
  void turn();
  void look_at_links();
  bool tell_links_up();
  void tell_event(EngineLink& link);

  struct ev_loop* loop_;
  config::Config config_;
  Events events_;
  Mapping storage_;
  Cubic cubic_;
  SackRecovery recovery_;
  InterfaceMonitor interfaces_;  // before the links, so that no change is missed
  std::vector<EngineLink> links_;
  std::unique_ptr<SynCookies> cookies_;
  std::vector<Reassembly::Datagram> fragmented_;  // datagrams in reassembly
  std::vector<std::byte> whole_;                  // one complete datagram
  std::optional<Reassembly> reassembly_;
  std::unique_ptr<Stack> stack_;
  std::unique_ptr<Ipv4> ipv4_;
  std::unique_ptr<Ipv6> ipv6_;
  Mapping udp_storage_;
  std::unique_ptr<Udp> udp_;
  std::array<Client*, kClients> clients_{};
  std::array<FrameIn, kBatch> batch_;
  std::optional<Host> host_;
  AddressLog address_log_{*this};
  bool in_turn_ = false;
  bool turn_wanted_ = false;
  std::unique_ptr<Watchers> watchers_;  // last: they refer to the other members
};

}  // namespace conker::daemon
