// The commands send, recv, connect.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>

#include "ctl/args.hpp"
#include "ctl/command.hpp"
#include "ctl/format.hpp"
#include "ctl/relay.hpp"

namespace conker::ctl {
namespace {

/// With --json prints the result to standard error: standard output has the connection's bytes.
void print_summary(const Context& context, const json& result) {
  if (context.json) std::fprintf(stderr, "%s\n", result.dump().c_str());
}

int send(const Context& context, const std::string& id, const std::string& text) {
  check_id(id);
  RelayWay way;
  way.from_stdin = text == "-";
  if (!way.from_stdin) way.text = text;
  Client client = context.connect_to_wait();
  const int call = client.send<Relay>({id, Relay::Mode::kSend});
  const auto result = client.understood<Relay>(relay(client, call, std::move(way)));
  if (context.json) print_json({{"id", id}, {"sent", result->sent}});
  return kExitDone;
}

int receive(const Context& context, const std::string& id, bool follow) {
  check_id(id);
  RelayWay way;
  way.to_stdout = true;
  Client client = context.connect_to_wait();
  const int call = client.send<Relay>({id, Relay::Mode::kReceive, follow});
  print_summary(context, relay(client, call, std::move(way)));
  return kExitDone;
}

int connect(const Context& context, const std::string& remote) {
  Open::Parameters parameters;
  parameters.remote = check_endpoint(remote);
  parameters.hold = true;
  if (context.timeout) {
    parameters.timeout_ms = std::min<std::int64_t>(seconds_to_ms(*context.timeout), 3'600'000);
  }
  Client client = context.connect_to_wait();
  const auto opened = client.call<Open>(parameters);
  RelayWay way;
  way.from_stdin = true;
  way.to_stdout = true;
  const int call = client.send<Relay>({opened->id, Relay::Mode::kBoth});
  print_summary(context, relay(client, call, std::move(way)));
  return kExitDone;
}

}  // namespace

void add_byte_verbs(CLI::App& app, Context& context) {
  struct Values {
    std::string send_id, text, receive_id, remote;
    bool follow = false;
  };
  const auto values = std::make_shared<Values>();

  CLI::App* verb = add_verb(app, context, "send", "Send bytes on a connection", [&context, values] {
    return send(context, values->send_id, values->text);
  });
  verb->add_option("ID", values->send_id, help_of(&Relay::Parameters::id))
      ->required()
      ->type_name("");
  verb->add_option("TEXT", values->text,
                   "what to send, as it is, without a newline; - sends standard input")
      ->required()
      ->type_name("");

  verb =
      add_verb(app, context, "recv", "Write what a connection has received to standard output",
               [&context, values] { return receive(context, values->receive_id, values->follow); });
  verb->add_option("ID", values->receive_id, help_of(&Relay::Parameters::id))
      ->required()
      ->type_name("");
  verb->add_flag(
      "--follow", values->follow,
      "go on until the peer closes (unless given: wait for the first bytes, write what is there)");

  verb =
      add_verb(app, context, "connect",
               "Open a connection and join it to standard input and output; closes it at the end",
               [&context, values] { return connect(context, values->remote); });
  verb->add_option("HOST:PORT", values->remote, help_of(&Open::Parameters::remote))
      ->required()
      ->type_name("");
}

}  // namespace conker::ctl
