// The engine: one stack, its links, and the loop that gives it its turns. Everything in the daemon
// that speaks TCP hangs on it.
#pragma once

#include <ev.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "daemon/links/device.hpp"
#include "daemon/links/interface_monitor.hpp"
#include "daemon/mapping.hpp"
#include "stack/host/host.hpp"
#include "stack/link/fault.hpp"
#include "stack/link/observed.hpp"
#include "stack/net/ipv4_reassembly.hpp"
#include "stack/stack.hpp"
#include "stack/tcp/cubic.hpp"
#include "stack/tcp/sack_recovery.hpp"
#include "stack/udp/udp.hpp"

namespace conker::daemon {

/// From the system, for one object of the stack.
Entropy draw_entropy();

/// A link with its decorators, from the device up: device <- fault <- observed <- stack.
struct EngineLink {
  std::string name;                // from the configuration
  std::unique_ptr<Device> device;  // TAP, packet socket or unix stream
  Mapping fault_storage;           // frames that the fault link holds back
  std::unique_ptr<FaultLink> fault;
  std::unique_ptr<ObservedLink> observed;  // what the stack has of the link
  InterfaceId interface;
};

class Engine {
 public:
  /// Opens every link and builds the stack. Throws std::runtime_error with one line that says what
  /// to do.
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

  /// Monotonic time as the stack knows it, read now. Calls outside of a turn go to the stack only
  /// between enter() and the turn that follows.
  Instant clock() const;
  /// Microseconds from 1970 at Instant 0, for captures and for people.
  std::int64_t epoch_us() const;

  /// Before calling the stack from a callback of the loop: tells it the time and makes sure that a
  /// turn follows before the loop sleeps.
  void enter();

  /// From here on the client is served in every turn. Throws std::runtime_error when there are too
  /// many.
  void add(Client& client);
  /// Who has this id, for people; "nobody" when it has left.
  const char* name_of(ClientId client) const;

 private:
  static constexpr std::size_t kClients = 64, kBatch = 32;
  struct Watchers;
  /// Tells the log what becomes of addresses.
  class AddressLog final : public Client {
   public:
    explicit AddressLog(const Engine& engine) : engine_(engine) {}
    void on_address(const AddressEvent& event) override;

   private:
    const Engine& engine_;
  };

  void open_links();
  void build_stack();
  void add_interfaces();
  void add_routes();
  /// Null where the configuration wants none.
  Reassembler* make_reassembler();
  void want_turn();
  void turn();
  void look_at_links();
  bool tell_links_up();

  struct ev_loop* loop_;
  config::Config config_;
  Mapping storage_;
  Cubic cubic_;
  SackRecovery recovery_;
  InterfaceMonitor interfaces_;  // before the links: no change may be missed
  std::vector<EngineLink> links_;
  std::unique_ptr<SynCookies> cookies_;
  std::vector<Ipv4Reassembly::Datagram> fragmented_;  // packets that are being put together
  std::vector<std::byte> whole_;                      // and one that has been
  std::optional<Ipv4Reassembly> reassembly_;
  std::unique_ptr<Stack> stack_;
  Mapping udp_storage_;
  std::unique_ptr<Udp> udp_;
  std::array<Client*, kClients> clients_{};
  std::array<FrameIn, kBatch> batch_;
  std::optional<Host> host_;
  AddressLog address_log_{*this};
  bool in_turn_ = false;
  bool turn_wanted_ = false;
  std::unique_ptr<Watchers> watchers_;  // last: they point into the rest
};

}  // namespace conker::daemon
