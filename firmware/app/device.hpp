// The device under test and its opponent in one: the stack on the Ethernet controller, two
// services, and the strike.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "firmware/app/command.hpp"
#include "firmware/app/text.hpp"
#include "firmware/chip/ethernet.hpp"
#include "firmware/chip/panic.hpp"
#include "stack/host/host.hpp"
#include "stack/stack.hpp"
#include "stack/strike/strike.hpp"

namespace conker::app {

/// A service of the board: what it does with each of its connections, on any of their events.
class Service final : public Client {
 public:
  using Serve = void (*)(Stack&, ConnectionId);
  Service(Stack& stack, Serve serve) : stack_(stack), serve_(serve) {}

  void listen(Port port);
  void on_event(const Event& event) override;

 private:
  Stack& stack_;
  Serve serve_;
};

/// Itself the client that strikes.
class Device final : private Client {
 public:
  static constexpr Port kEchoPort{7}, kAcceptClosePort{9000};
  static constexpr std::uint32_t kStrikeSlots = 16;

  /// Everything must outlive it. The controller has been started.
  Device(chip::Ethernet& ethernet, Stack& stack, Console& console);

  /// Listens and begins the command.
  void start(const Command& command, const MacAddress& mac);
  /// One turn of the stack, then sleep until there is something to do.
  void turn();

 private:
  ClientId join();
  void begin_strike();
  void on_event(const Event& event) override { strike_.on_event(event); }
  Instant step() override;
  Instant report_audit();
  void sleep_until(Instant deadline);

  chip::Ethernet& ethernet_;
  Stack& stack_;
  Console& console_;
  Host host_;
  Service echo_, accept_close_;
  Command command_;
  std::array<Strike::Slot, kStrikeSlots> slots_{};
  Strike strike_;
  bool striking_ = false;
  std::optional<chip::Exit> exit_code_;  // when the command is done, if the machine is to end then
  std::uint64_t opened_reported_ = 0;    // connections opened when the audit was printed last
  Instant next_audit_{};
};

}  // namespace conker::app
