// conker_null: peers without a stack on a TAP device, to measure the limits of the link itself.
#include <arpa/inet.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <stdexcept>

#include "protocol/standard_streams.hpp"
#include "tests/bench/null/commands.hpp"
#include "tests/bench/text.hpp"

namespace {

using conker::MacAddress;

struct Arguments {
  std::string device, mac = "02:00:00:00:77:02";
  std::vector<std::string> from;
  std::string to, address;
  conker::null::StrikeOptions strike;
  conker::null::BulkOptions bulk;
};

std::uint32_t v4(const std::string& text) {
  return ntohl(conker::peer::endpoint(text, 0).sin_addr.s_addr);
}

MacAddress link_address(const std::string& text) {
  const auto mac = MacAddress::parse(text);
  if (!mac)
    throw std::invalid_argument(text + ": not a link address; write it as 02:00:00:00:77:02");
  return *mac;
}

CLI::App* with_device(CLI::App* command, Arguments& a, double& seconds) {
  command->add_option("--device", a.device, "a TAP device that stands already")->required();
  command->add_option("--mac", a.mac, "our link address")->capture_default_str();
  command->add_option("--seconds", seconds, "how long")
      ->required()
      ->check(CLI::Range(0.001, 86400.0));
  return command;
}

CLI::App* add_strike(CLI::App& app, Arguments& a, const char* name, const char* help,
                     void (*run)(const conker::null::StrikeOptions&)) {
  CLI::App* command = with_device(app.add_subcommand(name, help), a, a.strike.seconds);
  command->add_option("--from", a.from, "our addresses, used in turn")->required()->delimiter(',');
  command->add_option("--to", a.to, "ADDRESS:PORT of a listener that closes what it accepts")
      ->required();
  command->add_option("--flight", a.strike.flight, "how many at once")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->callback([&a, run] {
    a.strike.device = a.device;
    a.strike.mac = link_address(a.mac);
    for (const std::string& from : a.from) a.strike.from.push_back(v4(from));
    const sockaddr_in to = conker::bench::target(a.to);
    a.strike.to = ntohl(to.sin_addr.s_addr);
    a.strike.to_port = ntohs(to.sin_port);
    run(a.strike);
  });
  return command;
}

void add_bulk(CLI::App& app, Arguments& a, const char* name, const char* help,
              void (*run)(const conker::null::BulkOptions&)) {
  CLI::App* command = with_device(app.add_subcommand(name, help), a, a.bulk.seconds);
  command->add_option("--address", a.address, "our address")->required();
  command->add_option("--port", a.bulk.port, "our port")->required()->check(CLI::Range(1, 65535));
  command->add_flag("--offload", a.bulk.offload,
                    "frames of up to 64 KB, checksums left to the kernel");
  command->callback([&a, run] {
    a.bulk.device = a.device;
    a.bulk.mac = link_address(a.mac);
    a.bulk.address = v4(a.address);
    run(a.bulk);
  });
}

}  // namespace

int main(int argc, char** argv) {
  conker::protocol::open_standard_streams();
  CLI::App app("Peers without a stack on a TAP device; ends with one line of JSON.", "conker_null");
  app.require_subcommand(1);
  Arguments arguments;
  CLI::App* strike =
      add_strike(app, arguments, "strike", "open and close connections", conker::null::strike);
  strike->add_flag("--offload", arguments.strike.offload, "an offload header before each frame");
  add_strike(app, arguments, "loop", "the same frames, from the barest loop there is",
             conker::null::loop);
  add_bulk(app, arguments, "receive", "accept connections and throw away what they send",
           conker::null::receive);
  add_bulk(app, arguments, "send", "accept connections and send to them", conker::null::send);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "conker_null: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "conker_null: %s\n", error.what());
    return 1;
  }
  return 0;
}
