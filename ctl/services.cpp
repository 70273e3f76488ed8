// listen, unlisten, ping.
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
#include "protocol/table.hpp"

namespace conker::ctl {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kPingInterval = std::chrono::seconds(1);

int listen(const Context& context, int port, const std::string& service, bool udp) {
  const json result = context.connect().call(
      "listen", {{"port", port}, {"service", service}, {"protocol", udp ? "udp" : "tcp"}});
  if (context.json) {
    print_json(result);
  } else {
    print(fmt::format("{} listens on {}port {}\n", service, udp ? "UDP " : "", port));
  }
  return kExitDone;
}

int unlisten(const Context& context, int port, bool udp) {
  const json result =
      context.connect().call("unlisten", {{"port", port}, {"protocol", udp ? "udp" : "tcp"}});
  if (context.json) {
    print_json(result);
  } else {
    print(fmt::format("nothing listens on {}port {} any more\n", udp ? "UDP " : "", port));
  }
  return kExitDone;
}

/// What the answers to some pings were.
struct PingTally {
  std::uint64_t sent = 0, received = 0;
  std::int64_t min_us = 0, max_us = 0, sum_us = 0;
  json replies = json::array();

  void add(const json& reply) {
    const auto rtt = reply.at("rtt_us").get<std::int64_t>();
    min_us = received == 0 ? rtt : std::min(min_us, rtt);
    max_us = std::max(max_us, rtt);
    sum_us += rtt;
    ++received;
    replies.push_back(reply);
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

/// One echo; false when the command's time is over or Ctrl-C was pressed.
bool ping_once(const Context& context, Client& client, const std::string& host, int bytes,
               PingTally& tally) {
  const std::uint64_t sequence = tally.sent % 65536 + 1;
  const int id =
      client.send("ping", {{"host", host}, {"sequence", sequence % 65536}, {"bytes", bytes}});
  ++tally.sent;
  try {
    while (!interrupted()) {
      const auto message = client.receive(std::nullopt);
      if (!message) continue;
      const auto reply = Client::result_in(*message, id);
      if (!reply) continue;
      tally.add(*reply);
      if (!context.json) {
        print(fmt::format("{} bytes from {}: seq={} ttl={} time={}\n",
                          reply->at("bytes").get<int>(), reply->at("from").get<std::string>(),
                          reply->at("sequence").get<int>(), reply->at("ttl").get<int>(),
                          duration_us(reply->at("rtt_us"))));
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

int ping(const Context& context, const std::string& host, std::uint64_t count, int bytes) {
  check_host(host);
  Client client = context.connect();
  catch_interrupt();
  PingTally tally;
  Clock::time_point next = Clock::now();
  try {
    while (tally.sent < count && ping_once(context, client, host, bytes, tally)) {
      next += kPingInterval;
      while (tally.sent < count && !interrupted() && Clock::now() < next) client.receive(next);
    }
  } catch (const Failure& failure) {
    // The command's time may run out between two pings; what was counted is told in any case.
    if (failure.exit() != kExitTimedOut) throw;
  }
  print_ping_summary(context, host, tally);
  return tally.received > 0 ? kExitDone : kExitTimedOut;
}

}  // namespace

void add_service_verbs(CLI::App& app, Context& context) {
  struct Values {
    int listen_port = 0, unlisten_port = 0;
    std::string service, host;
    std::uint64_t count = 4;
    int bytes = 56;
    bool udp = false;
  };
  const auto values = std::make_shared<Values>();
  const Parameter& port = table::kPort;
  const CLI::Range ports(static_cast<int>(port.min), static_cast<int>(port.max));

  CLI::App* verb = add_verb(app, context, "listen", verb_help("listen"), [&context, values] {
    return listen(context, values->listen_port, values->service, values->udp);
  });
  verb->add_option("PORT", values->listen_port, std::string(port.help))
      ->required()
      ->check(ports)
      ->type_name("");
  verb->add_option("--service", values->service, parameter_help("listen", "service"))
      ->required()
      ->type_name("NAME");
  verb->add_flag("--udp", values->udp, "over UDP: echo and discard only");

  verb = add_verb(app, context, "unlisten", verb_help("unlisten"), [&context, values] {
    return unlisten(context, values->unlisten_port, values->udp);
  });
  verb->add_option("PORT", values->unlisten_port, std::string(port.help))
      ->required()
      ->check(ports)
      ->type_name("");

  verb->add_flag("--udp", values->udp, "the service over UDP");

  verb = add_verb(
      app, context, "ping", "Send ICMP echo requests, one a second, and show the answers",
      [&context, values] { return ping(context, values->host, values->count, values->bytes); });
  verb->add_option("HOST", values->host, parameter_help("ping", "host"))->required()->type_name("");
  verb->add_option("-c", values->count, "how many")
      ->type_name("N")
      ->capture_default_str()
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
  const Parameter& size = *find_parameter(*find_verb("ping"), "bytes");
  verb->add_option("-s", values->bytes,
                   std::string(size.help) + "; what is too large for a frame leaves in fragments")
      ->type_name("BYTES")
      ->capture_default_str()
      ->check(CLI::Range(static_cast<int>(size.min), static_cast<int>(size.max)));
}

}  // namespace conker::ctl
