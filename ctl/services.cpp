// The commands listen, unlisten, ping.
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>

#include "ctl/args.hpp"
#include "ctl/command.hpp"
#include "ctl/format.hpp"
#include "ctl/interrupt.hpp"

namespace conker::ctl {
namespace {

using Clock = std::chrono::steady_clock;

const char* over(protocol::Transport transport) {
  return transport == protocol::Transport::kUdp ? "UDP " : "";
}

int listen(const Context& context, const Listen::Parameters& parameters) {
  if (parameters.service == "strike") {
    throw Failure(kExitUsage,
                  fmt::format("listen: a strike on whoever comes has options and a report of its "
                              "own: conkerctl strike --listen {}",
                              parameters.port));
  }
  return show(context, context.connect().call<Listen>(parameters),
              [&](const Listen::Result& result) {
                return fmt::format("{} listens on {}port {}\n", result.service,
                                   over(parameters.protocol), result.port);
              });
}

int unlisten(const Context& context, const Unlisten::Parameters& parameters) {
  return show(context, context.connect().call<Unlisten>(parameters),
              [&](const Unlisten::Result& result) {
                return fmt::format("nothing listens on {}port {} any more\n",
                                   over(parameters.protocol), result.port);
              });
}

/// Counts and times of echo replies.
struct PingTally {
  std::uint64_t sent = 0, received = 0;
  std::int64_t min_us = 0, max_us = 0, sum_us = 0;
  json replies = json::array();

  void add(const Answer<Ping>& reply) {
    const std::int64_t rtt = reply->rtt_us;
    min_us = received == 0 ? rtt : std::min(min_us, rtt);
    max_us = std::max(max_us, rtt);
    sum_us += rtt;
    ++received;
    replies.push_back(reply.raw);
  }
  double loss() const {
    return sent == 0 ? 0 : static_cast<double>(sent - received) * 100 / static_cast<double>(sent);
  }
  std::int64_t average_us() const {
    return received == 0 ? 0 : sum_us / static_cast<std::int64_t>(received);
  }
};

void print_ping_summary(const Context& context, const std::string& host, const PingTally& tally) {
  const bool any = tally.received > 0;
  if (context.json) {
    json rtt = nullptr;
    if (any) rtt = {{"min", tally.min_us}, {"avg", tally.average_us()}, {"max", tally.max_us}};
    print_json({{"target", host},
                {"sent", tally.sent},
                {"received", tally.received},
                {"loss_percent", tally.loss()},
                {"rtt_us", rtt},
                {"replies", tally.replies}});
    return;
  }
  print(fmt::format("\n{} sent, {} received, {:.0f}% lost\n", tally.sent, tally.received,
                    tally.loss()));
  if (any) {
    print(fmt::format("round trip min {}, average {}, max {}\n", duration_us(tally.min_us),
                      duration_us(tally.average_us()), duration_us(tally.max_us)));
  }
}

/// Sends one echo request; false when the command's deadline has passed or Ctrl-C was pressed.
bool ping_once(const Context& context, Client& client, const std::string& host, std::uint16_t bytes,
               PingTally& tally) {
  const std::uint64_t sequence = tally.sent % 65536 + 1;
  Ping::Parameters parameters;
  parameters.host = host;
  parameters.sequence = static_cast<std::uint16_t>(sequence);
  parameters.bytes = bytes;
  const int id = client.send<Ping>(parameters);
  ++tally.sent;
  try {
    while (!interrupted()) {
      const auto message = client.receive(std::nullopt);
      if (!message) continue;
      auto result = Client::result_in(*message, id);
      if (!result) continue;
      const auto reply = client.understood<Ping>(std::move(*result));
      tally.add(reply);
      if (!context.json) {
        print(fmt::format("{} bytes from {}: seq={} ttl={} time={}\n", reply->bytes, reply->from,
                          reply->sequence, reply->ttl, duration_us(reply->rtt_us)));
      }
      return true;
    }
  } catch (const Failure& failure) {
    if (failure.exit() != kExitTimedOut) throw;
    if (!context.json) print(fmt::format("seq={}: {}\n", sequence, failure.what()));
    return !client.expired();
  }
  return false;
}

/// `interval`: seconds between two requests.
int ping(const Context& context, const std::string& host, std::uint64_t count, std::uint16_t bytes,
         double interval) {
  check_host(host);
  Client client = context.connect_to_wait();
  catch_interrupt();
  PingTally tally;
  Clock::time_point next = Clock::now();
  try {
    while (tally.sent < count && ping_once(context, client, host, bytes, tally)) {
      next += std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(interval));
      while (tally.sent < count && !interrupted() && Clock::now() < next) client.receive(next);
    }
  } catch (const Failure& failure) {
    // The deadline may pass between two requests; the summary is printed in any case.
    if (failure.exit() != kExitTimedOut) throw;
  }
  print_ping_summary(context, host, tally);
  return tally.received > 0 ? kExitDone : kExitTimedOut;
}

}  // namespace

void add_service_verbs(CLI::App& app, Context& context) {
  struct Values {
    Listen::Parameters listen;
    Unlisten::Parameters unlisten;
    std::string host;
    std::uint64_t count = 4;
    std::uint16_t bytes = Ping::Parameters{}.bytes;
    double interval = 1;  // seconds
  };
  const auto values = std::make_shared<Values>();
  const auto udp = [](CLI::App* verb, protocol::Transport& transport, const char* help) {
    verb->add_flag_callback(
        "--udp", [&transport] { transport = protocol::Transport::kUdp; }, help);
  };
  const CLI::Range ports = range_of(&Unlisten::Parameters::port);
  const std::string port_help = help_of(&Unlisten::Parameters::port);

  CLI::App* verb = add_verb<Listen>(app, context,
                                    [&context, values] { return listen(context, values->listen); });
  verb->add_option("PORT", values->listen.port, port_help)->required()->check(ports)->type_name("");
  verb->add_option("--service", values->listen.service, help_of(&Listen::Parameters::service))
      ->required()
      ->type_name("NAME");
  udp(verb, values->listen.protocol, "over UDP: echo and discard only");

  verb = add_verb<Unlisten>(app, context,
                            [&context, values] { return unlisten(context, values->unlisten); });
  verb->add_option("PORT", values->unlisten.port, port_help)
      ->required()
      ->check(ports)
      ->type_name("");
  udp(verb, values->unlisten.protocol, "the service over UDP");

  verb =
      add_verb(app, context, std::string(Ping::kName),
               "Send ICMP echo requests, one a second, and show the answers", [&context, values] {
                 return ping(context, values->host, values->count, values->bytes, values->interval);
               });
  verb->add_option("HOST", values->host, help_of(&Ping::Parameters::host))
      ->required()
      ->type_name("");
  verb->add_option("-c", values->count, "how many")
      ->type_name("N")
      ->capture_default_str()
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
  verb->add_option("-s", values->bytes,
                   std::string(protocol::parameter_of(&Ping::Parameters::bytes).help) +
                       ", as 1400 or 2KiB; what is too large for a frame leaves in fragments")
      ->type_name("BYTES")
      ->capture_default_str()
      ->transform(as_bytes(protocol::parameter_of(&Ping::Parameters::bytes)));
  verb->add_option("-i,--interval", values->interval,
                   "how long after one request to send the next: seconds, or a time as 200ms "
                   "(unless given: 1s)")
      ->type_name("TIME")
      ->transform(as_seconds(1, 3'600'000));
}

}  // namespace conker::ctl
