// The image: capacities, settings, and run(), which start-up calls: the endless loop of turns.
#include <array>
#include <cstddef>
#include <new>
#include <span>

#include "firmware/app/command.hpp"
#include "firmware/app/crash.hpp"
#include "firmware/app/device.hpp"
#include "firmware/app/text.hpp"
#include "firmware/chip/clock.hpp"
#include "firmware/chip/ethernet.hpp"
#include "firmware/chip/panic.hpp"
#include "firmware/chip/semihosting.hpp"
#include "stack/ip4/ipv4.hpp"
#include "stack/stack.hpp"

namespace conker::app {
namespace {

constexpr Capacities kCapacities{
    .connections = 20,
    .compact = 0,
    .half_open = 16,
    .time_wait = 40,
    .listeners = 2,
    .neighbours = 8,
    .addresses = 1,
    .interfaces = 1,
    .chunks = 36,
    .chunk_bytes = 512,
    .pieces = 5,
    .transitions = 0,
    .destinations = 2,
    .echo_replies = 0,
    .routes = 1,
};

constexpr Settings make_settings() {
  Settings settings;
  // Four full segments each way, so that one fast connection leaves chunks for the others.
  settings.send_buffer = 4 * 1460;
  settings.receive_buffer = 4 * 1460;
  return settings;
}

constexpr std::size_t kTableBytes = 38 * 1024;
constexpr std::size_t kReceiveRingBytes = 9 * 1024;

alignas(Arena::kAlignment) std::array<std::byte, kTableBytes> tables;
std::array<std::uint32_t, kReceiveRingBytes / 4> receive_ring;

/// Random numbers of the host, since the chip has no source. Panics without a host: initial
/// sequence numbers could be guessed (RFC 6528).
Entropy draw_entropy() {
  Entropy entropy;
  chip::require(chip::semihosting::read_file("/dev/urandom",
                                             std::as_writable_bytes(std::span(entropy.words))),
                "no random bits from the host");
  return entropy;
}

Command read_command(Console& console) {
  std::array<char, 512> line;
  std::array<char, 160> buffer;
  Command command;
  // The first word is the program's name.
  std::string_view words = chip::semihosting::command_line(line);
  words.remove_prefix(std::min(words.find(' '), words.size()));
  std::string_view complaint;
  if (!parse_command(words, command, buffer, complaint)) {
    console << complaint << "\n";
    chip::exit(chip::kExitUsage);
  }
  return command;
}

[[noreturn]] void serve() {
  static Console console;
  static Stack stack(tables, kCapacities, make_settings(), draw_entropy());
  static Ipv4 ipv4(stack.parts(), draw_entropy());
  console << "conker " CONKER_VERSION " on LM3S6965, tables "
          << static_cast<std::uint32_t>(stack.storage_used()) << " of "
          << static_cast<std::uint32_t>(tables.size()) << " bytes\n";
  chip::require(stack.storage_used() <= tables.size(), "the tables do not fit");
  static chip::Ethernet ethernet(receive_ring);
  // Placement new, since the destructor of a static object is registered in newlib's list for exit,
  // which takes a kilobyte.
  alignas(Device) static std::array<std::byte, sizeof(Device)> place;
  Device& device = *new (place.data()) Device(ethernet, stack, console);

  const Command command = read_command(console);
  if (command.verb == Verb::kCrash) crash(command.crash);
  MacAddress mac = command.mac.value_or(chip::Ethernet::burnt_in());
  if (mac == MacAddress()) mac = MacAddress{{0x02, 0, 0, 0, 0, 0x42}};
  ethernet.start(mac);
  device.start(command, mac);
  for (;;) device.turn();
}

}  // namespace
}  // namespace conker::app

[[noreturn]] void run() {
  conker::app::serve();
}
