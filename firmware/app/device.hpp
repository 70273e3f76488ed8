// The application of the image: the stack on the Ethernet controller, two services, and the strike.
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
#include "stack/verdict/signs.hpp"

namespace conker::app {

/// A TCP service: calls `serve` for every event of its connections.
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

/// The loop of turns. It is itself the client of the strike, and sees its cycles.
class Device final : private Client, private Strike::Observer {
 public:
  static constexpr Port kEchoPort{7}, kAcceptClosePort{9000};
  static constexpr std::uint32_t kStrikeSlots = 16;

  /// The arguments must outlive it.
  Device(chip::Ethernet& ethernet, Stack& stack, Console& console);

  /// Adds interface, address and gateway, listens, and starts the command. The controller must have
  /// been started.
  void start(const Command& command, const MacAddress& mac);
  /// Makes one turn of the stack, then sleeps until the next deadline or interrupt.
  void turn();

 private:
  ClientId join();
  void begin_strike();
  void on_event(const Event& event) override { strike_.on_event(event); }
  Instant step() override;
  void on_begin(WayToClose, std::uint32_t, std::uint32_t, Instant) override {}
  void on_connected(ConnectionId id, Duration, std::optional<Duration>, Instant) override;
  void on_missed(const Pace&, Instant) override {}
  void on_end(const Strike::Ended&) override {}
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
  verdict::Signs signs_;
  bool striking_ = false;
  std::optional<chip::Exit> exit_code_;  // of the completed command, with exit=yes
  std::uint64_t opened_reported_ = 0;    // connections opened at the last audit printed
  Instant next_audit_{};
};

}  // namespace conker::app
