// The engine: one stack, its links, and the loop that gives it its turns. Everything in the daemon
// that speaks TCP hangs on it.
#pragma once

#include <ev.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "daemon/links/device.hpp"
#include "daemon/links/interface_monitor.hpp"
#include "daemon/mapping.hpp"
#include "stack/link/fault.hpp"
#include "stack/link/observed.hpp"
#include "stack/net/ipv4_reassembly.hpp"
#include "stack/stack.hpp"
#include "stack/tcp/cubic.hpp"
#include "stack/tcp/sack_recovery.hpp"
#include "stack/udp/udp.hpp"

namespace conker::daemon {

/// Who gets the events of a connection or listener: the upper 8 bits of its cookie say it.
enum class Owner : std::uint8_t {
  kNobody = 0,
  kService = 1,
  kControl = 2,
  kStrike = 3,
  kResolver = 4,
  kDhcp = 5
};

constexpr std::uint32_t make_cookie(Owner owner, std::uint32_t value) {
  return static_cast<std::uint32_t>(owner) << 24 | (value & 0xffffff);
}
constexpr Owner owner_of(std::uint32_t cookie) {
  return static_cast<Owner>(cookie >> 24);
}
constexpr std::uint32_t value_of(std::uint32_t cookie) {
  return cookie & 0xffffff;
}

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

  /// Events of connections with this owner. During a turn, in step 3; the handler may call anything
  /// of the stack.
  void on_events(Owner owner, std::function<void(const Event&)> handler);
  /// The same for sockets.
  void on_udp_events(Owner owner, std::function<void(const UdpEvent&)> handler);
  void on_address_event(std::function<void(const AddressEvent&)> handler);
  void on_echo_reply(std::function<void(const EchoReply&)> handler);
  /// The link of this interface has come up after it was down.
  void on_link_up(std::function<void(InterfaceId)> handler);
  /// Called in step 3 of every turn, after the events. It gives the time when it wants the next
  /// turn at the latest, or kNever.
  void on_turn(Owner owner, std::function<Instant()> handler);

 private:
  static constexpr std::size_t kOwners = 6;
  struct Watchers;

  void open_links();
  void build_stack();
  void add_interfaces();
  void add_routes();
  void add_reassembly();
  void want_turn();
  void turn();
  std::size_t receive(Instant now);
  void look_at_links();
  void tell_links_up();
  void dispatch();
  void log_addresses();
  Instant run_hooks();

  struct ev_loop* loop_;
  config::Config config_;
  Mapping storage_;
  Cubic cubic_;
  SackRecovery recovery_;
  InterfaceMonitor interfaces_;  // before the links: no change may be missed
  std::vector<EngineLink> links_;
  std::unique_ptr<SynCookies> cookies_;
  std::unique_ptr<Stack> stack_;
  Mapping udp_storage_;
  std::unique_ptr<Udp> udp_;
  std::vector<Ipv4Reassembly::Datagram> fragmented_;  // packets that are being put together
  std::vector<std::byte> whole_;                      // and one that has been
  std::optional<Ipv4Reassembly> reassembly_;
  std::array<std::function<void(const Event&)>, kOwners> event_handlers_;
  std::array<std::function<void(const UdpEvent&)>, kOwners> udp_handlers_;
  std::array<std::function<Instant()>, kOwners> turn_handlers_;
  std::function<void(const AddressEvent&)> address_handler_;
  std::function<void(const EchoReply&)> echo_handler_;
  std::function<void(InterfaceId)> link_up_handler_;
  bool in_turn_ = false;
  bool turn_wanted_ = false;
  std::unique_ptr<Watchers> watchers_;  // last: they point into the rest
};

}  // namespace conker::daemon
