// conker_device: a peer on raw frames that breaks one rule of TCP at a time.
#include <arpa/inet.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <utility>

#include "protocol/standard_streams.hpp"
#include "tests/e2e/peers/device.hpp"
#include "tests/e2e/peers/packet_socket.hpp"

namespace {

using conker::device::Device;
using conker::device::Fault;

struct Arguments {
  bool list = false;
  std::string interface, address, mac = "02:00:00:00:77:09", fault;
  Device::Options device;
};

/// The table of faults as JSON, a line for each.
void print_faults() {
  const char* separator = "[";
  for (const Fault& fault : conker::device::faults()) {
    const char* rule = fault.rule ? conker::verdict::info_of(*fault.rule).name : "";
    std::printf(
        "%s{\"name\": \"%s\", \"text\": \"%s\", \"rule\": \"%s\", \"failure\": \"%s\", "
        "\"close\": \"%s\", \"expect\": \"%s\", \"probed\": %s}",
        separator, fault.name, fault.text, rule, fault.failure == nullptr ? "" : fault.failure,
        fault.close, fault.expect, fault.probed ? "true" : "false");
    separator = ",\n ";
  }
  std::puts("]");
}

conker::Instant now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return conker::Instant(std::chrono::duration_cast<conker::Duration>(since));
}

void serve(const Arguments& arguments) {
  constexpr auto kLongestSleep = std::chrono::milliseconds(20);
  const conker::peer::StopSignal stop;
  conker::device::PacketSocket socket(arguments.interface);
  Device device(arguments.device);
  const auto out = std::make_unique<conker::device::Outbox>();
  conker::peer::announce(conker::peer::endpoint(arguments.address, arguments.device.port));
  // How long it did not run, which whoever judges its answers must know.
  conker::Duration longest_gap{0};
  for (conker::Instant at = now(); !stop.stopped();) {
    const auto frames = socket.receive();
    const conker::Instant before = std::exchange(at, now());
    longest_gap = std::max(longest_gap, at - before);
    for (const auto frame : frames) {
      device.on_frame(frame, at, *out);
      if (out->size() > conker::device::Outbox::kFrames / 2) socket.send(*out);
    }
    device.on_time(at, *out);
    if (out->size() != 0) socket.send(*out);
    if (!frames.empty()) continue;
    const conker::Instant next = std::min(device.next_deadline(), at + kLongestSleep);
    socket.wait(stop, next - at);
  }
  std::printf("{\"connections\": %llu, \"broken\": %llu, \"longest_gap_ms\": %lld}\n",
              static_cast<unsigned long long>(device.connections()),
              static_cast<unsigned long long>(device.broken()),
              static_cast<long long>(longest_gap / std::chrono::milliseconds(1)));
}

void run(Arguments& arguments) {
  if (arguments.list) return print_faults();
  if (arguments.interface.empty() || arguments.address.empty())
    throw std::invalid_argument("--interface and --address are needed");
  const auto mac = conker::MacAddress::parse(arguments.mac);
  if (!mac) throw std::invalid_argument(arguments.mac + ": not a link address");
  const sockaddr_in address = conker::peer::endpoint(arguments.address, arguments.device.port);
  arguments.device.self = {*mac, ntohl(address.sin_addr.s_addr)};
  if (!arguments.fault.empty()) {
    arguments.device.fault = conker::device::fault_named(arguments.fault);
    if (arguments.device.fault == nullptr)
      throw std::invalid_argument(arguments.fault + ": no such fault; --list names them");
  }
  serve(arguments);
}

}  // namespace

int main(int argc, char** argv) {
  conker::protocol::open_standard_streams();
  CLI::App app(
      "A TCP on raw frames that accepts, discards and closes when it is closed, and breaks one "
      "rule in every so many connections. Prints a line of JSON when it is ready and at its end.",
      "conker_device");
  Arguments a;
  app.add_flag("--list", a.list, "print the faults as JSON");
  app.add_option("--interface", a.interface, "the network interface whose frames are answered");
  app.add_option("--address", a.address, "an IPv4 address that nobody else has");
  app.add_option("--mac", a.mac, "a link address that nobody else has")->capture_default_str();
  app.add_option("--port", a.device.port, "the port that accepts")
      ->check(CLI::Range(1, 65534))
      ->capture_default_str();
  app.add_option("--fault", a.fault, "what is wrong with it; without: nothing");
  app.add_flag("--echo", a.device.echo, "echo what comes, as faults of an echo do anyway");
  app.add_flag("--closes", a.device.closes, "close first, as some faults need it anyway");
  app.add_option("--every", a.device.every, "once in so many connections")
      ->check(CLI::Range(1, 1'000'000'000))
      ->capture_default_str();
  app.add_option("--most", a.device.most, "connections at a time, beyond which SYNs are refused");
  app.add_option("--seed", a.device.seed, "of initial sequence numbers")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    run(a);
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "conker_device: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "conker_device: %s\n", error.what());
    return 1;
  }
  return 0;
}
