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
#include "stack/stack.hpp"
#include "stack/strike/strike.hpp"

namespace conker::app {

class Device {
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
  enum class Owner : std::uint8_t { kEcho = 1, kAcceptClose, kStrike };
  static constexpr unsigned kOwnerShift = 24;
  static constexpr std::uint32_t cookie_of(Owner owner) {
    return std::uint32_t(owner) << kOwnerShift;
  }

  void listen(Owner owner, Port port);
  void begin_strike();
  void dispatch();
  void accept_all(const Event& event, Owner owner);
  void serve(ConnectionId id, Owner owner);
  Instant step_strike();
  Instant report_audit();
  void sleep_until(Instant deadline);

  chip::Ethernet& ethernet_;
  Stack& stack_;
  Console& console_;
  InterfaceId interface_;
  Command command_;
  std::array<Strike::Slot, kStrikeSlots> slots_{};
  Strike strike_;
  bool striking_ = false;
  std::optional<chip::Exit> exit_code_;  // when the command is done, if the machine is to end then
  std::uint64_t opened_reported_ = 0;    // connections opened when the audit was printed last
  Instant next_audit_{};
};

}  // namespace conker::app
