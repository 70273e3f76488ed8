// conker_lwip: lwIP on a TAP device, measured beside conker.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <stdexcept>

#include "protocol/standard_streams.hpp"
#include "tests/bench/lwip/commands.hpp"
#include "tests/bench/text.hpp"

namespace {

struct Arguments {
  std::string device, address, to, close = "reset";
  std::uint16_t port = 0;
  conker::lwip::StrikeOptions strike;
  conker::lwip::BulkOptions bulk;
};

CLI::App* with_device(CLI::App* command, Arguments& a, double& seconds) {
  command->add_option("--device", a.device, "a TAP device that stands already")->required();
  command->add_option("--address", a.address, "our address, in a network of 24 bits")->required();
  command->add_option("--seconds", seconds, "how long")
      ->required()
      ->check(CLI::Range(0.001, 86400.0));
  return command;
}

void add_strike(CLI::App& app, Arguments& a) {
  CLI::App* command =
      with_device(app.add_subcommand("strike", "open and close connections"), a, a.strike.seconds);
  command->add_option("--to", a.to, "ADDRESS:PORT of a listener")->required();
  command->add_option("--flight", a.strike.flight, "how many at once")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_option("--close", a.close, "how to close")
      ->check(CLI::IsMember({"fin", "reset"}))
      ->capture_default_str();
  command->callback([&a] {
    a.strike.to = conker::bench::target(a.to);
    a.strike.reset = a.close == "reset";
    conker::lwip::start(a.device, a.address);
    conker::lwip::strike(a.strike);
  });
}

CLI::App* add_bulk(CLI::App& app, Arguments& a, const char* name, const char* help,
                   void (*run)(const conker::lwip::BulkOptions&)) {
  CLI::App* command = with_device(app.add_subcommand(name, help), a, a.bulk.seconds);
  command->add_option("--port", a.port, "our port")->required()->check(CLI::Range(1, 65535));
  command->callback([&a, run] {
    a.bulk.local = conker::peer::endpoint(a.address, a.port);
    conker::lwip::start(a.device, a.address);
    run(a.bulk);
  });
  return command;
}

}  // namespace

int main(int argc, char** argv) {
  conker::protocol::open_standard_streams();
  CLI::App app("lwIP on a TAP device; ends with one line of JSON.", "conker_lwip");
  app.require_subcommand(1);
  Arguments arguments;
  add_strike(app, arguments);
  add_bulk(app, arguments, "sink", "accept connections and throw away what they send",
           conker::lwip::sink);
  add_bulk(app, arguments, "source", "accept connections and send to them", conker::lwip::source);
  add_bulk(app, arguments, "serve",
           "accept connections until the time is over; whoever closes is "
           "closed, too",
           conker::lwip::serve)
      ->add_flag("--closes", arguments.bulk.closes, "close first");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "conker_lwip: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "conker_lwip: %s\n", error.what());
    return 1;
  }
  return 0;
}
