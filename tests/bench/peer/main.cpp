// conker_peer: the kernel's TCP as the other side of a test, one subcommand for each role.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "protocol/standard_streams.hpp"
#include "tests/bench/peer/commands.hpp"
#include "tests/bench/peer/flood.hpp"
#include "tests/bench/peer/socket.hpp"

namespace {

using conker::peer::endpoint;

struct Arguments {
  std::string address;
  std::uint16_t port = 0;
  std::uint64_t bytes = 100'000'000;
  std::uint64_t seed = 1;
  std::vector<std::string> from;
  std::string close = "fin";
  conker::peer::StrikeOptions strike;
  std::string direction;
  conker::peer::StreamsOptions streams;
  double seconds = 5;
  conker::peer::IdleOptions idle;
  std::string to_mac, tuple_address;
  std::uint16_t tuple_port = 0;
  conker::peer::FloodOptions flood;
};

CLI::App* with_address(CLI::App* command, Arguments& arguments) {
  command->add_option("ADDR", arguments.address, "IPv4 address")->required();
  command->add_option("PORT", arguments.port, "TCP port")->required();
  return command;
}

CLI::App* with_stream(CLI::App* command, Arguments& arguments) {
  command->add_option("--bytes", arguments.bytes, "how many bytes")->capture_default_str();
  command->add_option("--seed", arguments.seed, "the same seed gives the same bytes")
      ->capture_default_str();
  return command;
}

void add_listeners(CLI::App& app, Arguments& a) {
  using Command = void (*)(const sockaddr_in&);
  const auto add = [&](const char* name, const char* help, Command command) {
    with_address(app.add_subcommand(name, help), a)->callback([&a, command] {
      command(endpoint(a.address, a.port));
    });
  };
  add("accept-close", "accept and close as fast as possible", conker::peer::accept_close);
  add("echo", "give every byte back", conker::peer::echo);
  add("hold", "accept and keep every connection", conker::peer::hold);
  add("sink", "read one connection to its end; print bytes and hash", conker::peer::sink);
}

void add_streams(CLI::App& app, Arguments& a) {
  with_stream(
      with_address(app.add_subcommand("source", "send a stream to the first that connects"), a), a)
      ->callback([&a] { conker::peer::source(endpoint(a.address, a.port), a.bytes, a.seed); });
  with_stream(app.add_subcommand("generate", "a stream to standard output"), a)->callback([&a] {
    conker::peer::generate(a.bytes, a.seed);
  });
  app.add_subcommand("hash", "bytes and hash of standard input")->callback([] {
    conker::peer::hash_input();
  });
}

void add_strike(CLI::App& app, Arguments& a) {
  CLI::App* command =
      with_address(app.add_subcommand("strike", "open and close connections in a loop"), a);
  auto* cycles = command->add_option("--cycles", a.strike.cycles, "how many");
  auto* duration =
      command->add_option("--duration", a.strike.duration_s, "or for how many seconds");
  cycles->excludes(duration);
  command
      ->add_option("--concurrency", a.strike.concurrency, "how many at once; 1 blocks in connect()")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_option("--close", a.close, "how to close")
      ->check(CLI::IsMember({"fin", "rst"}))
      ->capture_default_str();
  command->add_option("--from", a.from, "source addresses, used in turn")->delimiter(',');
  command->callback([&a, cycles, duration] {
    if (cycles->empty() && duration->empty()) throw CLI::RequiredError("--cycles or --duration");
    a.strike.target = endpoint(a.address, a.port);
    for (const std::string& from : a.from) a.strike.sources.push_back(endpoint(from, 0));
    a.strike.reset = a.close == "rst";
    conker::peer::strike(a.strike);
  });
}

void with_seconds(CLI::App* command, double& seconds) {
  command->add_option("--seconds", seconds, "for how long")
      ->check(CLI::Range(0.1, 86400.0))
      ->capture_default_str();
}

void add_measurements(CLI::App& app, Arguments& a) {
  CLI::App* streams = app.add_subcommand("streams", "bulk over connections of our own, timed");
  streams->add_option("DIRECTION", a.direction, "send or receive")
      ->required()
      ->check(CLI::IsMember({"send", "receive"}));
  with_seconds(with_address(streams, a), a.streams.seconds);
  streams->add_option("--connections", a.streams.connections, "how many at once")
      ->check(CLI::Range(1, 60'000))
      ->capture_default_str();
  streams->callback([&a] {
    a.streams.target = endpoint(a.address, a.port);
    a.streams.send = a.direction == "send";
    conker::peer::streams(a.streams);
  });

  CLI::App* trips =
      with_address(app.add_subcommand("rr", "one byte there and one back, from whoever echoes"), a);
  with_seconds(trips, a.seconds);
  trips->callback([&a] { conker::peer::round_trips(endpoint(a.address, a.port), a.seconds); });

  CLI::App* idle =
      with_address(app.add_subcommand("idle", "open connections and keep them until SIGTERM"), a);
  idle->add_option("--connections", a.idle.connections, "how many")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  idle->add_option("--from", a.from, "source addresses, used in turn")->delimiter(',');
  idle->callback([&a] {
    a.idle.target = endpoint(a.address, a.port);
    for (const std::string& from : a.from) a.idle.sources.push_back(endpoint(from, 0));
    conker::peer::idle(a.idle);
  });
}

void add_flood(CLI::App& app, Arguments& a) {
  CLI::App* command =
      with_address(app.add_subcommand("flood", "segments that no TCP would send"), a);
  command->add_option("KIND", a.flood.kind, "syn, fin, rst or xmas")
      ->required()
      ->check(CLI::IsMember({"syn", "fin", "rst", "xmas"}));
  command->add_option("--device", a.flood.device, "the device they leave by")->required();
  command->add_option("--to-mac", a.to_mac, "the target's link address")->required();
  command->add_option("--tuple-address", a.tuple_address, "the other end of an open connection")
      ->required();
  command->add_option("--tuple-port", a.tuple_port, "and its port")->required();
  command->add_option("--count", a.flood.count, "how many")->capture_default_str();
  command->add_option("--rate", a.flood.rate, "how many a second, at most")
      ->check(CLI::Range(1, 100'000'000))
      ->capture_default_str();
  command->add_option("--seed", a.flood.seed, "the same seed gives the same segments")
      ->capture_default_str();
  command->callback([&a] {
    a.flood.target = endpoint(a.address, a.port);
    a.flood.tuple = endpoint(a.tuple_address, a.tuple_port);
    a.flood.to_mac = conker::peer::mac(a.to_mac);
    conker::peer::flood(a.flood);
  });
}

}  // namespace

int main(int argc, char** argv) {
  conker::protocol::open_standard_streams();
  CLI::App app("The kernel's TCP as the other side of a test; ends with one line of JSON.",
               "conker_peer");
  app.require_subcommand(1);
  Arguments arguments;
  add_listeners(app, arguments);
  add_streams(app, arguments);
  add_strike(app, arguments);
  add_measurements(app, arguments);
  add_flood(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "conker_peer: %s\n", error.what());
    return 1;
  }
  return 0;
}
